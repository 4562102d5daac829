import type { Board } from "./board.ts";
import { broken, client, server } from "./colours.ts";
import { figure } from "./figure.ts";
import { sixth } from "./grid.ts";
import { last } from "./promql.ts";
import { shown } from "./variables.ts";

/** The figures of the run so far, from cumulative counters: they say what the run's summary says. */
export function runFigures(): Board["panels"] {
  const failed = `sum by (run_id) (${last(shown.metric("plimsoll_requests_total", { outcome: "failure" }))})`;
  const all = `sum by (run_id) (${last(shown.metric("plimsoll_requests_total"))})`;
  const buckets = last(shown.buckets("plimsoll_response_time_seconds"));
  return [
    figure({
      title: "Run",
      description: "The state the run is in; at its end, its verdict.",
      at: sixth(0),
      query: { expr: `${last(shown.metric("plimsoll_run_state"))} == 1`, legend: "{{state}}" },
      unit: "none",
      steps: [{ value: null, color: client.main }],
      names: {
        running: client.main,
        stopping: client.light,
        passed: server.main,
        failed: broken,
        stopped: client.alarm,
        inconclusive: client.alarm,
      },
    }),
    figure({
      title: "Users",
      description: "Users that were active last.",
      at: sixth(1),
      query: { expr: `sum by (run_id) (${last(shown.metric("plimsoll_users"))})`, legend: "users" },
      unit: "short",
      steps: [{ value: null, color: client.main }],
    }),
    figure({
      title: "Requests",
      description: "Requests that ended, since the run's start.",
      at: sixth(2),
      query: { expr: all, legend: "requests" },
      unit: "short",
      steps: [{ value: null, color: client.main }],
    }),
    figure({
      title: "p95 of the run",
      description:
        "95th percentile of the response time of all requests since the run's start, failed ones too. Prometheus interpolates within a bucket; the report has the exact value.",
      at: sixth(3),
      query: { expr: `histogram_quantile(0.95, sum by (run_id, le) (${buckets}))`, legend: "p95" },
      unit: "s",
      steps: [{ value: null, color: client.main }],
    }),
    figure({
      title: "Errors of the run",
      description: "Share of requests that failed, since the run's start.",
      at: sixth(4),
      query: { expr: `(${failed} or 0 * ${all}) / (${all} > 0)`, legend: "errors" },
      unit: "percentunit",
      steps: [
        { value: null, color: client.main },
        { value: 0.000001, color: client.alarm },
      ],
    }),
    figure({
      title: "Thresholds broken",
      description: "Limits of the plan that do not hold. A threshold without data is in neither count.",
      at: sixth(5),
      query: { expr: `sum by (run_id) (1 - ${last(shown.metric("plimsoll_threshold_ok"))})`, legend: "broken" },
      unit: "short",
      steps: [
        { value: null, color: client.main },
        { value: 1, color: broken },
      ],
    }),
  ];
}
