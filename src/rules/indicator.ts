import { type Matchers, Scope } from "../dashboards/promql.ts";
import { defaultBounds, type PlimsollMetric, plimsollMetrics } from "../metrics/vocabulary.ts";
import { boundText } from "../sinks/prometheus-labels.ts";
import { durationText } from "../verdict/quantity.ts";
import { type Aggregation, type Limit, namedLatencies, type Threshold } from "../verdict/threshold.ts";
import type { PlannedRequests } from "./requests.ts";

/** Adds up the series of a selector: `sum by (run_id) (rate(SELECTOR[5m]))`. */
export type Sum = (selector: string) => string;

/** A share of events that have to be good, of what `/metrics` counts: a service level indicator with its objective. */
export interface Indicator {
  /** A name for it, in words that have a `-` between them. */
  name: string;
  /** The share that has to be good, above 0 and below 1. */
  objective: number;
  /** What a bad event is, for people. */
  bad: string;
  all(sum: Sum): string;
  failed(sum: Sum): string;
  good(sum: Sum): string;
  /** Failed against all. Absent, not 0, while there are no events at all. */
  failedShare(sum: Sum): string;
}

export type Read = { kind: "indicator"; indicator: Indicator } | { kind: "not"; why: string };

/** What a limit of a threshold of the client's asks of a share of events, or why it asks no such thing. */
export function indicatorOf(
  threshold: Threshold,
  limit: Limit,
  { scenario, requests }: { scenario: string; requests: PlannedRequests },
): Read {
  if (threshold.during !== undefined) return not("it is of a part of the load, which rules do not know");
  if (threshold.custom !== undefined) return not("it is of a metric of the scenario's own");
  const scope = new Scope({ run: { scenario }, window: "" });
  const { aggregation, metric } = threshold;
  if (aggregation.kind === "quantile") return ofTimes(threshold, aggregation.q, limit, { scope, requests });
  if (aggregation.kind !== "ratio") return not(`${words[aggregation.kind]} is no share of events that are good`);
  const share = metric === "good" || metric === "checks" ? goodShare(limit) : badShare(limit);
  if (typeof share === "string") return not(share);
  const { within } = threshold;
  if (metric === "good" && within !== undefined) {
    return ofBuckets(threshold, "plimsoll_response_time_seconds", { within, objective: share }, { scope, requests });
  }
  return ofCounters(threshold, share, { scope, requests });
}

const words: Record<Exclude<Aggregation["kind"], "quantile" | "ratio">, string> = {
  avg: "a mean",
  min: "a minimum",
  max: "a maximum",
  rate: "a rate",
  count: "a number",
  last: "a value",
  slope: "a slope",
  changes: "a number",
};

interface Context {
  scope: Scope;
  requests: PlannedRequests;
}

const noBudget = "it allows nothing bad at all, so that there is no error budget";

function badShare({ operator, value }: Limit): number | string {
  if (operator !== "<" && operator !== "<=" && !(operator === "==" && value === 0)) {
    return "an objective has an upper limit of what is bad";
  }
  if (value <= 0) return noBudget;
  return value < 1 ? rounded(1 - value) : "it allows everything to be bad";
}

function goodShare({ operator, value }: Limit): number | string {
  if (operator !== ">" && operator !== ">=" && !(operator === "==" && value === 1)) {
    return "an objective has a lower limit of what is good";
  }
  if (value >= 1) return noBudget;
  return value > 0 ? rounded(value) : "it allows everything to be bad";
}

/** Where times of a percentile are kept, and whether a failed one counts as bad whatever time it took. */
const timed: Record<string, { metric: PlimsollMetric; of: string; fails?: true }> = {
  latency: { metric: "plimsoll_response_time_seconds", of: "requests", fails: true },
  service: { metric: "plimsoll_service_time_seconds", of: "requests", fails: true },
  iteration_duration: { metric: "plimsoll_iteration_duration_seconds", of: "iterations" },
  group_duration: { metric: "plimsoll_group_duration_seconds", of: "groups" },
  phase: { metric: "plimsoll_request_phase_duration_seconds", of: "parts of requests" },
};

/** p95 below 500 ms: 95 % are no slower than that. */
function ofTimes(threshold: Threshold, q: number, { operator, value, text }: Limit, context: Context): Read {
  const kept = timed[threshold.metric];
  if (kept === undefined) return not("its times are kept in no histogram");
  if (operator !== "<" && operator !== "<=") return not("an objective has an upper limit of a time");
  const bounds = [...defaultBounds, ...namedLatencies(threshold)];
  if (!bounds.includes(value)) return not(`${text} is no bound of the buckets of ${kept.metric}`);
  return ofBuckets(threshold, kept.metric, { within: value, objective: q }, context);
}

/** Bad is what failed or took longer; of groups, parts and iterations only what took longer. */
function ofBuckets(
  { metric, filters, aggregation }: Threshold,
  name: PlimsollMetric,
  { within, objective }: { within: number; objective: number },
  { scope, requests }: Context,
): Read {
  const selected = requests.select(filters, plimsollMetrics[name].labels);
  if (selected.kind === "not") return selected;
  const { matchers } = selected;
  const { of, fails } = timed[metric] ?? { of: "requests", fails: true };
  const succeeds = fails === true && filters["outcome"] === undefined;
  const time = durationText(within * 1000);
  const percent = aggregation.kind === "quantile" ? `-p${rounded(aggregation.q * 100)}` : `-within-${time}`;
  return events({
    name: `${metric === "good" ? "availability" : metric}${percent}`,
    objective,
    bad: `${of} that ${succeeds ? "failed or " : ""}took more than ${time}`,
    all: [scope.counts(name, matchers)],
    good: scope.buckets(name, { ...matchers, ...(succeeds ? { outcome: "success" } : {}), le: boundText(within) }),
  });
}

/** Names of metrics, and what is bad. */
function ofCounters({ metric, filters }: Threshold, objective: number, { scope, requests }: Context): Read {
  const select = (name: PlimsollMetric) => requests.select(filters, plimsollMetrics[name].labels);
  const of = (name: PlimsollMetric, build: (matchers: Matchers) => Omit<Parts, "objective">): Read => {
    const selected = select(name);
    return selected.kind === "not" ? selected : events({ objective, ...build(selected.matchers) });
  };
  switch (metric) {
    case "errors":
      return of("plimsoll_requests_total", (matchers) => ({
        name: "availability",
        bad: "requests that failed",
        all: [scope.metric("plimsoll_requests_total", matchers)],
        failed: scope.metric("plimsoll_requests_total", { ...matchers, outcome: "failure" }),
      }));
    case "checks":
      return of("plimsoll_checks_total", (matchers) => ({
        name: "checks",
        bad: "checks that did not hold",
        all: [scope.metric("plimsoll_checks_total", matchers)],
        failed: scope.metric("plimsoll_checks_total", { ...matchers, outcome: "failure" }),
      }));
    case "rate_limited":
      return of("plimsoll_rate_limited_total", (matchers) => ({
        name: "rate-limited",
        bad: "requests that were refused for a rate limit",
        all: [scope.metric("plimsoll_requests_total")],
        failed: scope.metric("plimsoll_rate_limited_total", matchers),
      }));
    case "dropped":
      return of("plimsoll_dropped_iterations_total", (matchers) => ({
        name: "dropped",
        bad: "planned iterations that found no free user",
        all: [scope.metric("plimsoll_iterations_total"), scope.metric("plimsoll_dropped_iterations_total")],
        failed: scope.metric("plimsoll_dropped_iterations_total", matchers),
      }));
    default:
      return not(`${metric} is counted in no metric that tells good from bad`);
  }
}

/** Selectors: `all` are added up, and one of `good` and `failed` follows from the other. */
interface Parts {
  name: string;
  objective: number;
  bad: string;
  all: string[];
  good?: string;
  failed?: string;
}

function events({ all, good, failed, ...rest }: Parts): Read {
  const whole = (sum: Sum) => (all.length === 1 ? all.map(sum).join() : `(${all.map(sum).join(" + ")})`);
  // A series that was never counted is 0 of them, not nothing.
  const some = (selector: string, sum: Sum) => `(${sum(selector)} or 0 * ${whole(sum)})`;
  const others = (selector: string, sum: Sum) => `(${whole(sum)} - ${some(selector, sum)})`;
  const share = (selector: string, sum: Sum) => `${some(selector, sum)} / (${whole(sum)} > 0)`;
  return {
    kind: "indicator",
    indicator: {
      ...rest,
      all: whole,
      failed: (sum) => (failed === undefined ? others(good ?? "", sum) : some(failed, sum)),
      failedShare: (sum) => (failed === undefined ? `(1 - ${share(good ?? "", sum)})` : share(failed, sum)),
      good: (sum) => (good === undefined ? others(failed ?? "", sum) : some(good, sum)),
    },
  };
}

function not(why: string): Read {
  return { kind: "not", why };
}

/** Without what binary fractions add: 1 − 0.001 is 0.999. */
export function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
