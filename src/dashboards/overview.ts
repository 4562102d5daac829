import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board } from "./board.ts";
import { chart } from "./chart.ts";
import { errors, responseTime } from "./client-charts.ts";
import { client } from "./colours.ts";
import { third } from "./grid.ts";
import { heatmap } from "./heatmap.ts";
import { runFigures } from "./run-figures.ts";
import { table } from "./table.ts";
import { timeline } from "./timeline.ts";
import { shown } from "./variables.ts";

const sum = (by: string, expr: string) => `sum by (${by}) (${expr})`;
const since = (selector: string) => `increase(${selector}[$__range])`;

/** Over the whole time range, by request. */
const byRequest = "run_id, request";
const all = sum(byRequest, since(shown.metric("plimsoll_requests_total")));
const failed = sum(byRequest, since(shown.metric("plimsoll_requests_total", { outcome: "failure" })));

function quantile(q: number): string {
  const buckets = sum(`${byRequest}, le`, since(shown.buckets("plimsoll_response_time_seconds")));
  return `histogram_quantile(${q}, ${buckets})`;
}

/** The way in: how one run goes, and which of its requests it goes wrong for. */
export function overview(): Dashboard {
  return board({
    uid: "plimsoll-overview",
    title: "Overview",
    description: "How a run goes: what is wanted and done, how fast and with what errors, and for which requests.",
    panels: [
      ...runFigures(),
      chart({
        title: "Wanted and done",
        description:
          "Iterations that the plan wants a second, those that ended, and those that were dropped. What lies between the first two, the generator or its users could not do. A load of users wants no rate.",
        at: third(0, 4),
        unit: "ops",
        lines: [
          {
            expr: sum("run_id", shown.rate("plimsoll_iterations_total")),
            legend: "done",
            colour: client.main,
            look: "strong",
          },
          {
            expr: sum("run_id", shown.metric("plimsoll_arrival_rate_target")),
            legend: "wanted",
            colour: client.light,
            look: "dashed",
          },
          {
            expr: sum("run_id", shown.rate("plimsoll_dropped_iterations_total")),
            legend: "dropped",
            colour: client.strain,
            look: "bars",
          },
        ],
      }),
      responseTime(third(1, 4)),
      errors(third(2, 4)),
      heatmap({
        title: "Response times",
        description: "How many requests took how long. Two bands where one was: some requests wait for something.",
        at: { x: 0, y: 12, w: 12, h: 8 },
        query: {
          expr: sum("le", `increase(${shown.buckets("plimsoll_response_time_seconds")}[$__rate_interval])`),
          legend: "{{le}}",
          exemplars: true,
        },
        unit: "s",
        scheme: "Blues",
      }),
      timeline({
        title: "Thresholds",
        description: "Each limit of the plan: holds or is broken. No lane while there is no data to judge.",
        at: { x: 12, y: 12, w: 12, h: 8 },
        query: {
          expr: `min by (threshold, level) (${shown.metric("plimsoll_threshold_ok")})`,
          legend: "{{level}}: {{threshold}}",
        },
        one: { text: "holds", colour: client.main },
        zero: "broken",
      }),
      table({
        title: "Requests by name",
        description: "Each request over the whole time range: how many, how fast, and how many failed.",
        at: { x: 0, y: 20, w: 24, h: 10 },
        by: "request",
        columns: [
          { expr: all, legend: "requests", unit: "short" },
          {
            expr: sum(byRequest, `rate(${shown.metric("plimsoll_requests_total")}[$__range])`),
            legend: "a second",
            unit: "reqps",
          },
          { expr: quantile(0.5), legend: "p50", unit: "s" },
          { expr: quantile(0.95), legend: "p95", unit: "s" },
          { expr: quantile(0.99), legend: "p99", unit: "s" },
          { expr: `(${failed} or 0 * ${all}) / (${all} > 0)`, legend: "failed", unit: "percentunit" },
        ],
      }),
    ],
    rows: [],
  });
}
