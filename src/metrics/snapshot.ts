import { addHistograms, emptyHistogram, type HistogramData } from "./histogram.ts";

/** What requests are counted under. */
export interface SeriesKey {
  /** User class. */
  user: string;
  task: string;
  /** The request's name: a template, never a URL with values in it. */
  request: string;
  method: string;
}

/** The histograms of one outcome: *response* counts from the intended start, *service* from the real one. */
export interface Timings {
  response: HistogramData;
  service: HistogramData;
}

/** One distinct failure message of a series, for reports; never a label. Times are the run's milliseconds. */
export interface ErrorDetail {
  /** `errorType`: the failure kind or the status code. */
  type: string;
  detail: string;
  count: number;
  firstAt: number;
  lastAt: number;
}

/**
 * What ended iterations and was no failed request: an exception of the scenario's code, or a step that could not go on. One
 * for each user class, task and message. Times are the run's milliseconds.
 */
export interface TaskException {
  user: string;
  task: string;
  message: string;
  /** The stack of the first, where it has one. */
  traceback: string;
  count: number;
  firstAt: number;
  lastAt: number;
}

/** Everything counted under one key since the run's start. */
export interface SeriesData {
  key: SeriesKey;
  success: Timings;
  failure: Timings;
  /** Status code (`""` when there was no response) to counts by outcome. */
  statuses: Record<string, { success: number; failure: number }>;
  /** `errorType` to count. */
  errors: Record<string, number>;
  details: ErrorDetail[];
  bytesIn: number;
  bytesOut: number;
}

/**
 * The state of a worker, or of the sum of all workers, since the run's start: cumulative, so that a receiver may skip
 * some and lose nothing, and a duplicate or a late one cannot count twice. Percentiles are never averaged: histograms
 * have one layout and are added.
 */
export interface Snapshot {
  /** Which worker it is of; `""` for the sum. */
  worker: string;
  /** Rises by one with each snapshot of a worker. */
  sequence: number;
  /** The run's milliseconds. */
  at: number;
  /** True when all series are in it; otherwise only those that changed since the last. */
  full: boolean;
  series: SeriesData[];
  /** `seriesName` of a metric of the vocabulary to its value. */
  counters: Record<string, number>;
  /** As `counters`; they are added too, so one that must not be carries a label `worker`. */
  gauges: Record<string, number>;
  histograms: Record<string, HistogramData>;
  /** Absent where there was none. */
  exceptions?: TaskException[];
}

export function requestCount(series: SeriesData): number {
  return series.success.response.count + series.failure.response.count;
}

/** The text that identifies a key within a run. */
export function keyText(key: SeriesKey): string {
  return JSON.stringify([key.user, key.task, key.request, key.method]);
}

/** Adds up series of the same run, whatever their keys; the first one's key stays. */
export function addSeries(a: SeriesData, b: SeriesData): SeriesData {
  const statuses = { ...a.statuses };
  for (const [status, counts] of Object.entries(b.statuses)) {
    const before = statuses[status];
    statuses[status] = {
      success: (before?.success ?? 0) + counts.success,
      failure: (before?.failure ?? 0) + counts.failure,
    };
  }
  return {
    key: a.key,
    success: addTimings(a.success, b.success),
    failure: addTimings(a.failure, b.failure),
    statuses,
    errors: addRecords(a.errors, b.errors),
    details: addDetails(a.details, b.details),
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}

function addTimings(a: Timings, b: Timings): Timings {
  return { response: addHistograms(a.response, b.response), service: addHistograms(a.service, b.service) };
}

function addRecords(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [name, value] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

function addDetails(a: ErrorDetail[], b: ErrorDetail[]): ErrorDetail[] {
  const sum = new Map<string, ErrorDetail>();
  for (const error of [...a, ...b]) {
    const name = `${error.type} ${error.detail}`;
    const before = sum.get(name);
    sum.set(
      name,
      before === undefined
        ? error
        : {
            ...before,
            count: before.count + error.count,
            firstAt: Math.min(before.firstAt, error.firstAt),
            lastAt: Math.max(before.lastAt, error.lastAt),
          },
    );
  }
  return [...sum.values()];
}

function addExceptions(a: TaskException[], b: TaskException[]): TaskException[] {
  const sum = new Map<string, TaskException>();
  for (const one of [...a, ...b]) {
    const name = exceptionName(one);
    const before = sum.get(name);
    if (before === undefined) sum.set(name, one);
    else {
      const first = before.firstAt <= one.firstAt ? before : one;
      const lastAt = Math.max(before.lastAt, one.lastAt);
      sum.set(name, { ...first, count: before.count + one.count, lastAt });
    }
  }
  return [...sum.values()];
}

/** What exceptions are counted under. */
export function exceptionName({ user, task, message }: Pick<TaskException, "user" | "task" | "message">): string {
  return JSON.stringify([user, task, message]);
}

export function emptySeries(key: SeriesKey, classicBuckets: number): SeriesData {
  const timings = () => ({ response: emptyHistogram(classicBuckets), service: emptyHistogram(classicBuckets) });
  return {
    key,
    success: timings(),
    failure: timings(),
    statuses: {},
    errors: {},
    details: [],
    bytesIn: 0,
    bytesOut: 0,
  };
}

export function emptySnapshot(): Snapshot {
  return { worker: "", sequence: 0, at: 0, full: true, series: [], counters: {}, gauges: {}, histograms: {} };
}

/** The latest of one worker: its series may come from different snapshots, each from the newest that had it. */
interface Latest {
  sequence: number;
  at: number;
  series: Map<string, { sequence: number; data: SeriesData }>;
  counters: Record<string, number>;
  gauges: Record<string, number>;
  histograms: Record<string, HistogramData>;
  exceptions: TaskException[] | undefined;
}

/**
 * Keeps the latest of each worker and adds them up. Snapshots may come twice, late or not at all: as long as each
 * worker's last full one arrives, the sum is the same.
 */
export class SnapshotSum {
  readonly #workers = new Map<string, Latest>();
  #sequence = 0;

  take(snapshot: Snapshot): void {
    let latest = this.#workers.get(snapshot.worker);
    if (latest === undefined) {
      const series = new Map<string, { sequence: number; data: SeriesData }>();
      latest = { sequence: -1, at: 0, series, counters: {}, gauges: {}, histograms: {}, exceptions: undefined };
      this.#workers.set(snapshot.worker, latest);
    }
    for (const data of snapshot.series) {
      const text = keyText(data.key);
      const before = latest.series.get(text);
      if (before === undefined || before.sequence < snapshot.sequence) {
        latest.series.set(text, { sequence: snapshot.sequence, data });
      }
    }
    if (snapshot.sequence <= latest.sequence) return;
    latest.sequence = snapshot.sequence;
    latest.at = snapshot.at;
    latest.counters = snapshot.counters;
    latest.gauges = snapshot.gauges;
    latest.histograms = snapshot.histograms;
    latest.exceptions = snapshot.exceptions;
  }

  /** A worker that is gone has no users and no lag; what it counted stays in the sum. */
  forgetGauges(worker: string): void {
    const latest = this.#workers.get(worker);
    if (latest !== undefined) latest.gauges = {};
  }

  /** The full state of one worker, as if it had sent everything at once. */
  latestOf(worker: string): Snapshot | undefined {
    const latest = this.#workers.get(worker);
    if (latest === undefined) return undefined;
    const { sequence, at, counters, gauges, histograms, exceptions } = latest;
    const series = [...latest.series.values()].map(({ data }) => data);
    const whole = { worker, sequence, at, full: true, series, counters, gauges, histograms };
    return exceptions === undefined ? whole : { ...whole, exceptions };
  }

  total(at: number): Snapshot {
    const series = new Map<string, SeriesData>();
    const sum: Snapshot = { ...emptySnapshot(), sequence: this.#sequence++, at };
    for (const latest of this.#workers.values()) {
      for (const [text, { data }] of latest.series) {
        const before = series.get(text);
        series.set(text, before === undefined ? data : addSeries(before, data));
      }
      sum.counters = addRecords(sum.counters, latest.counters);
      if (latest.exceptions !== undefined) sum.exceptions = addExceptions(sum.exceptions ?? [], latest.exceptions);
      sum.gauges = addRecords(sum.gauges, latest.gauges);
      for (const [name, data] of Object.entries(latest.histograms)) {
        const before = sum.histograms[name];
        sum.histograms[name] = before === undefined ? data : addHistograms(before, data);
      }
    }
    sum.series = [...series.values()];
    return sum;
  }
}
