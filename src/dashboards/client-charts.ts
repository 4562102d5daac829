import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { client } from "./colours.ts";
import { left } from "./grid.ts";
import { errorRatio, failureRates, requestRate } from "./measures.ts";
import { timeline } from "./timeline.ts";
import { shown } from "./variables.ts";

/** Percentiles with the traces that Prometheus keeps, and the limits of the plan. */
export function responseTime(at: GridPos): Row["panels"][number] {
  return chart({
    title: "Response time",
    description:
      "From the moment a request should have started to its last byte, all requests. Points are traces: click one to open it. Dashed: the plan's limits.",
    at,
    unit: "s",
    lines: [
      {
        expr: shown.quantile(0.95, "plimsoll_response_time_seconds"),
        legend: "p95",
        colour: client.main,
        look: "strong",
        exemplars: true,
      },
      { expr: shown.quantile(0.5, "plimsoll_response_time_seconds"), legend: "p50", colour: client.light },
      { expr: shown.quantile(0.99, "plimsoll_response_time_seconds"), legend: "p99", colour: client.alarm },
    ],
    limits: [{ functions: levels, metrics: "latency|service" }],
  });
}

/** Failures by kind, and their share. */
export function errors(at: GridPos): Row["panels"][number] {
  return chart({
    title: "Errors",
    description:
      "Failed requests a second by kind of failure or status code, and their share of all requests (right axis).",
    at,
    unit: "reqps",
    lines: [
      {
        expr: failureRates(shown),
        legend: "{{error_type}}",
        colour: client.alarm,
        several: true,
        look: "stacked",
      },
      {
        expr: errorRatio(shown, ["run_id"]),
        legend: "share of requests",
        colour: client.strain,
        look: "strong",
        right: "percentunit",
      },
    ],
    limits: [{ functions: "ratio", metrics: "errors", right: "percentunit" }],
  });
}

/** The left column: what the load is and what it gets. */
export function clientCharts(y: number): Row["panels"] {
  const succeeded = shown.rate("plimsoll_requests_total", { outcome: "success" });
  return [
    chart({
      title: "Throughput",
      description:
        "Requests that ended a second, and those of them that succeeded: the gap between the lines is failures.",
      at: left(y),
      unit: "reqps",
      lines: [
        { expr: requestRate(shown, ["run_id"]), legend: "requests", colour: client.main, look: "strong" },
        { expr: `sum by (run_id) (${succeeded})`, legend: "succeeded", colour: client.light },
      ],
      limits: [{ functions: "rate", metrics: "requests" }],
    }),
    responseTime(left(y + 8)),
    errors(left(y + 16)),
    chart({
      title: "Users and requests in flight",
      description: "Users that are active, how many the plan reaches, and requests under way.",
      at: left(y + 24),
      unit: "short",
      lines: [
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_users")})`,
          legend: "users",
          colour: client.main,
          look: "steps",
        },
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_inflight_requests")})`,
          legend: "in flight",
          colour: client.alarm,
          look: "strong",
        },
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_users_max")})`,
          legend: "users planned",
          colour: client.light,
          look: "dashed",
        },
      ],
    }),
    timeline({
      title: "Thresholds",
      description: "Each limit of the plan: holds or is broken. No lane while there is no data to judge.",
      at: left(y + 32),
      query: {
        expr: `min by (threshold, level) (${shown.metric("plimsoll_threshold_ok")})`,
        legend: "{{level}}: {{threshold}}",
      },
      one: { text: "holds", colour: client.main },
      zero: "broken",
    }),
  ];
}
