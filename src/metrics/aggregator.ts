import { type ClassicBounds, emptyHistogram, Histogram } from "./histogram.ts";
import { seriesName } from "./observation.ts";
import { errorType, type Sample } from "./sample.ts";
import {
  type ErrorDetail,
  exceptionName,
  keyText,
  type SeriesData,
  type SeriesKey,
  type Snapshot,
  type TaskException,
  type Timings,
} from "./snapshot.ts";

/** Distinct values of one label before the rest goes to `__other__`. */
export const LABEL_LIMIT = 200;
export const OTHER = "__other__";
/** Distinct failure messages kept of one series. */
const DETAIL_LIMIT = 50;
const DETAIL_LENGTH = 300;
const TRACEBACK_LENGTH = 2000;

export interface Counter {
  add(n: number): void;
}
export interface Gauge {
  set(value: number): void;
  add(n: number): void;
}

class Cell implements Counter, Gauge {
  value = 0;
  add(n: number): void {
    this.value += n;
  }
  set(value: number): void {
    this.value = value;
  }
}

/** The histograms of one outcome; most series never fail, and those that do not need none. */
class Outcome {
  readonly response: Histogram;
  readonly service: Histogram;

  constructor(bounds: ClassicBounds) {
    this.response = new Histogram(bounds);
    this.service = new Histogram(bounds);
  }
}

class Series {
  readonly key: SeriesKey;
  success: Outcome | undefined;
  failure: Outcome | undefined;
  /** By status code, 0 for none. */
  readonly statuses = new Map<number, { success: number; failure: number }>();
  readonly errors = new Map<string, number>();
  readonly details = new Map<string, ErrorDetail>();
  bytesIn = 0;
  bytesOut = 0;
  dirty = true;

  constructor(key: SeriesKey) {
    this.key = key;
  }
}

/**
 * Owns everything a worker counts. `add` is synchronous and is all that a request pays; everything else reads the
 * cumulative snapshot.
 */
export class Aggregator {
  readonly #worker: string;
  readonly #bounds: ClassicBounds;
  readonly #series: Series[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #labels = new Map<string, Set<string>>();
  readonly #counters = new Map<string, Cell>();
  readonly #gauges = new Map<string, Cell>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #exceptions = new Map<string, TaskException>();
  #sequence = 0;

  constructor(worker: string, bounds: ClassicBounds) {
    this.#worker = worker;
    this.#bounds = bounds;
  }

  /** Which worker it is of. */
  get worker(): string {
    return this.#worker;
  }

  /** A value of a label that is not the plan's: past the limit it is `__other__`, which is counted. */
  bounded(label: string, value: string): string {
    let values = this.#labels.get(label);
    if (values === undefined) {
      values = new Set();
      this.#labels.set(label, values);
    }
    if (values.has(value) || value === OTHER) return value;
    if (values.size >= LABEL_LIMIT) {
      this.counter("plimsoll_label_overflow_total", { label }).add(1);
      return OTHER;
    }
    values.add(value);
    return value;
  }

  /** The number of a key, given once so that recording needs no look-up. Names past the limit share `__other__`. */
  series(key: SeriesKey): number {
    const text = keyText(key);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const request = this.bounded("request", key.request);
    if (request !== key.request) return this.series({ ...key, request });
    const number = this.#series.push(new Series(key)) - 1;
    this.#numbers.set(text, number);
    return number;
  }

  add(sample: Sample): void {
    const series = this.#series[sample.series] as Series;
    const failed = sample.failure !== undefined;
    let outcome = failed ? series.failure : series.success;
    if (outcome === undefined) {
      outcome = new Outcome(this.#bounds);
      if (failed) series.failure = outcome;
      else series.success = outcome;
    }
    outcome.response.record((sample.endedAt - sample.intendedAt) / 1000);
    outcome.service.record((sample.endedAt - sample.startedAt) / 1000);
    const status = sample.status ?? 0;
    let statuses = series.statuses.get(status);
    if (statuses === undefined) {
      statuses = { success: 0, failure: 0 };
      series.statuses.set(status, statuses);
    }
    if (failed) {
      statuses.failure++;
      this.#fail(series, sample);
    } else statuses.success++;
    series.bytesIn += sample.bytesIn;
    series.bytesOut += sample.bytesOut;
    series.dirty = true;
  }

  #fail(series: Series, sample: Sample): void {
    if (sample.failure === undefined) return;
    const type = errorType(sample.failure, sample.status);
    series.errors.set(type, (series.errors.get(type) ?? 0) + 1);
    let detail = sample.failure.detail.slice(0, DETAIL_LENGTH);
    let known = series.details.get(`${type} ${detail}`);
    if (known === undefined) {
      if (series.details.size >= DETAIL_LIMIT) detail = OTHER;
      known = series.details.get(`${type} ${detail}`);
    }
    if (known === undefined) {
      known = { type, detail, count: 0, firstAt: sample.endedAt, lastAt: sample.endedAt };
      series.details.set(`${type} ${detail}`, known);
    }
    known.count++;
    known.lastAt = sample.endedAt;
  }

  /** Something ended an iteration that was no failed request. `at`: the run's milliseconds. */
  exception(what: Pick<TaskException, "user" | "task" | "message" | "traceback">, at: number): void {
    this.counter("plimsoll_exceptions_total", { user: what.user, task: what.task }).add(1);
    const message = what.message.slice(0, DETAIL_LENGTH);
    const full = this.#exceptions.size >= DETAIL_LIMIT && !this.#exceptions.has(exceptionName({ ...what, message }));
    const one = full ? { ...what, message: OTHER, traceback: "" } : { ...what, message };
    const name = exceptionName(one);
    const known = this.#exceptions.get(name);
    this.#exceptions.set(name, {
      ...(known ?? { ...one, traceback: one.traceback.slice(0, TRACEBACK_LENGTH), firstAt: at }),
      count: (known?.count ?? 0) + 1,
      lastAt: at,
    });
  }

  /** A counter of the vocabulary. Ask once, keep what you get. */
  counter(metric: string, labels: Record<string, string> = {}): Counter {
    return cell(this.#counters, seriesName(metric, labels));
  }

  /** A gauge of the vocabulary; the sum over workers must mean something, or it needs a label `worker`. */
  gauge(metric: string, labels: Record<string, string> = {}): Gauge {
    return cell(this.#gauges, seriesName(metric, labels));
  }

  /** A histogram of the vocabulary, in seconds. */
  histogram(metric: string, labels: Record<string, string> = {}): Histogram {
    const name = seriesName(metric, labels);
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = new Histogram(this.#bounds);
      this.#histograms.set(name, histogram);
    }
    return histogram;
  }

  /** The state so far. Without `full`, only the series that changed since the last snapshot. */
  snapshot(at: number, full = false): Snapshot {
    const series: SeriesData[] = [];
    for (const one of this.#series) {
      if (!full && !one.dirty) continue;
      one.dirty = false;
      series.push(this.#data(one));
    }
    const histograms = Object.fromEntries([...this.#histograms].map(([name, histogram]) => [name, histogram.data()]));
    return {
      worker: this.#worker,
      sequence: this.#sequence++,
      at,
      full,
      series,
      counters: values(this.#counters),
      gauges: values(this.#gauges),
      histograms,
      ...(this.#exceptions.size === 0 ? {} : { exceptions: [...this.#exceptions.values()] }),
    };
  }

  #data(series: Series): SeriesData {
    const statuses: SeriesData["statuses"] = {};
    for (const [status, counts] of series.statuses) statuses[status === 0 ? "" : String(status)] = { ...counts };
    return {
      key: series.key,
      success: this.#timings(series.success),
      failure: this.#timings(series.failure),
      statuses,
      errors: Object.fromEntries(series.errors),
      details: [...series.details.values()].map((detail) => ({ ...detail })),
      bytesIn: series.bytesIn,
      bytesOut: series.bytesOut,
    };
  }

  #timings(outcome: Outcome | undefined): Timings {
    const empty = () => emptyHistogram(this.#bounds.seconds.length + 1);
    return outcome === undefined
      ? { response: empty(), service: empty() }
      : { response: outcome.response.data(), service: outcome.service.data() };
  }
}

function cell(cells: Map<string, Cell>, name: string): Cell {
  let found = cells.get(name);
  if (found === undefined) {
    found = new Cell();
    cells.set(name, found);
  }
  return found;
}

function values(cells: Map<string, Cell>): Record<string, number> {
  return Object.fromEntries([...cells].map(([name, { value }]) => [name, value]));
}
