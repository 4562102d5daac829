import { addHistograms, type HistogramData, subtractHistograms } from "../metrics/histogram.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Sink, Tick } from "../runs/sink.ts";
import { RecentRates } from "../runs/standing.ts";
import { workersOf } from "../runs/view.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { exceptionsCsv, failuresCsv, statsCsv } from "./locust-csv.ts";
import {
  keyOf,
  LocustCounter,
  type LocustEntry,
  type LocustStats,
  noStats,
  overallRate,
  percentileMs,
  timesMs,
} from "./locust-stats.ts";

/** As Locust: with more, the answer would take long to read. */
const MOST_ROWS = 500;
/** Locust's "current" is of the last ten seconds. */
const WINDOW_MS = 10_000;

interface Rates {
  rate: number;
  failures: number;
}

/**
 * A run in the words of Locust's web interface; names are counted when somebody asks.
 *
 * Source: Locust's documentation, "Retrieve test statistics in CSV format" and "Web UI"; its fields are kept.
 */
export class LocustFigures implements Sink {
  readonly name = "Locust's web interface";
  readonly #counter: LocustCounter;
  readonly #spawnedAtMs: number;
  readonly #recent = new RecentRates();
  /** Response times of all requests, at each of the last ticks. */
  #times: { at: number; times: HistogramData | undefined }[] = [];
  #startedAt = 0;
  #last: Snapshot | undefined;
  #counted: { of: Snapshot; stats: LocustStats } | undefined;
  #state: "ready" | "running" | "stopping" | "stopped" = "ready";

  /** `spawnedAtMs`: when all users of the first stages are there; `resetAtMs`: from when on figures count. */
  constructor(spawnedAtMs = 0, resetAtMs?: number) {
    this.#spawnedAtMs = spawnedAtMs;
    this.#counter = new LocustCounter(resetAtMs);
  }

  start({ startedAt }: Plan): void {
    this.#startedAt = startedAt;
    this.#state = "running";
  }

  write({ snapshot, events }: Tick): void {
    this.#last = snapshot;
    this.#recent.add(snapshot);
    const times = snapshot.series.flatMap(({ success, failure }) => [success.response, failure.response]);
    const from = Math.max(
      0,
      this.#times.findLastIndex(({ at }) => at <= snapshot.at - WINDOW_MS),
    );
    const all = times.length === 0 ? undefined : times.reduce(addHistograms);
    this.#times = [...this.#times.slice(from), { at: snapshot.at, times: all }];
    if (events.some(({ kind }) => kind === "stop")) this.#state = "stopping";
  }

  async stop(_verdict: Verdict): Promise<void> {
    this.#state = "stopped";
  }

  /** From now on only what comes counts, as with Locust's `/stats/reset`. */
  reset(): void {
    if (this.#last === undefined) return;
    this.#counter.reset(this.#last);
    this.#counted = undefined;
  }

  requests() {
    const stats = this.#stats();
    const current = this.#currentRates();
    const of = (entry: LocustEntry): Rates => current.get(keyOf(entry)) ?? { rate: 0, failures: 0 };
    const all = [...current.values()];
    const now: Rates = {
      rate: all.reduce((sum, { rate }) => sum + rate, 0),
      failures: all.reduce((sum, { failures }) => sum + failures, 0),
    };
    const { total } = stats;
    const recently = { times: this.#state === "stopped" ? undefined : this.#lastSeconds() };
    return {
      stats: [
        ...stats.entries.slice(0, MOST_ROWS).map((entry) => row(stats, entry, of(entry))),
        row(stats, total, now),
      ],
      errors: stats.failures.slice(0, MOST_ROWS).map(({ method, name, error, occurrences, firstAt, lastAt }) => ({
        name,
        method,
        error,
        occurrences,
        first_seen: (this.#startedAt + firstAt) / 1000,
        last_seen: (this.#startedAt + lastAt) / 1000,
      })),
      current_rps: now.rate,
      current_fail_per_sec: now.failures,
      total_rps: overallRate(stats, total.requests),
      total_fail_per_sec: overallRate(stats, total.failures),
      fail_ratio: total.requests === 0 ? 0 : total.failures / total.requests,
      current_response_time_percentiles: {
        "response_time_percentile_0.5": percentileMs(recently, 0.5) ?? null,
        "response_time_percentile_0.95": percentileMs(recently, 0.95) ?? null,
      },
      state: this.state,
      user_count: stats.users,
      ...this.#workers(),
    };
  }

  /** Threads of one process: they share its memory, and which has how many of the users is not told. */
  #workers() {
    const workers = workersOf(this.#last?.gauges ?? {}).map(({ id, up, busy }) => ({
      id,
      state: up ? this.state : "missing",
      user_count: null,
      cpu_usage: busy === null ? null : busy * 100,
      memory_usage: null,
    }));
    return { workers, worker_count: workers.filter(({ state }) => state !== "missing").length };
  }

  exceptions() {
    const exceptions = (this.#last?.exceptions ?? []).map(({ count, message: msg, traceback }) => ({
      count,
      msg,
      traceback,
      nodes: "local",
    }));
    return { exceptions };
  }

  csv(file: "stats" | "failures" | "exceptions"): string {
    switch (file) {
      case "stats":
        return statsCsv(this.#stats());
      case "failures":
        return failuresCsv(this.#stats(), this.#startedAt);
      case "exceptions":
        return exceptionsCsv(this.#last?.exceptions ?? []);
    }
  }

  get state(): "ready" | "spawning" | "running" | "stopping" | "stopped" {
    if (this.#state !== "running") return this.#state;
    return (this.#last?.at ?? 0) < this.#spawnedAtMs ? "spawning" : "running";
  }

  #stats(): LocustStats {
    if (this.#last === undefined) return noStats;
    if (this.#counted?.of !== this.#last) this.#counted = { of: this.#last, stats: this.#counter.count(this.#last) };
    return this.#counted.stats;
  }

  /** Response times of the last seconds. */
  #lastSeconds(): HistogramData | undefined {
    const [first, ...more] = this.#times;
    const last = more.at(-1) ?? first;
    if (last?.times === undefined || first?.times === undefined || last === first) return last?.times;
    return subtractHistograms(last.times, first.times);
  }

  /** Of all series of a method and name together; nothing goes on after the end. */
  #currentRates(): Map<string, Rates> {
    const rates = new Map<string, Rates>();
    if (this.#state === "stopped") return rates;
    for (const { key } of this.#last?.series ?? []) {
      const name = keyOf({ method: key.method, name: key.request });
      const before = rates.get(name) ?? { rate: 0, failures: 0 };
      const { rate, failures } = this.#recent.of(key);
      rates.set(name, { rate: before.rate + rate, failures: before.failures + failures });
    }
    return rates;
  }
}

function row(stats: LocustStats, entry: LocustEntry, current: Rates) {
  const { average, least, most } = timesMs(entry);
  return {
    method: entry.method,
    name: entry.name,
    num_requests: entry.requests,
    num_failures: entry.failures,
    min_response_time: Math.round(least),
    max_response_time: Math.round(most),
    current_rps: current.rate,
    current_fail_per_sec: current.failures,
    avg_response_time: average,
    median_response_time: percentileMs(entry, 0.5) ?? 0,
    total_rps: overallRate(stats, entry.requests),
    total_fail_per_sec: overallRate(stats, entry.failures),
    "response_time_percentile_0.95": percentileMs(entry, 0.95) ?? 0,
    "response_time_percentile_0.99": percentileMs(entry, 0.99) ?? 0,
    avg_content_length: entry.requests === 0 ? 0 : entry.bytes / entry.requests,
  };
}
