import type { Dashboard, GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { TargetMetric } from "../metrics/vocabulary.ts";
import { board, type Row } from "./board.ts";
import { cacheCharts } from "./cache-charts.ts";
import { server } from "./colours.ts";
import { databaseCharts } from "./database-charts.ts";
import { figure } from "./figure.ts";
import { hostCharts } from "./host-charts.ts";
import { queueCharts } from "./queue-charts.ts";
import { runtimeCharts } from "./runtime-charts.ts";
import { sources } from "./server-charts.ts";
import { targetSeries } from "./target-lines.ts";
import { useCharts } from "./use-charts.ts";
import { labelValues, several, shown } from "./variables.ts";

/** A kind of resource: a folded row for each source that tells of one. */
interface Kind {
  title: string;
  /** The variable that holds the sources. */
  variable: string;
  /** A source that tells one of these tells of such a resource. */
  told: TargetMetric[];
  charts(y: number): Row["panels"];
}

const kinds: Kind[] = [
  {
    title: "Host",
    variable: "host",
    told: ["cpu_utilization_ratio", "cpu_used_cores", "load1", "memory_used_bytes"],
    charts: hostCharts,
  },
  {
    title: "Service",
    variable: "service",
    told: [
      "runtime_heap_used_bytes",
      "runtime_eventloop_lag_seconds",
      "workers",
      "http_requests_total",
      "http_connections",
      "dependency_requests_total",
      "log_lines_total",
    ],
    charts: runtimeCharts,
  },
  {
    title: "Database",
    variable: "database",
    told: ["db_connections", "db_transactions_total", "db_pool_connections", "db_pool_pending_requests", "db_locks"],
    charts: databaseCharts,
  },
  {
    title: "Cache",
    variable: "cache",
    told: ["cache_memory_used_bytes", "cache_lookups_total", "cache_hit_ratio", "cache_keys"],
    charts: cacheCharts,
  },
  {
    title: "Queue",
    variable: "queue",
    told: ["queue_depth", "queue_unacked", "queue_consumers", "queue_published_total", "queue_connections"],
    charts: queueCharts,
  },
];

/** What a comparison of two runs must not overlook. */
function versions(at: GridPos): Row["panels"][number] {
  return figure({
    title: "Versions",
    description: "The version of each database, cache and broker that says it.",
    at,
    query: { expr: targetSeries("info"), legend: "{{source}} {{version}}" },
    unit: "none",
    steps: [{ value: null, color: server.main }],
    names: {},
  });
}

/** The system under test by itself: what is full, what waits, what fails; then each of its parts. */
export function target(): Dashboard {
  return board({
    uid: "plimsoll-target",
    title: "Target",
    description: "The service and what it stands on: what is full, what waits and what fails, then part by part.",
    variables: kinds.map(({ title, variable, told }) =>
      several(labelValues(variable, shown.anyTarget(told), "source"))
        .label(`${title} sources`)
        .description(`Sources that tell of such a part (${title.toLowerCase()}). Each has its own row.`),
    ),
    panels: [...useCharts(0), sources({ x: 0, y: 8, w: 18, h: 5 }), versions({ x: 18, y: 8, w: 6, h: 5 })],
    rows: kinds.map(({ title, variable, charts }, index) => {
      const y = 13 + 25 * index;
      return { title: `${title}: $${variable}`, y, repeat: variable, collapsed: true, panels: charts(y + 1) };
    }),
  });
}
