import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { client } from "./colours.ts";
import { left } from "./grid.ts";
import { heatmap } from "./heatmap.ts";
import { errorRatio, failureRates, requestRate } from "./measures.ts";
import { timeline } from "./timeline.ts";
import { shown } from "./variables.ts";

/** Requests that ended, and those that did what was expected of them. */
export function throughput(at: GridPos, scope = shown): Row["panels"][number] {
  const succeeded = scope.rate("plimsoll_requests_total", { outcome: "success" });
  return chart({
    title: "Throughput",
    description:
      "Requests that ended a second, and those of them that succeeded: the gap between the lines is failures.",
    at,
    unit: "reqps",
    lines: [
      { expr: requestRate(scope, ["run_id"]), legend: "requests", colour: client.main, look: "strong" },
      { expr: `sum by (run_id) (${succeeded})`, legend: "succeeded", colour: client.light },
    ],
    // A limit on the rate is the whole load's, not a part's.
    limits: scope === shown ? [{ functions: "rate", metrics: "requests" }] : [],
  });
}

/** Percentiles with the traces that Prometheus keeps, and the limits of the plan. */
export function responseTime(at: GridPos, scope = shown): Row["panels"][number] {
  return chart({
    title: "Response time",
    description:
      "From the moment a request should have started to its last byte, all requests. Points are traces: click one to open it. Dashed: the plan's limits.",
    at,
    unit: "s",
    lines: [
      {
        expr: scope.quantile(0.95, "plimsoll_response_time_seconds"),
        legend: "p95",
        colour: client.main,
        look: "strong",
        exemplars: true,
      },
      { expr: scope.quantile(0.5, "plimsoll_response_time_seconds"), legend: "p50", colour: client.light },
      { expr: scope.quantile(0.99, "plimsoll_response_time_seconds"), legend: "p99", colour: client.alarm },
    ],
    limits: [{ functions: levels, metrics: "latency|service" }],
  });
}

/** How often each bucket was met: what percentiles hide. */
export function responseTimes(at: GridPos, scope = shown): Row["panels"][number] {
  return heatmap({
    title: "Response times",
    description: "How many requests took how long. Two bands where one was: some requests wait for something.",
    at,
    query: {
      expr: `sum by (le) (increase(${scope.buckets("plimsoll_response_time_seconds")}[$__rate_interval]))`,
      legend: "{{le}}",
      exemplars: true,
    },
    unit: "s",
    scheme: "Blues",
  });
}

/** Failures by kind, and their share. */
export function errors(at: GridPos, scope = shown): Row["panels"][number] {
  return chart({
    title: "Errors",
    description:
      "Failed requests a second by kind of failure or status code, and their share of all requests (right axis).",
    at,
    unit: "reqps",
    lines: [
      {
        expr: failureRates(scope),
        legend: "{{error_type}}",
        colour: client.alarm,
        several: true,
        look: "stacked",
      },
      {
        expr: errorRatio(scope, ["run_id"]),
        legend: "share of requests",
        colour: client.strain,
        look: "strong",
        right: "percentunit",
      },
    ],
    limits: [{ functions: "ratio", metrics: "errors", right: "percentunit" }],
  });
}

/** What an open load owes, and what of it is done. */
export function wantedAndDone(at: GridPos): Row["panels"][number] {
  const sum = (expr: string) => `sum by (run_id) (${expr})`;
  return chart({
    title: "Wanted and done",
    description:
      "Iterations that the plan wants a second, those that ended, and those that were dropped. What lies between the first two, the generator or its users could not do. A load of users wants no rate.",
    at,
    unit: "ops",
    lines: [
      { expr: sum(shown.rate("plimsoll_iterations_total")), legend: "done", colour: client.main, look: "strong" },
      {
        expr: sum(shown.metric("plimsoll_arrival_rate_target")),
        legend: "wanted",
        colour: client.light,
        look: "dashed",
      },
      {
        expr: sum(shown.rate("plimsoll_dropped_iterations_total")),
        legend: "dropped",
        colour: client.strain,
        look: "bars",
      },
    ],
  });
}

/** How many there are, and how many the load makes anew. */
export function connections(at: GridPos): Row["panels"][number] {
  return chart({
    title: "Connections",
    description:
      "Connections that are open, and those that were opened a second (right axis): many of these are requests that pay for a connection of their own.",
    at,
    unit: "short",
    lines: [
      {
        expr: `sum by (run_id) (${shown.metric("plimsoll_connections_open")})`,
        legend: "open",
        colour: client.main,
        look: "strong",
      },
      {
        expr: `sum by (run_id) (${shown.rate("plimsoll_connections_opened_total")})`,
        legend: "opened",
        colour: client.alarm,
        right: "ops",
      },
    ],
  });
}

/** Bodies, both ways. */
export function network(at: GridPos): Row["panels"][number] {
  return chart({
    title: "Network",
    description: "Bytes of request bodies sent and of response bodies received, a second, of the whole run.",
    at,
    unit: "Bps",
    lines: [
      {
        expr: `sum by (run_id) (${shown.rate("plimsoll_received_bytes_total")})`,
        legend: "received",
        colour: client.main,
      },
      { expr: `sum by (run_id) (${shown.rate("plimsoll_sent_bytes_total")})`, legend: "sent", colour: client.alarm },
    ],
  });
}

/** A lane for each limit of the plan. */
export function thresholds(at: GridPos): Row["panels"][number] {
  return timeline({
    title: "Thresholds",
    description: "Each limit of the plan: holds or is broken. No lane while there is no data to judge.",
    at,
    query: {
      expr: `min by (threshold, level) (${shown.metric("plimsoll_threshold_ok")})`,
      legend: "{{level}}: {{threshold}}",
    },
    one: { text: "holds", colour: client.main },
    zero: "broken",
  });
}

/** The left column: what the load is and what it gets. */
export function clientCharts(y: number): Row["panels"] {
  return [
    throughput(left(y)),
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
    thresholds(left(y + 32)),
  ];
}
