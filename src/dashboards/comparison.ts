import type { Dashboard, GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { TargetMetric } from "../metrics/vocabulary.ts";
import { board, type Row } from "./board.ts";
import { chart } from "./chart.ts";
import { client, server } from "./colours.ts";
import { requestsSideBySide, runsTable } from "./comparison-tables.ts";
import { atBaseline, baseline, comparisonVariables } from "./comparison-variables.ts";
import { left, right } from "./grid.ts";
import { errorRatio, requestRate } from "./measures.ts";
import { type TargetLine, targetLine } from "./target-lines.ts";
import { shown } from "./variables.ts";

interface Curve {
  title: string;
  description: string;
  unit: string;
}

/** The run's curve on the baseline's, from the start of each. */
function ofLoad(at: GridPos, curve: Curve, measure: (scope: typeof shown) => string, exemplars?: true) {
  return chart({
    ...curve,
    at,
    lines: [
      {
        expr: measure(shown),
        legend: "run",
        colour: client.main,
        look: "strong",
        ...(exemplars === undefined ? {} : { exemplars }),
      },
      { expr: atBaseline(measure(baseline)), legend: "baseline", colour: client.alarm, look: "dashed" },
    ],
  });
}

/** What the target's series carry no run: they are matched by time. */
function ofServer(at: GridPos, curve: Curve, metric: TargetMetric, how: TargetLine = {}) {
  const now = targetLine(metric, { ...how, look: "strong" });
  const before = targetLine(metric, { ...how, says: "baseline", colour: server.quiet, look: "dashed" });
  return chart({ ...curve, at, lines: [now, { ...before, expr: atBaseline(before.expr) }] });
}

function load(y: number): Row["panels"] {
  const quantile = (q: number) => (scope: typeof shown) => scope.quantile(q, "plimsoll_response_time_seconds");
  return [
    ofLoad(
      left(y),
      { title: "p95", description: "95th percentile of the response time, from the start of each run.", unit: "s" },
      quantile(0.95),
      true,
    ),
    ofLoad(
      left(y + 8),
      { title: "p50", description: "Median of the response time, from the start of each run.", unit: "s" },
      quantile(0.5),
      true,
    ),
    ofLoad(
      left(y + 16),
      {
        title: "Throughput",
        description: "Requests a second. Response times are comparable where these are alike.",
        unit: "reqps",
      },
      (scope) => requestRate(scope, ["run_id"]),
    ),
    ofLoad(
      left(y + 24),
      {
        title: "Errors",
        description: "Share of requests that failed, from the start of each run.",
        unit: "percentunit",
      },
      (scope) => errorRatio(scope, ["run_id"]),
    ),
  ];
}

function service(y: number): Row["panels"] {
  return [
    ofServer(
      right(y),
      { title: "CPU", description: "CPU used against what may be used, in both runs.", unit: "percentunit" },
      "cpu_utilization_ratio",
    ),
    ofServer(
      right(y + 8),
      { title: "Memory", description: "Memory in use, in both runs.", unit: "bytes" },
      "memory_used_bytes",
    ),
    ofServer(
      right(y + 16),
      { title: "Pool in use", description: "Connections of the service's pool in use, in both runs.", unit: "short" },
      "db_pool_connections",
      { matchers: { state: "in_use" } },
    ),
    ofServer(
      right(y + 24),
      { title: "Queue depth", description: "Messages that wait, in both runs.", unit: "short" },
      "queue_depth",
    ),
  ];
}

/** Two runs on one another: a change of the service, or of its settings, before and after. */
export function comparison(): Dashboard {
  return board({
    uid: "plimsoll-comparison",
    title: "Comparison",
    description: "A run beside a baseline, each from its own start: figures, requests, and what the service did.",
    variables: comparisonVariables(),
    panels: [
      runsTable({ x: 0, y: 0, w: 24, h: 5 }),
      requestsSideBySide({ x: 0, y: 5, w: 24, h: 9 }),
      ...load(14),
      ...service(14),
    ],
    rows: [],
  });
}
