import { type CustomMetric, exportedName } from "../metrics/custom.ts";
import { addHistograms, bucketOf, ClassicBounds, emptyHistogram, type HistogramData } from "../metrics/histogram.ts";
import { metricSeries, seriesName } from "../metrics/observation.ts";
import { requestCount, type SeriesData, type Snapshot } from "../metrics/snapshot.ts";
import type { Reading } from "./reading.ts";
import { type TagsOf, untagged } from "./tags.ts";
import type { Threshold } from "./threshold.ts";
import { ownFailures } from "./trust.ts";

type Filters = Threshold["filters"];

/** Where times are kept that are not of whole requests. */
const timed = {
  iteration_duration: "plimsoll_iteration_duration_seconds",
  group_duration: "plimsoll_group_duration_seconds",
  phase: "plimsoll_request_phase_duration_seconds",
} as const;

/**
 * What the client has counted since the run's start, as thresholds ask for it, over all series that their filters select,
 * added up. Latency is of all requests, failed ones too; requests and errors leave out what the generator itself failed
 * (`ownFailures`).
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

  read({ metric, filters, within, custom }: Threshold): Reading {
    const ms = this.#snapshot.at;
    if (custom !== undefined) return { ms, ...this.#custom({ name: metric, kind: custom }) };
    switch (metric) {
      case "latency":
      case "service": {
        const times = this.#histogram(metric, filters);
        return { ms, part: times.count, whole: times.count, times };
      }
      case "requests": {
        const requests = this.#requests(filters);
        return { ms, part: requests, whole: requests };
      }
      case "errors":
        return { ms, part: this.#requests({ ...filters, outcome: "failure" }), whole: this.#requests(filters) };
      case "good":
        return { ms, part: this.#good(filters, within ?? 0), whole: this.#requests(filters) };
      case "iterations": {
        const iterations = this.#iterations(filters);
        return { ms, part: iterations, whole: iterations };
      }
      case "iteration_duration":
      case "group_duration":
      case "phase": {
        const times = this.#timed(timed[metric], filters);
        return { ms, part: times.count, whole: times.count, times };
      }
      case "checks": {
        const checks = metricSeries(this.#snapshot.counters, "plimsoll_checks_total").filter(
          ([name]) => filters["check"] === undefined || name.includes(`check=${JSON.stringify(filters["check"])}`),
        );
        const held = checks.filter(([name]) => name.includes('outcome="success"'));
        return { ms, part: total(held), whole: total(checks) };
      }
      case "dropped": {
        const dropped = this.#counted("plimsoll_dropped_iterations_total");
        return { ms, part: dropped, whole: dropped + this.#counted("plimsoll_iterations_total") };
      }
      case "llm_tokens":
        // Where none was used yet, that is 0 of them.
        return { ms, part: this.#labelled("plimsoll_llm_tokens_total", filters), whole: 1 };
      case "rate_limited":
        return { ms, part: this.#labelled("plimsoll_rate_limited_total", filters), whole: this.#requests({}) };
      default:
        throw new Error(`${metric} is no metric of the client`);
    }
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

  #custom(metric: CustomMetric): Omit<Reading, "ms"> {
    const name = exportedName(metric);
    const { counters, gauges, histograms } = this.#snapshot;
    switch (metric.kind) {
      case "counter":
        // One that nothing was added to is 0, which is a value.
        return { part: total(metricSeries(counters, name)), whole: 1 };
      case "rate": {
        const all = metricSeries(counters, name);
        return { part: total(all.filter(([series]) => series.includes('result="true"'))), whole: total(all) };
      }
      case "gauge": {
        const values = metricSeries(gauges, name).map(([, value]) => value);
        return { part: values.length === 0 ? 0 : Math.max(...values), whole: values.length };
      }
      case "trend": {
        const times = histograms[name] ?? emptyHistogram(this.#bounds.length + 1);
        return { part: times.count, whole: times.count, times };
      }
    }
  }

  /** All series that have all of these labels. */
  #timed(metric: (typeof timed)[keyof typeof timed], filters: Filters): HistogramData {
    const wanted = Object.entries(filters).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return metricSeries(this.#snapshot.histograms, metric)
      .filter(([name]) => wanted.every((one) => name.includes(one)))
      .map(([, data]) => data)
      .reduce(addHistograms, emptyHistogram(this.#bounds.length + 1));
  }

  /** The sum of a counter's series that have all of these labels. */
  #labelled(metric: "plimsoll_llm_tokens_total" | "plimsoll_rate_limited_total", filters: Filters): number {
    const wanted = Object.entries(filters).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const series = metricSeries(this.#snapshot.counters, metric);
    return total(series.filter(([name]) => wanted.every((one) => name.includes(one))));
  }

  #iterations({ outcome }: Filters): number {
    return this.#counted("plimsoll_iterations_total", outcome);
  }

  #counted(
    metric: "plimsoll_iterations_total" | "plimsoll_dropped_iterations_total",
    outcome: string | undefined = undefined,
  ): number {
    return metricSeries(this.#snapshot.counters, metric)
      .filter(([name]) => outcome === undefined || name.includes(`outcome="${outcome}"`))
      .reduce((total, [, count]) => total + count, 0);
  }
}

function total(series: readonly (readonly [name: string, value: number])[]): number {
  return series.reduce((all, [, value]) => all + value, 0);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
