import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { right } from "./grid.ts";
import { cacheHitRatio } from "./measures.ts";
import { timeline } from "./timeline.ts";
import { shown } from "./variables.ts";

/** Two sources may tell of the same thing: each has its own line. */
const ofTarget = "by (target, source";

/** A lane for each source of the target's health. */
export function sources(at: GridPos): Row["panels"][number] {
  return timeline({
    title: "Sources",
    description: "Whether each source of the target's health answers. While one is down, its lines have a gap.",
    at,
    query: {
      expr: `min by (target, source, kind) (${shown.target("up")})`,
      legend: "{{source}} ({{kind}})",
    },
    one: { text: "up", colour: server.main },
    zero: "down",
  });
}

/** The right column: what the server says of itself at the same moments. */
export function serverCharts(y: number): Row["panels"] {
  const inUse = shown.target("db_pool_connections", { state: "in_use" });
  const max = shown.target("db_pool_connections_max");
  return [
    chart({
      title: "CPU",
      description:
        "CPU used against what the component may use. A source that does not know its limit counts one core as all.",
      at: right(y),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: `max ${ofTarget}, component) (${shown.target("cpu_utilization_ratio")})`,
          legend: "{{source}} {{component}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: [{ functions: levels, metrics: "cpu_utilization_ratio" }],
    }),
    chart({
      title: "Database pool",
      description:
        "Connections in use against what the pool may have, and callers that wait for one. Callers that wait are the pool's queue: they show up as response time on the left.",
      at: right(y + 8),
      unit: "short",
      lines: [
        {
          expr: `sum ${ofTarget}, pool) (${inUse})`,
          legend: "{{source}} {{pool}} in use",
          colour: server.main,
          several: true,
          look: "strong",
        },
        {
          expr: `sum ${ofTarget}, pool) (${max})`,
          legend: "{{source}} {{pool}} max",
          colour: server.quiet,
          look: "dashed",
        },
        {
          expr: `sum ${ofTarget}, pool) (${shown.target("db_pool_pending_requests")})`,
          legend: "{{source}} {{pool}} waiting",
          colour: server.strong,
          look: "bars",
        },
      ],
      limits: [
        { functions: levels, metrics: "db_pool_connections|db_pool_pending_requests|db_pool_overflow" },
        { functions: levels, metrics: "db_pool_utilization_ratio", share: `max(${max})` },
      ],
    }),
    chart({
      title: "Cache",
      description: "Hits against look-ups of the same interval, and keys evicted a second (right axis).",
      at: right(y + 16),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: cacheHitRatio(shown),
          legend: "{{source}} {{cache}} hit ratio",
          colour: server.main,
          several: true,
          look: "strong",
        },
        {
          expr: `sum ${ofTarget}, cache) (${shown.targetRate("cache_evictions_total")})`,
          legend: "{{source}} {{cache}} evictions",
          colour: server.quiet,
          look: "dashed",
          right: "ops",
        },
      ],
      limits: [{ functions: levels, metrics: "cache_hit_ratio" }],
    }),
    chart({
      title: "Queue depth",
      description:
        "Messages that wait. One that grows while throughput stands still is work that the service has put off.",
      at: right(y + 24),
      unit: "short",
      lines: [
        {
          expr: `sum ${ofTarget}, queue) (${shown.target("queue_depth")})`,
          legend: "{{source}} {{queue}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: [{ functions: levels, metrics: "queue_depth" }],
    }),
    chart({
      title: "Memory",
      description: "Memory in use. Watch for one that does not come back when the load goes.",
      at: right(y + 32),
      unit: "bytes",
      lines: [
        {
          expr: `max ${ofTarget}, component) (${shown.target("memory_used_bytes")})`,
          legend: "{{source}} {{component}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: [{ functions: levels, metrics: "memory_used_bytes" }],
    }),
  ];
}
