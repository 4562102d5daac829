import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { requestCount, type Snapshot } from "../metrics/snapshot.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Analysis } from "../verdict/findings/analysis.ts";
import type { ThresholdState, Verdict } from "../verdict/verdict.ts";
import { APPLICATION_ID, checksumOf, FORMAT_VERSION, schema } from "./run-format.ts";
import type { RunEvent, Sink, Tick } from "./sink.ts";
import { DeltaWriter } from "./snapshot-delta.ts";

/** How often a delta is whole, so that a reader can begin there. */
const KEYFRAME_MS = 60_000;
/** A report that reads the file while the run goes on never makes it wait longer. */
const BUSY_MS = 250;

/** What a run file does when it cannot be written: it says so once, and the run goes on. */
export type RunFileTrouble = (message: string) => void;

/**
 * Writes one run into one SQLite database (`run-format.ts`). Each tick is one transaction in the write-ahead log: what was
 * committed survives the process at any moment (`synchronous = NORMAL`: a crash of the whole machine can cost the last
 * seconds, never the file).
 */
export class RunFile implements Sink {
  readonly name = "run file";
  readonly path: string;
  readonly #trouble: RunFileTrouble;
  readonly #sum = new Stream();
  readonly #workers = new Map<string, Stream>();
  #database: Database | undefined;
  #thresholds: ThresholdState[] = [];
  #analysis: Analysis | undefined;
  /** The time of the first tick that was not kept, until one is. */
  #failing: number | undefined;
  #reported = false;

  /** `path` must not exist yet: a run never overwrites another. Its folder is made. */
  constructor(path: string, trouble: RunFileTrouble) {
    this.path = path;
    this.#trouble = trouble;
  }

  start(plan: Plan): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      closeSync(openSync(this.path, "wx"));
      this.#database = new Database(this.path, plan);
    } catch (error) {
      this.#report(expected(error));
    }
  }

  write(tick: Tick): void {
    const { snapshot, observations } = tick;
    this.#thresholds = tick.thresholds;
    const { keyframe, json } = this.#sum.next(snapshot);
    // JSON has no NaN and no infinity; an observation without a number is a gap.
    const said = JSON.stringify(observations.filter(({ value }) => Number.isFinite(value)));
    const happened = JSON.stringify([...tick.events, ...this.#recovery(snapshot.at)]);
    const kept = this.#keep((database) => {
      database.tick(snapshot, keyframe, json);
      database.observed.run(said, happened, checksumOf(said, happened));
    });
    if (kept) {
      this.#failing = undefined;
    } else {
      this.#failing ??= snapshot.at;
      this.#sum.reset();
    }
  }

  /**
   * Keeps what a worker has sent since the last call; call it with each snapshot as it arrives. Once a minute it needs the
   * full state (`SnapshotSum.latestOf`), so give that always.
   */
  keepWorker(snapshot: Snapshot): void {
    let stream = this.#workers.get(snapshot.worker);
    if (stream === undefined) {
      stream = new Stream();
      this.#workers.set(snapshot.worker, stream);
    }
    const { keyframe, json } = stream.next(snapshot);
    const kept = this.#keep((database) => {
      if (keyframe) database.forgetWorker.run(snapshot.worker);
      database.worker.run(snapshot.worker, Number(keyframe), json, checksumOf(json));
    });
    if (!kept) stream.reset();
  }

  /** What the run means: kept with its outcome. */
  conclude(analysis: Analysis): void {
    this.#analysis = analysis;
  }

  /** The threshold states kept are those of the last tick. */
  async stop(verdict: Verdict): Promise<void> {
    const said = JSON.stringify(verdict);
    const states = JSON.stringify(this.#thresholds);
    const meaning = this.#analysis === undefined ? undefined : JSON.stringify(this.#analysis);
    this.#keep((database) => {
      if (meaning !== undefined) database.analysis.run(meaning, checksumOf(meaning));
      database.outcome.run(said, states, checksumOf(said, states));
    });
    this.#database?.close();
    this.#database = undefined;
  }

  /** One transaction. False if it could not be written, which is said once. */
  #keep(write: (database: Database) => void): boolean {
    if (this.#database === undefined) return false;
    try {
      this.#database.transaction(write);
      return true;
    } catch (error) {
      this.#report(expected(error));
      return false;
    }
  }

  #report(why: string): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#trouble(`The run file ${this.path} cannot be written: ${why}. The run goes on; its report will have a gap.`);
  }

  /** What a reader of the file should know after it could not be written for a while. */
  #recovery(at: number): RunEvent[] {
    if (this.#failing === undefined) return [];
    const seconds = ((at - this.#failing) / 1000).toFixed(1);
    return [{ at, kind: "generator", message: `The run file could not be written for ${seconds} s.` }];
  }
}

/** A series of snapshots as JSON deltas with a keyframe a minute. */
class Stream {
  readonly #deltas = new DeltaWriter();
  #keyframeAt = 0;

  next(snapshot: Snapshot): { keyframe: boolean; json: string } {
    if (snapshot.at - this.#keyframeAt >= KEYFRAME_MS) this.#deltas.reset();
    const delta = this.#deltas.write(snapshot);
    const keyframe = delta.after === null;
    if (keyframe) this.#keyframeAt = snapshot.at;
    return { keyframe, json: JSON.stringify(delta) };
  }

  reset(): void {
    this.#deltas.reset();
  }
}

/** The open database with its statements. */
class Database {
  readonly #sqlite: DatabaseSync;
  readonly #tick: StatementSync;
  readonly observed: StatementSync;
  readonly worker: StatementSync;
  readonly forgetWorker: StatementSync;
  readonly outcome: StatementSync;
  readonly analysis: StatementSync;

  constructor(path: string, plan: Plan) {
    const sqlite = new DatabaseSync(path, { timeout: BUSY_MS });
    this.#sqlite = sqlite;
    // Before the log: a file whose log was lost is still known for what it is, and has its plan.
    const json = JSON.stringify(plan);
    this.transaction(() => {
      sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION}; ${schema}`);
      sqlite.prepare("INSERT INTO run (id, plan, checksum) VALUES (1, ?, ?)").run(json, checksumOf(json));
    });
    sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#tick = sqlite.prepare(
      "INSERT INTO tick (at_ms, requests, failures, keyframe, snapshot, checksum) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.observed = sqlite.prepare(
      "INSERT INTO observed (id, observations, events, checksum) VALUES (last_insert_rowid(), ?, ?, ?)",
    );
    this.worker = sqlite.prepare("INSERT INTO worker (worker, keyframe, snapshot, checksum) VALUES (?, ?, ?, ?)");
    this.forgetWorker = sqlite.prepare("DELETE FROM worker WHERE worker = ?");
    this.analysis = sqlite.prepare("INSERT INTO analysis (id, analysis, checksum) VALUES (1, ?, ?)");
    this.outcome = sqlite.prepare("INSERT INTO outcome (id, verdict, thresholds, checksum) VALUES (1, ?, ?, ?)");
  }

  transaction(write: (database: Database) => void): void {
    this.#sqlite.exec("BEGIN IMMEDIATE");
    try {
      write(this);
      this.#sqlite.exec("COMMIT");
    } finally {
      // SQLite itself rolls back after some errors, a full disk among them.
      if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
    }
  }

  tick(snapshot: Snapshot, keyframe: boolean, json: string): void {
    const requests = snapshot.series.reduce((sum, series) => sum + requestCount(series), 0);
    const failures = snapshot.series.reduce((sum, series) => sum + series.failure.response.count, 0);
    this.#tick.run(snapshot.at, requests, failures, Number(keyframe), json, checksumOf(json));
  }

  /** Leaves one plain file, which needs no log beside it and can be read where nothing can be written. */
  close(): void {
    try {
      this.#sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    } catch (error) {
      // Somebody reads the file, or the disk is full: all that was committed stays in the log beside it.
      expected(error);
    }
    this.#sqlite.close();
  }
}

/** The reason of an error that SQLite or the file system may well give; anything else is our bug. */
function expected(error: unknown): string {
  if (error instanceof Error && "code" in error) return error.message;
  throw error;
}
