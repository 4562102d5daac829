import {
  addHistograms,
  bucketOf,
  ClassicBounds,
  emptyHistogram,
  type HistogramData,
  mean,
  quantile,
} from "../metrics/histogram.ts";
import { metricSeries, seriesName } from "../metrics/observation.ts";
import { requestCount, type SeriesData, type Snapshot } from "../metrics/snapshot.ts";
import { type Measured, tooFew } from "./measured.ts";
import { type TagsOf, untagged } from "./tags.ts";
import type { Aggregation, Threshold } from "./threshold.ts";
import { ownFailures } from "./trust.ts";

type Filters = Threshold["filters"];

/**
 * What the client measured, as thresholds ask for it, over all series that their filters select, added up. Latency is of
 * all requests, failed ones too; requests and errors leave out what the generator itself failed (`ownFailures`).
 */
export class ClientFigures {
  readonly #snapshot: Snapshot;
  readonly #bounds: Float64Array;
  readonly #tags: TagsOf;
  /** Histograms are costly to add up, and several thresholds ask for the same. */
  readonly #histograms = new Map<string, HistogramData>();

  /** `bounds` are those the snapshot's classic buckets were counted with, in seconds. */
  constructor(snapshot: Snapshot, bounds: readonly number[], tags: TagsOf = untagged) {
    this.#snapshot = snapshot;
    this.#tags = tags;
    this.#bounds = new ClassicBounds(bounds).seconds;
  }

  measure(threshold: Threshold): Measured {
    const { metric, filters, aggregation } = threshold;
    const value = this.#value(threshold);
    if (value === undefined) {
      const reason = `nothing was counted under ${seriesName(metric, filters)}`;
      return { lacking: { state: "no_data", reason, breakable: false } };
    }
    const count = aggregation.kind === "quantile" ? this.#histogram(metric, filters).count : 0;
    const lacking = tooFew(aggregation, count);
    return lacking === undefined ? { value } : { value, lacking };
  }

  #value({ metric, filters, aggregation, within }: Threshold): number | undefined {
    switch (metric) {
      case "latency":
      case "service":
        return durationOf(this.#histogram(metric, filters), aggregation);
      case "requests":
        return this.#counted(this.#requests(filters), aggregation);
      case "errors": {
        const requests = this.#requests(filters);
        const errors = this.#requests({ ...filters, outcome: "failure" });
        if (requests === 0) return undefined;
        return aggregation.kind === "ratio" ? errors / requests : this.#perRun(errors, aggregation);
      }
      case "good": {
        const requests = this.#requests(filters);
        return requests === 0 ? undefined : this.#good(filters, within ?? 0) / requests;
      }
      case "iterations":
        return this.#counted(this.#iterations(filters), aggregation);
      default:
        return undefined;
    }
  }

  /** None at all is no data: whatever was to be measured did not happen. */
  #counted(count: number, aggregation: Aggregation): number | undefined {
    return count === 0 ? undefined : this.#perRun(count, aggregation);
  }

  #perRun(count: number, { kind }: Aggregation): number | undefined {
    if (kind === "count") return count;
    return this.#snapshot.at > 0 ? count / (this.#snapshot.at / 1000) : undefined;
  }

  #matching({ user, task, request, method, tag }: Filters): SeriesData[] {
    return this.#snapshot.series.filter(
      ({ key }) =>
        (user === undefined || key.user === user) &&
        (task === undefined || key.task === task) &&
        (request === undefined || key.request === request) &&
        (method === undefined || key.method === method) &&
        (tag === undefined || this.#tags(key).includes(tag)),
    );
  }

  #histogram(metric: string, filters: Filters): HistogramData {
    const name = seriesName(metric, filters);
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    const timing = metric === "service" ? "service" : "response";
    const sum = this.#matching(filters)
      .flatMap(({ success, failure }) => [
        ...(filters["outcome"] === "failure" ? [] : [success[timing]]),
        ...(filters["outcome"] === "success" ? [] : [failure[timing]]),
      ])
      .reduce(addHistograms, emptyHistogram(this.#bounds.length + 1));
    this.#histograms.set(name, sum);
    return sum;
  }

  #requests(filters: Filters): number {
    const count = (series: SeriesData): number => {
      if (filters["outcome"] === "success") return series.success.response.count;
      const all = filters["outcome"] === "failure" ? series.failure.response.count : requestCount(series);
      return all - ownFailures(series);
    };
    return this.#matching(filters).reduce((sum, series) => sum + count(series), 0);
  }

  /**
   * Requests that succeeded within a time: exact where it is one of the classic bounds, as each that a plan's threshold
   * names is; otherwise without those in the exponential bucket it lies in, which may be up to 1.1 % below it.
   */
  #good(filters: Filters, within: number): number {
    const data = this.#histogram("latency", { ...filters, outcome: "success" });
    const bound = this.#bounds.indexOf(within);
    if (bound >= 0) return sum(data.classic.subarray(0, bound + 1));
    if (data.max <= within) return data.count;
    return sum(data.counts.subarray(0, Math.max(0, bucketOf(within) - data.from)));
  }

  #iterations({ outcome }: Filters): number {
    return metricSeries(this.#snapshot.counters, "plimsoll_iterations_total")
      .filter(([name]) => outcome === undefined || name.includes(`outcome="${outcome}"`))
      .reduce((total, [, count]) => total + count, 0);
  }
}

function durationOf(data: HistogramData, aggregation: Aggregation): number | undefined {
  if (data.count === 0) return undefined;
  switch (aggregation.kind) {
    case "quantile":
      return quantile(data, aggregation.q);
    case "avg":
      return mean(data);
    case "min":
      return data.min;
    case "max":
      return data.max;
    default:
      // The grammar asks no other of a duration.
      return undefined;
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
