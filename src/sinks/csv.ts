import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { TaskException } from "../metrics/snapshot.ts";
import type { Sink, Tick } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { csvRow, type Field } from "./csv-text.ts";
import {
  LocustCounter,
  type LocustEntry,
  noStats,
  overallRate,
  percentileMs,
  percentiles,
  RecentStats,
  timesMs,
} from "./locust-stats.ts";

/** As Locust: what is read meanwhile is at most so old. */
const FLUSH_MS = 5_000;

const titles = percentiles.map(([title]) => title);

/** Locust's headers, which programs look for. */
export const csvHeaders = {
  stats: [
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Average Content Size",
    "Requests/s",
    "Failures/s",
    ...titles,
  ],
  stats_history: [
    "Timestamp",
    "User Count",
    "Type",
    "Name",
    "Requests/s",
    "Failures/s",
    ...titles,
    "Total Request Count",
    "Total Failure Count",
    "Total Median Response Time",
    "Total Average Response Time",
    "Total Min Response Time",
    "Total Max Response Time",
    "Total Average Content Size",
  ],
  failures: ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"],
  exceptions: ["Count", "Message", "Traceback", "Nodes"],
} as const;

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
    writeFileSync(this.#path("stats_history"), csvRow(csvHeaders.stats_history));
    this.#rewrite();
  }

  write({ snapshot }: Tick): void {
    if (snapshot.at <= this.#stats.at) return;
    this.#stats = this.#counter.count(snapshot);
    this.#exceptions = snapshot.exceptions ?? [];
    this.#recent.observe(this.#stats);
    this.#history.push(this.#historyRows());
    if (snapshot.at - this.#flushedAt >= FLUSH_MS) this.#flush();
  }

  async stop(_verdict: Verdict): Promise<void> {
    this.#flush();
  }

  #path(file: keyof typeof csvHeaders): string {
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
    const { entries, total, failures } = this.#stats;
    const rows = [...entries, total].map((entry) => this.#statsRow(entry));
    writeFileSync(this.#path("stats"), csvRow(csvHeaders.stats) + rows.join(""));
    const failed = failures.map(({ method, name, error, occurrences, firstAt, lastAt }) =>
      csvRow([method, name, error, occurrences, this.#utc(firstAt), this.#utc(lastAt)]),
    );
    writeFileSync(this.#path("failures"), csvRow(csvHeaders.failures) + failed.join(""));
    // Locust names the nodes of a distributed run there; alone it is its own.
    const thrown = this.#exceptions.map(({ message, traceback, count }) =>
      csvRow([count, message, traceback, "local"]),
    );
    writeFileSync(this.#path("exceptions"), csvRow(csvHeaders.exceptions) + thrown.join(""));
  }

  #statsRow(entry: LocustEntry): string {
    return csvRow([
      entry.method,
      entry.name,
      entry.requests,
      entry.failures,
      ...figures(entry),
      overallRate(this.#stats, entry.requests),
      overallRate(this.#stats, entry.failures),
      ...percentileFields(entry),
    ]);
  }

  #historyRows(): string {
    const { at, users, entries, total } = this.#stats;
    const timestamp = Math.floor((this.#startedAt + at) / 1000);
    const rows = (this.#fullHistory ? [...entries, total] : [total]).map((entry) => {
      const recent = this.#recent.of(entry);
      return csvRow([
        timestamp,
        users,
        entry.method,
        entry.name,
        recent.requestsPerSecond.toFixed(6),
        recent.failuresPerSecond.toFixed(6),
        // As Locust: of the last seconds in a full history, of the whole run in a short one.
        ...percentileFields(this.#fullHistory ? { ...entry, times: recent.times } : entry),
        entry.requests,
        entry.failures,
        ...figures(entry),
      ]);
    });
    return rows.join("");
  }

  /** To the second, as Locust writes it. */
  #utc(at: number): string {
    return `${new Date(this.#startedAt + at).toISOString().slice(0, 19)}Z`;
  }
}

/** Median, average, least and greatest response time, and mean size. */
function figures(entry: LocustEntry): Field[] {
  const { average, least, most } = timesMs(entry);
  const size = entry.requests === 0 ? 0 : entry.bytes / entry.requests;
  return [percentileMs(entry, 0.5) ?? 0, average, least, most, size];
}

function percentileFields(entry: Pick<LocustEntry, "times">): Field[] {
  return percentiles.map(([, q]) => percentileMs(entry, q) ?? "N/A");
}
