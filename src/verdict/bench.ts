import { addHistograms, type HistogramData, mean, quantile } from "../metrics/histogram.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import { holds } from "./limit-watch.ts";
import type { Limit, Threshold } from "./threshold.ts";

/** What one endpoint came to. Times in seconds. */
export interface Endpoint {
  name: string;
  requests: number;
  failures: number;
  times: HistogramData | undefined;
}

/** What is good enough: a percentile of the latency, or the share of failed requests. */
export interface Criterion {
  what: { kind: "quantile"; q: number } | { kind: "errors" };
  limit: Limit;
}

/** How a criterion stands: of all endpoints the worst is named where it does not hold. */
export interface Judged extends Criterion {
  state: "ok" | "broken" | "few_samples";
  worst?: { name: string; value: number };
}

/** Where a scenario says nothing. */
const usual: readonly Criterion[] = [
  { what: { kind: "quantile", q: 0.95 }, limit: { operator: "<", value: 0.5, text: "500ms" } },
  { what: { kind: "quantile", q: 0.99 }, limit: { operator: "<", value: 1, text: "1s" } },
  { what: { kind: "errors" }, limit: { operator: "<", value: 0.01, text: "1%" } },
];

/**
 * A scenario's limits on percentiles of the whole latency and on the share of errors, the target where there is one; the usual
 * ones where it has none of a kind.
 */
export function criteriaOf(thresholds: readonly Threshold[]): Criterion[] {
  const own = thresholds.flatMap(({ subject, metric, filters, aggregation, target, critical }): Criterion[] => {
    const limit = target ?? critical;
    if (subject !== "client" || Object.keys(filters).length > 0 || limit === undefined) return [];
    if (metric === "latency" && aggregation.kind === "quantile") return [{ what: aggregation, limit }];
    return metric === "errors" && aggregation.kind === "ratio" ? [{ what: { kind: "errors" }, limit }] : [];
  });
  return [
    ...(own.some(({ what }) => what.kind === "quantile") ? [] : usual.filter(({ what }) => what.kind === "quantile")),
    ...own,
    ...(own.some(({ what }) => what.kind === "errors") ? [] : usual.filter(({ what }) => what.kind === "errors")),
  ];
}

/** The requests of a task; those of its users' start steps are left out. */
export function endpointOf(name: string, snapshot: Snapshot | undefined, task: string): Endpoint {
  const series = (snapshot?.series ?? []).filter(({ key }) => key.task === task);
  const all = series.flatMap(({ success, failure }) => [success.response, failure.response]);
  const [first, ...more] = all;
  const times = first === undefined ? undefined : more.reduce(addHistograms, first);
  const failures = series.reduce((sum, { failure }) => sum + failure.response.count, 0);
  return { name, requests: times?.count ?? 0, failures, times };
}

export function meanOf({ times }: Endpoint): number | undefined {
  return times === undefined ? undefined : mean(times);
}

export function percentileOf({ times }: Endpoint, q: number): number | undefined {
  return times === undefined ? undefined : quantile(times, q);
}

/** Each criterion over all endpoints. A percentile needs ten requests beyond it, and each endpoint an answer. */
export function judge(criteria: readonly Criterion[], endpoints: readonly Endpoint[]): Judged[] {
  return criteria.map((criterion): Judged => {
    const { what, limit } = criterion;
    const values = endpoints.map((endpoint) => {
      const value =
        what.kind === "errors"
          ? endpoint.requests === 0
            ? undefined
            : endpoint.failures / endpoint.requests
          : percentileOf(endpoint, what.q);
      const least = what.kind === "errors" ? 1 : Math.round(10 / (1 - what.q));
      return { name: endpoint.name, value, enough: endpoint.requests >= least };
    });
    const broken = values.filter(({ value }) => value !== undefined && !holds(value, limit));
    const worst = broken.toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0))[0];
    if (worst?.value !== undefined && worst.enough) {
      return { ...criterion, state: "broken", worst: { name: worst.name, value: worst.value } };
    }
    const isKnown = values.length > 0 && values.every(({ value, enough }) => value !== undefined && enough);
    return { ...criterion, state: isKnown ? "ok" : "few_samples" };
  });
}
