import { emptyHistogram } from "../metrics/histogram.ts";
import {
  type ErrorDetail,
  emptySeries,
  keyText,
  type SeriesData,
  type SeriesKey,
  type Snapshot,
  type TaskException,
  type Timings,
} from "../metrics/snapshot.ts";
import { applyHistogram, falls, type HistogramDelta, histogramDelta, sameDelta } from "./histogram-delta.ts";

/** Response times, and service times where they differ. A histogram that did not change is null. */
export type TimingsDelta = [response: HistogramDelta | null, service?: HistogramDelta | null];

/** What changed of one series. Whole numbers are what was added; details are whole, as they are now. */
export interface SeriesDelta {
  /** The series' number: its place among the series since the keyframe. */
  n: number;
  /** User class, task, request, method; given once since the keyframe. */
  key?: [user: string, task: string, request: string, method: string];
  success?: TimingsDelta;
  failure?: TimingsDelta;
  /** Status code to what was added: [succeeded, failed]. */
  statuses?: Record<string, [success: number, failure: number]>;
  errors?: Record<string, number>;
  details?: ErrorDetail[];
  in?: number;
  out?: number;
}

/** What changed from one snapshot to the next, as plain JSON; a keyframe is what changed from nothing. */
export interface SnapshotDelta {
  worker: string;
  sequence: number;
  /** The sequence of the snapshot that it adds to; null for a keyframe. */
  after: number | null;
  at: number;
  series: SeriesDelta[];
  /** Counters and gauges that changed, with their new values. */
  counters: Record<string, number>;
  gauges: Record<string, number>;
  histograms: Record<string, HistogramDelta>;
  /** All of them, where there are any and they changed. */
  exceptions?: TaskException[];
  /** How many classic buckets a histogram has. */
  le: number;
}

interface Known {
  n: number;
  data: SeriesData;
}

/** Makes deltas of one worker's snapshots, or of the sum's, in the order given. */
export class DeltaWriter {
  #series = new Map<string, Known>();
  #last: Snapshot | undefined;

  /** Makes the next delta a keyframe: for a minute that is over, or a delta that was not kept. */
  reset(): void {
    this.#last = undefined;
    this.#series = new Map();
  }

  /** A series that is not in the snapshot did not change. A snapshot that takes something back becomes a keyframe. */
  write(snapshot: Snapshot): SnapshotDelta {
    const last = this.#last;
    if (last !== undefined && this.#takesBack(last, snapshot)) {
      this.reset();
      return this.write(snapshot);
    }
    const series: SeriesDelta[] = [];
    for (const data of snapshot.series) {
      const text = keyText(data.key);
      const known = this.#series.get(text);
      if (known?.data === data) continue;
      const n = known?.n ?? this.#series.size;
      const delta = seriesDelta(n, known?.data ?? emptySeries(data.key, 0), data);
      if (known === undefined) delta.key = [data.key.user, data.key.task, data.key.request, data.key.method];
      if (known === undefined || Object.keys(delta).length > 1) series.push(delta);
      this.#series.set(text, { n, data });
    }
    const histograms: Record<string, HistogramDelta> = {};
    for (const [name, data] of Object.entries(snapshot.histograms)) {
      const before = last?.histograms[name];
      const delta = histogramDelta(before ?? emptyHistogram(0), data);
      if (delta !== null || before === undefined) histograms[name] = delta ?? [[], [], 0];
    }
    this.#last = snapshot;
    return {
      worker: snapshot.worker,
      sequence: snapshot.sequence,
      after: last?.sequence ?? null,
      at: snapshot.at,
      series,
      counters: changedValues(last?.counters ?? {}, snapshot.counters),
      gauges: changedValues(last?.gauges ?? {}, snapshot.gauges),
      histograms,
      ...(sameExceptions(last?.exceptions, snapshot.exceptions) ? {} : { exceptions: snapshot.exceptions ?? [] }),
      le: classicBuckets(snapshot),
    };
  }

  #takesBack(last: Snapshot, next: Snapshot): boolean {
    return (
      lacks(last.counters, next.counters) ||
      lacks(last.gauges, next.gauges) ||
      lacks(last.histograms, next.histograms) ||
      (next.full && next.series.length < this.#series.size) ||
      next.series.some((data) => {
        const known = this.#series.get(keyText(data.key))?.data;
        return known !== undefined && known !== data && shrinks(known, data);
      }) ||
      Object.entries(next.histograms).some(([name, data]) => falls(last.histograms[name], data))
    );
  }
}

/** Rebuilds the snapshots that `DeltaWriter` was given. What it returned is never changed afterwards. */
export class DeltaReader {
  #series: SeriesData[] = [];
  #last: Snapshot | undefined;

  /** The snapshot after this delta; undefined where the one it adds to is missing, until the next keyframe. */
  read(delta: SnapshotDelta): Snapshot | undefined {
    if (delta.after === null) {
      this.#last = undefined;
      this.#series = [];
    } else if (this.#last === undefined || this.#last.sequence !== delta.after) {
      this.#last = undefined;
      return undefined;
    }
    for (const one of delta.series) {
      const before = this.#series[one.n] ?? emptySeries(keyOf(one), delta.le);
      this.#series[one.n] = applySeries(before, one);
    }
    const histograms = { ...this.#last?.histograms };
    for (const [name, change] of Object.entries(delta.histograms)) {
      histograms[name] = applyHistogram(histograms[name] ?? emptyHistogram(delta.le), change);
    }
    this.#last = {
      worker: delta.worker,
      sequence: delta.sequence,
      at: delta.at,
      full: true,
      series: [...this.#series],
      counters: { ...this.#last?.counters, ...delta.counters },
      gauges: { ...this.#last?.gauges, ...delta.gauges },
      histograms,
      ...exceptionsOf(delta.exceptions ?? this.#last?.exceptions),
    };
    return this.#last;
  }
}

function exceptionsOf(exceptions: TaskException[] | undefined): Pick<Snapshot, "exceptions"> {
  return exceptions === undefined || exceptions.length === 0 ? {} : { exceptions };
}

function sameExceptions(before: TaskException[] = [], after: TaskException[] = []): boolean {
  return before.length === after.length && after.every(({ count }, i) => count === before[i]?.count);
}

function keyOf(delta: SeriesDelta): SeriesKey {
  const [user = "", task = "", request = "", method = ""] = delta.key ?? [];
  return { user, task, request, method };
}

function seriesDelta(n: number, before: SeriesData, after: SeriesData): SeriesDelta {
  const delta: SeriesDelta = { n };
  const success = timingsDelta(before.success, after.success);
  if (success !== undefined) delta.success = success;
  const failure = timingsDelta(before.failure, after.failure);
  if (failure !== undefined) delta.failure = failure;
  const statuses: [string, [number, number]][] = [];
  for (const [status, counts] of Object.entries(after.statuses)) {
    const known = before.statuses[status] ?? { success: 0, failure: 0 };
    if (counts.success !== known.success || counts.failure !== known.failure) {
      statuses.push([status, [counts.success - known.success, counts.failure - known.failure]]);
    }
  }
  if (statuses.length > 0) delta.statuses = Object.fromEntries(statuses);
  const errors = Object.entries(after.errors)
    .map(([type, count]): [string, number] => [type, count - (before.errors[type] ?? 0)])
    .filter(([, count]) => count !== 0);
  if (errors.length > 0) delta.errors = Object.fromEntries(errors);
  const known = new Map(before.details.map((one) => [`${one.type} ${one.detail}`, one]));
  const details = after.details.filter((one) => {
    const same = known.get(`${one.type} ${one.detail}`);
    return same?.count !== one.count || same.firstAt !== one.firstAt || same.lastAt !== one.lastAt;
  });
  if (details.length > 0) delta.details = details;
  if (after.bytesIn !== before.bytesIn) delta.in = after.bytesIn - before.bytesIn;
  if (after.bytesOut !== before.bytesOut) delta.out = after.bytesOut - before.bytesOut;
  return delta;
}

function applySeries(before: SeriesData, delta: SeriesDelta): SeriesData {
  const statuses = { ...before.statuses };
  for (const [status, [success, failure]] of Object.entries(delta.statuses ?? {})) {
    const known = statuses[status];
    statuses[status] = { success: (known?.success ?? 0) + success, failure: (known?.failure ?? 0) + failure };
  }
  const errors = { ...before.errors };
  for (const [type, count] of Object.entries(delta.errors ?? {})) errors[type] = (errors[type] ?? 0) + count;
  const details = new Map(
    [...before.details, ...(delta.details ?? [])].map((one) => [`${one.type} ${one.detail}`, one]),
  );
  return {
    key: before.key,
    success: applyTimings(before.success, delta.success),
    failure: applyTimings(before.failure, delta.failure),
    statuses,
    errors,
    details: [...details.values()],
    bytesIn: before.bytesIn + (delta.in ?? 0),
    bytesOut: before.bytesOut + (delta.out ?? 0),
  };
}

/** Service times are left out where both before and after they are the same as response times. */
function timingsDelta(before: Timings, after: Timings): TimingsDelta | undefined {
  const response = histogramDelta(before.response, after.response);
  const service = histogramDelta(before.service, after.service);
  if (response === null && service === null) return undefined;
  return sameDelta(response, service) ? [response] : [response, service];
}

function applyTimings(before: Timings, delta: TimingsDelta | undefined): Timings {
  if (delta === undefined) return before;
  const [response, service = response] = delta;
  return { response: applyHistogram(before.response, response), service: applyHistogram(before.service, service) };
}

function changedValues(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name] !== value));
}

function lacks(before: Record<string, unknown>, after: Record<string, unknown>): boolean {
  return Object.keys(before).some((name) => !Object.hasOwn(after, name));
}

function shrinks(before: SeriesData, after: SeriesData): boolean {
  return (
    lacks(before.statuses, after.statuses) ||
    lacks(before.errors, after.errors) ||
    after.details.length < before.details.length ||
    falls(before.success.response, after.success.response) ||
    falls(before.success.service, after.success.service) ||
    falls(before.failure.response, after.failure.response) ||
    falls(before.failure.service, after.failure.service)
  );
}

/** All histograms of a run have the same classic buckets; a snapshot without any has none to tell. */
function classicBuckets(snapshot: Snapshot): number {
  const [series] = snapshot.series;
  const [histogram] = Object.values(snapshot.histograms);
  return series?.success.response.classic.length ?? histogram?.classic.length ?? 0;
}
