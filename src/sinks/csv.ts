import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { TaskException } from "../metrics/snapshot.ts";
import type { Sink, Tick } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { exceptionsCsv, failuresCsv, historyHeader, historyRows, type LocustCsv, statsCsv } from "./locust-csv.ts";
import { LocustCounter, noStats, RecentStats } from "./locust-stats.ts";

/** As Locust: what is read meanwhile is at most so old. */
const FLUSH_MS = 5_000;

export interface CsvOptions {
  fullHistory: boolean;
  /** Figures count from here on, in the run's milliseconds. */
  resetAtMs?: number | undefined;
}

/**
 * Locust's four CSV files: `<prefix>_stats.csv`, `_stats_history.csv`, `_failures.csv` and `_exceptions.csv`, with its headers,
 * order and line ends. Times are milliseconds, First and Last Seen UTC. The history has a row a second of all requests, with
 * `fullHistory` one of each name too.
 */
export class CsvSink implements Sink {
  readonly name = "CSV";
  readonly #prefix: string;
  readonly #fullHistory: boolean;
  readonly #counter: LocustCounter;
  readonly #recent = new RecentStats();
  #startedAt = 0;
  #stats = noStats;
  #exceptions: TaskException[] = [];
  #history: string[] = [];
  #flushedAt = 0;

  /** The folder that `prefix` names is made. */
  constructor(prefix: string, { fullHistory, resetAtMs }: CsvOptions) {
    this.#prefix = prefix;
    this.#counter = new LocustCounter(resetAtMs);
    this.#fullHistory = fullHistory;
  }

  start({ startedAt }: Plan): void {
    this.#startedAt = startedAt;
    mkdirSync(dirname(this.#prefix), { recursive: true });
    writeFileSync(this.#path("stats_history"), historyHeader());
    this.#rewrite();
  }

  write({ snapshot }: Tick): void {
    if (snapshot.at <= this.#stats.at) return;
    this.#stats = this.#counter.count(snapshot);
    this.#exceptions = snapshot.exceptions ?? [];
    this.#recent.observe(this.#stats);
    this.#history.push(historyRows(this.#stats, this.#recent, this.#startedAt, this.#fullHistory));
    if (snapshot.at - this.#flushedAt >= FLUSH_MS) this.#flush();
  }

  async stop(_verdict: Verdict): Promise<void> {
    this.#flush();
  }

  #path(file: LocustCsv): string {
    return `${this.#prefix}_${file}.csv`;
  }

  #flush(): void {
    this.#flushedAt = this.#stats.at;
    appendFileSync(this.#path("stats_history"), this.#history.join(""));
    this.#history = [];
    this.#rewrite();
  }

  /** The files that say how it stands, and not how it came. */
  #rewrite(): void {
    writeFileSync(this.#path("stats"), statsCsv(this.#stats));
    writeFileSync(this.#path("failures"), failuresCsv(this.#stats, this.#startedAt));
    writeFileSync(this.#path("exceptions"), exceptionsCsv(this.#exceptions));
  }
}
