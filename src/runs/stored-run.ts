import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { Observation } from "../metrics/observation.ts";
import { emptySnapshot, requestCount, type Snapshot, SnapshotSum } from "../metrics/snapshot.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Analysis } from "../verdict/findings/analysis.ts";
import type { ThresholdState, Verdict } from "../verdict/verdict.ts";
import { checksumOf } from "./run-format.ts";
import type { RunEvent, Tick } from "./sink.ts";
import { DeltaReader, type SnapshotDelta } from "./snapshot-delta.ts";

/** Rows in one go that a damaged file may be lacking before the rest is given up: over an hour of ticks. */
const LONGEST_LOSS = 5_000;

/** A tick as the file has it; threshold states are kept for the end alone. */
export type StoredTick = Omit<Tick, "thresholds">;

type Row = Record<string, SQLOutputValue>;

/** What was decided at a run's end. */
export interface Outcome {
  verdict: Verdict;
  states: ThresholdState[];
  analysis: Analysis;
}

/**
 * A run file that was opened (`openRun`). What cannot be read of a damaged one is left out and said in `damage`: nothing is
 * guessed. It stays open until `close`.
 */
export class StoredRun implements Disposable {
  readonly kind = "run";
  readonly path: string;
  readonly plan: Plan;
  /** Absent if the run was killed, or goes on still. */
  readonly outcome: Outcome | undefined;
  readonly #database: DatabaseSync;
  readonly #release: () => void;
  readonly #lost = new Map<string, Set<number>>();
  /** By table, the first row from which on nothing can be read. */
  readonly #ends = new Map<string, number>();
  readonly #damage = new Set<string>();
  #final: { snapshot: Snapshot; beyondTicks: boolean } | undefined;

  /** Throws an SQLite error or a SyntaxError if the plan cannot be read. `release` is called after the file is closed. */
  constructor(path: string, database: DatabaseSync, release: () => void) {
    this.path = path;
    this.#database = database;
    this.#release = release;
    const [run] = [...this.#rows("run", "plan, checksum")];
    if (run === undefined || !intact(run, "plan")) throw new SyntaxError("its plan cannot be read");
    this.plan = JSON.parse(String(run["plan"])) as Plan;
    this.outcome = this.#readOutcome();
  }

  /** What could not be read so far, for people; empty for a whole file. */
  get damage(): string[] {
    const rows = [...this.#lost].map(
      ([table, ids]) => `${ids.size} broken ${ids.size === 1 ? "row" : "rows"} in table ${table}`,
    );
    const ends = [...this.#ends].map(([table, row]) => `table ${table} cannot be read from row ${row} on`);
    return [...rows, ...ends, ...this.#damage];
  }

  /** Each second of the run in order, with cumulative snapshots. One that cannot be rebuilt is left out. */
  *ticks(): Generator<StoredTick> {
    const observed = this.#observed();
    let next = observed.next();
    // What sources said before a tick that is lost is not lost with it: it goes with the next.
    const until = (id: number): Omit<StoredTick, "snapshot"> => {
      const said: Omit<StoredTick, "snapshot"> = { observations: [], events: [] };
      for (; !next.done && next.value.id <= id; next = observed.next()) {
        said.observations.push(...next.value.observations);
        said.events.push(...next.value.events);
      }
      return said;
    };
    for (const { id, snapshot } of this.#snapshots(0)) yield { snapshot, ...until(id) };
    const { snapshot, beyondTicks } = this.#end();
    const rest = until(Number.POSITIVE_INFINITY);
    if (beyondTicks || rest.observations.length + rest.events.length > 0) yield { snapshot, ...rest };
  }

  *observations(): Generator<Observation> {
    for (const { observations } of this.#observed()) yield* observations;
  }

  *events(): Generator<RunEvent> {
    for (const { events } of this.#observed()) yield* events;
  }

  /** The ticks' snapshots without their series: for what needs gauges of each second, at a small part of the cost. */
  *outlines(): Generator<Snapshot> {
    const reader = new DeltaReader();
    for (const { delta } of this.#deltas("tick", 0)) {
      const snapshot = reader.read({ ...delta, series: [] });
      if (snapshot !== undefined) yield snapshot;
    }
  }

  /**
   * The last state that can be rebuilt. Workers report more often than a tick comes: where their own rows add up to more
   * than the last tick, as after a kill, they hold.
   */
  finalSnapshot(): Snapshot {
    return this.#end().snapshot;
  }

  close(): void {
    this.#database.close();
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #end(): { snapshot: Snapshot; beyondTicks: boolean } {
    if (this.#final !== undefined) return this.#final;
    const last = this.#lastTick();
    const sum = this.#workersSum();
    const counted = (snapshot: Snapshot) => snapshot.series.reduce((total, one) => total + requestCount(one), 0);
    const beyondTicks = counted(sum) > counted(last);
    // What no worker counts (spans, stages) is in ticks alone; and a lost worker's gauges are in its row still.
    const counters = { ...last.counters, ...sum.counters };
    const snapshot = beyondTicks ? { ...sum, sequence: last.sequence + 1, counters, gauges: last.gauges } : last;
    this.#final = { snapshot, beyondTicks };
    return this.#final;
  }

  /** From the last keyframe on; from the one before where that cannot be read. */
  #lastTick(): Snapshot {
    const keyframes = [...this.#rows("tick", "keyframe")].filter((row) => row["keyframe"] === 1n).map(idOf);
    for (const from of keyframes.reverse()) {
      let last: Snapshot | undefined;
      for (const { snapshot } of this.#snapshots(from)) last = snapshot;
      if (last !== undefined) return last;
    }
    return emptySnapshot();
  }

  #workersSum(): Snapshot {
    const readers = new Map<string, DeltaReader>();
    const sum = new SnapshotSum();
    let at = 0;
    for (const { delta } of this.#deltas("worker", 0)) {
      const reader = readers.get(delta.worker) ?? new DeltaReader();
      readers.set(delta.worker, reader);
      const snapshot = reader.read(delta);
      if (snapshot === undefined) continue;
      sum.take(snapshot);
      at = Math.max(at, snapshot.at);
    }
    return sum.total(at);
  }

  *#snapshots(from: number): Generator<{ id: number; snapshot: Snapshot }> {
    const reader = new DeltaReader();
    for (const { id, delta } of this.#deltas("tick", from)) {
      const snapshot = reader.read(delta);
      if (snapshot === undefined)
        this.#damage.add("after a broken tick, the seconds until the next keyframe cannot be rebuilt");
      else yield { id, snapshot };
    }
  }

  *#deltas(table: "tick" | "worker", from: number): Generator<{ id: number; delta: SnapshotDelta }> {
    for (const row of this.#rows(table, "snapshot, checksum", from)) {
      if (intact(row, "snapshot")) yield { id: idOf(row), delta: JSON.parse(String(row["snapshot"])) as SnapshotDelta };
      else this.#lose(table, idOf(row));
    }
  }

  *#observed(): Generator<{ id: number; observations: Observation[]; events: RunEvent[] }> {
    for (const row of this.#rows("observed", "observations, events, checksum")) {
      if (!intact(row, "observations", "events")) {
        this.#lose("observed", idOf(row));
        continue;
      }
      yield {
        id: idOf(row),
        observations: JSON.parse(String(row["observations"])) as Observation[],
        events: JSON.parse(String(row["events"])) as RunEvent[],
      };
    }
  }

  #readOutcome(): Outcome | undefined {
    const [row] = [...this.#rows("outcome", "verdict, thresholds, checksum")];
    if (row === undefined) return undefined;
    if (!intact(row, "verdict", "thresholds")) {
      this.#damage.add("its verdict cannot be read");
      return undefined;
    }
    return {
      verdict: JSON.parse(String(row["verdict"])) as Verdict,
      states: JSON.parse(String(row["thresholds"])) as ThresholdState[],
      analysis: this.#readAnalysis(),
    };
  }

  #readAnalysis(): Analysis {
    const [row] = [...this.#rows("analysis", "analysis, checksum")];
    if (row !== undefined && intact(row, "analysis")) return JSON.parse(String(row["analysis"])) as Analysis;
    if (row !== undefined) this.#damage.add("its findings cannot be read");
    return { findings: [], signs: [] };
  }

  /** Rows of a table by id, those on broken pages left out. */
  *#rows(table: string, columns: string, from = 0): Generator<Row> {
    let next = from;
    let unread: number[] = [];
    const statement = this.#select(table, columns);
    if (statement === undefined) return;
    while (next < (this.#ends.get(table) ?? Number.POSITIVE_INFINITY)) {
      try {
        for (const row of statement.iterate(next)) {
          for (const id of unread) this.#lose(table, id);
          unread = [];
          const id = idOf(row);
          // The order of a broken tree is no order: without this, one id could lead back, or past all others. Workers' first
          // rows are deleted as new keyframes come, so that theirs may begin anywhere.
          if (id < next || (id > next + LONGEST_LOSS && table !== "worker")) {
            this.#lose(table, id);
            continue;
          }
          next = id + 1;
          yield row;
        }
        return;
      } catch (error) {
        if (!isSqliteError(error)) throw error;
        unread.push(next++);
        if (unread.length > LONGEST_LOSS) this.#ends.set(table, unread[0] ?? next);
      }
    }
  }

  /** Undefined where the damage is in the very name of the table or of a column. */
  #select(table: string, columns: string): StatementSync | undefined {
    try {
      const statement = this.#database.prepare(`SELECT id, ${columns} FROM ${table} WHERE id >= ? ORDER BY id`);
      // A broken number may be one that JavaScript does not have, which would be an exception.
      statement.setReadBigInts(true);
      return statement;
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      this.#ends.set(table, 0);
      return undefined;
    }
  }

  #lose(table: string, id: number): void {
    const ids = this.#lost.get(table) ?? new Set();
    this.#lost.set(table, ids.add(id));
  }
}

/** Whether an error is SQLite's: of a damaged or locked file, never of our code. */
export function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
}

function idOf(row: Row): number {
  return Number(row["id"]);
}

function intact(row: Row, ...columns: string[]): boolean {
  return checksumOf(...columns.map((column) => String(row[column]))) === Number(row["checksum"]);
}
