import type { Scope } from "./promql.ts";

/** Quantities that dashboards and rules both ask for, each defined once. Rates are a second, ratios 0 to 1. */

export function requestRate(scope: Scope, by: readonly string[]): string {
  return `sum by (${by.join(", ")}) (${scope.rate("plimsoll_requests_total")})`;
}

/** Failed requests against all. Absent, not 0, while there are no requests at all. */
export function errorRatio(scope: Scope, by: readonly string[]): string {
  const failed = `sum by (${by.join(", ")}) (${scope.rate("plimsoll_requests_total", { outcome: "failure" })})`;
  const all = requestRate(scope, by);
  return `(${failed} or 0 * ${all}) / (${all} > 0)`;
}

/** Failures by `error_type`, only those that happen; while there are none, one line `none` at 0. */
export function failureRates(scope: Scope): string {
  const failures = scope.rate("plimsoll_request_errors_total");
  return `sum by (error_type) (${failures}) > 0 or label_replace(sum(${failures}) == 0, "error_type", "none", "", "")`;
}

/**
 * Hits against look-ups, from the differences of both over the window; where a source counts neither, the ratio that it
 * tells itself. A cache that nobody asked has no ratio.
 */
export function cacheHitRatio(scope: Scope): string {
  const by = "by (target, source, cache)";
  const hits = `sum ${by} (${scope.targetRate("cache_lookups_total", { result: "hit" })})`;
  const lookups = `sum ${by} (${scope.targetRate("cache_lookups_total")})`;
  const told = `max ${by} (${scope.target("cache_hit_ratio")})`;
  const counted = `count ${by} (${scope.target("cache_lookups_total")})`;
  return `${hits} / (${lookups} > 0) or (${told} unless ${counted})`;
}
