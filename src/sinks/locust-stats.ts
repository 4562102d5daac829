import { addHistograms, type HistogramData, mean, quantile, subtractHistograms } from "../metrics/histogram.ts";
import { metricSeries } from "../metrics/observation.ts";
import type { SeriesData, Snapshot } from "../metrics/snapshot.ts";

/** The percentiles that Locust reports, with its words for them. */
export const percentiles = [
  ["50%", 0.5],
  ["66%", 0.66],
  ["75%", 0.75],
  ["80%", 0.8],
  ["90%", 0.9],
  ["95%", 0.95],
  ["98%", 0.98],
  ["99%", 0.99],
  ["99.9%", 0.999],
  ["99.99%", 0.9999],
  ["100%", 1],
] as const;

/** Rates "now" are of the last so many milliseconds. */
const WINDOW_MS = 10_000;

/** All requests of one method and name, whatever class and task made them; times count until a request failed, too. */
export interface LocustEntry {
  /** Empty for the sum of all. */
  method: string;
  name: string;
  requests: number;
  failures: number;
  /** Seconds, from the intended start. */
  times: HistogramData | undefined;
  bytes: number;
}

export interface LocustFailure {
  method: string;
  name: string;
  error: string;
  occurrences: number;
  /** The run's milliseconds. */
  firstAt: number;
  lastAt: number;
}

/** What Locust would have counted up to a moment. */
export interface LocustStats {
  /** The run's milliseconds. */
  at: number;
  /** From when on it counts: 0, or when the figures were reset. */
  since: number;
  users: number;
  /** By name, then method, as Locust sorts them. */
  entries: LocustEntry[];
  total: LocustEntry;
  failures: LocustFailure[];
}

export const noStats: LocustStats = statsOf({ at: 0, series: [], gauges: {} }, 0);

/** Turns snapshots into what Locust would have counted. */
export class LocustCounter {
  #resetAtMs: number | undefined;
  #base: LocustStats | undefined;

  /** From `resetAtMs` on only what came after it counts, as with `--reset-stats`. */
  constructor(resetAtMs?: number) {
    this.#resetAtMs = resetAtMs;
  }

  count(snapshot: Snapshot): LocustStats {
    const stats = statsOf(snapshot, 0);
    if (this.#resetAtMs === undefined || snapshot.at < this.#resetAtMs) return stats;
    this.#base ??= stats;
    return statsSince(stats, this.#base);
  }

  /** From this snapshot on only what comes after it counts. */
  reset(snapshot: Snapshot): void {
    this.#resetAtMs = snapshot.at;
    this.#base = statsOf(snapshot, 0);
  }
}

function statsSince(stats: LocustStats, base: LocustStats): LocustStats {
  const before = new Map([...base.entries, base.total].map((entry) => [keyOf(entry), entry]));
  const rest = (entry: LocustEntry): LocustEntry => {
    const earlier = before.get(keyOf(entry));
    if (earlier === undefined) return entry;
    const { times } = entry;
    return {
      ...entry,
      requests: entry.requests - earlier.requests,
      failures: entry.failures - earlier.failures,
      times: times === undefined || earlier.times === undefined ? times : subtractHistograms(times, earlier.times),
      bytes: entry.bytes - earlier.bytes,
    };
  };
  const failed = new Map(base.failures.map((failure) => [failureKey(failure), failure.occurrences]));
  return {
    ...stats,
    since: base.at,
    entries: stats.entries.map(rest).filter(({ requests }) => requests > 0),
    total: rest(stats.total),
    failures: stats.failures
      .map((failure) => ({
        ...failure,
        occurrences: failure.occurrences - (failed.get(failureKey(failure)) ?? 0),
        firstAt: Math.max(failure.firstAt, base.at),
      }))
      .filter(({ occurrences }) => occurrences > 0),
  };
}

function failureKey({ method, name, error }: Pick<LocustFailure, "method" | "name" | "error">): string {
  return JSON.stringify([method, name, error]);
}

function statsOf({ at, series, gauges }: Pick<Snapshot, "at" | "series" | "gauges">, since: number): LocustStats {
  const entries = new Map<string, LocustEntry>();
  const failures = new Map<string, LocustFailure>();
  let total: LocustEntry = { method: "", name: "Aggregated", requests: 0, failures: 0, times: undefined, bytes: 0 };
  for (const one of series) {
    const entry = entryOf(one);
    if (entry.requests === 0) continue;
    const key = keyOf(entry);
    const before = entries.get(key);
    entries.set(key, before === undefined ? entry : add(before, entry));
    total = add(total, entry);
    addFailures(failures, one);
  }
  return {
    at,
    since,
    users: metricSeries(gauges, "plimsoll_users").reduce((sum, [, value]) => sum + value, 0),
    entries: [...entries.values()].sort((a, b) => compare(a.name, b.name) || compare(a.method, b.method)),
    total,
    failures: [...failures.values()].sort(
      (a, b) => compare(a.name, b.name) || compare(a.method, b.method) || b.occurrences - a.occurrences,
    ),
  };
}

function entryOf({ key, success, failure, bytesIn }: SeriesData): LocustEntry {
  const times = addHistograms(success.response, failure.response);
  const { method, request: name } = key;
  return { method, name, requests: times.count, failures: failure.response.count, times, bytes: bytesIn };
}

function add(a: LocustEntry, b: LocustEntry): LocustEntry {
  const times = a.times === undefined || b.times === undefined ? (a.times ?? b.times) : addHistograms(a.times, b.times);
  return {
    ...a,
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    times,
    bytes: a.bytes + b.bytes,
  };
}

function addFailures(failures: Map<string, LocustFailure>, { key, details }: SeriesData): void {
  for (const { type, detail, count, firstAt, lastAt } of details) {
    const error = detail === "" || detail === type ? type : `${type}: ${detail}`;
    const name = failureKey({ method: key.method, name: key.request, error });
    const before = failures.get(name);
    failures.set(name, {
      method: key.method,
      name: key.request,
      error,
      occurrences: count + (before?.occurrences ?? 0),
      firstAt: Math.min(firstAt, before?.firstAt ?? firstAt),
      lastAt: Math.max(lastAt, before?.lastAt ?? lastAt),
    });
  }
}

export function keyOf({ method, name }: Pick<LocustEntry, "method" | "name">): string {
  return JSON.stringify([method, name]);
}

/** By code units, as Python sorts. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How many a second since it counts. */
export function overallRate({ at, since }: LocustStats, count: number): number {
  return at > since ? count / ((at - since) / 1000) : 0;
}

/** A percentile in whole milliseconds, as Locust tells it; undefined without requests. */
export function percentileMs({ times }: Pick<LocustEntry, "times">, q: number): number | undefined {
  const seconds = times === undefined ? undefined : quantile(times, q);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

/** Milliseconds, with fractions; 0 without requests. */
export function timesMs({ times }: LocustEntry): { average: number; least: number; most: number } {
  const average = times === undefined ? 0 : (mean(times) ?? 0);
  return { average: average * 1000, least: (times?.min ?? 0) * 1000, most: (times?.max ?? 0) * 1000 };
}

/** What an entry counted in the last seconds. */
export interface Recent {
  requestsPerSecond: number;
  failuresPerSecond: number;
  times: HistogramData | undefined;
}

/** Remembers the last seconds, to tell what an entry counted in them. */
export class RecentStats {
  #since = 0;
  #marks: { at: number; entries: Map<string, LocustEntry> }[] = [];

  /** Takes a moment; one that is not later than the last is left out. */
  observe({ at, since, entries, total }: LocustStats): void {
    if (since !== this.#since) this.#marks = [];
    this.#since = since;
    const last = this.#marks.at(-1);
    if (last !== undefined && at <= last.at) return;
    const from = this.#marks.findLast((mark) => mark.at <= at - WINDOW_MS);
    const kept = this.#marks.filter((mark) => from === undefined || mark.at >= from.at);
    this.#marks = [...kept, { at, entries: new Map([...entries, total].map((entry) => [keyOf(entry), entry])) }];
  }

  /** Of an entry as it is at the moment that was taken last; at first, since the run's start, or the reset. */
  of(entry: LocustEntry): Recent {
    const now = this.#marks.at(-1)?.at ?? 0;
    const first = this.#marks[0];
    const from = first !== undefined && first.at <= now - WINDOW_MS ? first : undefined;
    const before = from?.entries.get(keyOf(entry));
    const seconds = (now - (from?.at ?? this.#since)) / 1000;
    const perSecond = (count: number) => (seconds > 0 ? count / seconds : 0);
    const { times } = entry;
    return {
      requestsPerSecond: perSecond(entry.requests - (before?.requests ?? 0)),
      failuresPerSecond: perSecond(entry.failures - (before?.failures ?? 0)),
      times: times === undefined || before?.times === undefined ? times : subtractHistograms(times, before.times),
    };
  }
}
