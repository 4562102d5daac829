import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Row } from "./board.ts";
import { requestLink, table } from "./table.ts";
import { shown } from "./variables.ts";

const sum = (by: string, expr: string) => `sum by (${by}) (${expr})`;
const since = (selector: string) => `increase(${selector}[$__range])`;
const byRequest = "run_id, request";

/** A row for each request over the whole time range; a click on its name leads to its own dashboard. */
export function requestsTable(at: GridPos, scope = shown): Row["panels"][number] {
  const all = sum(byRequest, since(scope.metric("plimsoll_requests_total")));
  const failed = sum(byRequest, since(scope.metric("plimsoll_requests_total", { outcome: "failure" })));
  const buckets = sum(`${byRequest}, le`, since(scope.buckets("plimsoll_response_time_seconds")));
  const quantile = (q: number) => `histogram_quantile(${q}, ${buckets})`;
  return table({
    title: "Requests by name",
    description:
      "Each request over the whole time range: how many, how fast, and how many failed. A click on a name leads to that request alone.",
    at,
    by: "request",
    link: requestLink,
    columns: [
      { expr: all, legend: "requests", unit: "short" },
      {
        expr: sum(byRequest, `rate(${scope.metric("plimsoll_requests_total")}[$__range])`),
        legend: "a second",
        unit: "reqps",
      },
      { expr: quantile(0.5), legend: "p50", unit: "s" },
      { expr: quantile(0.95), legend: "p95", unit: "s" },
      { expr: quantile(0.99), legend: "p99", unit: "s" },
      { expr: `(${failed} or 0 * ${all}) / (${all} > 0)`, legend: "failed", unit: "percentunit" },
    ],
  });
}
