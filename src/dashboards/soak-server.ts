import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { right } from "./grid.ts";
import { ago } from "./soak-variable.ts";
import { targetLine } from "./target-lines.ts";
import { shown } from "./variables.ts";

/** The right column: what the service gathers as it goes on. */
export function soakServer(y: number): Row["panels"] {
  const trend = `predict_linear(${shown.target("memory_used_bytes")}[${ago}], 4 * 3600)`;
  const booted = shown.target("process_start_time_seconds");
  return [
    chart({
      title: "Memory, and where it leads",
      description:
        "Memory in use, and where it will be in four hours if it goes on as in the chosen time before. A line that leads above the limit is a leak that will end the service.",
      at: right(y),
      unit: "bytes",
      lines: [
        targetLine("memory_used_bytes", { look: "strong" }),
        {
          expr: `clamp_min(max by (target, source, component) (${trend}), 0)`,
          legend: "{{source}} {{component}} in 4 h",
          colour: server.strong,
          several: true,
          look: "dashed",
        },
        targetLine("memory_limit_bytes", { says: "limit", colour: server.quiet, look: "dashed" }),
      ],
      limits: [{ functions: levels, metrics: "memory_used_bytes" }],
    }),
    chart({
      title: "Heap and garbage collection",
      description:
        "Heap in use, and the share of time spent collecting garbage (right axis). More work for the same load: the heap fills with what is not let go.",
      at: right(y + 8),
      unit: "bytes",
      lines: [
        targetLine("runtime_heap_used_bytes", { look: "strong" }),
        targetLine("runtime_gc_seconds_total", { says: "collecting", colour: server.quiet, right: "percentunit" }),
      ],
    }),
    chart({
      title: "Handles",
      description: "Open file descriptors, threads and connections: what a service forgets to close only ever grows.",
      at: right(y + 16),
      unit: "short",
      lines: [
        targetLine("open_fds", { says: "open files", look: "strong" }),
        targetLine("threads", { says: "threads", colour: server.strong }),
        targetLine("http_connections", { says: "connections", colour: server.quiet }),
      ],
    }),
    chart({
      title: "Connections to the database",
      description:
        "Connections that the pool has given out, and those that the database sees: the first must come back.",
      at: right(y + 24),
      unit: "short",
      lines: [
        targetLine("db_pool_connections", { matchers: { state: "in_use" }, says: "in use", look: "strong" }),
        targetLine("db_connections", { colour: server.quiet }),
      ],
    }),
    chart({
      title: "What waits and what is kept",
      description: "Messages that wait in queues, and keys that caches hold (right axis).",
      at: right(y + 32),
      unit: "short",
      lines: [
        targetLine("queue_depth", { look: "strong" }),
        targetLine("cache_keys", { says: "keys", colour: server.quiet, right: "short" }),
      ],
    }),
    chart({
      title: "Uptime",
      description:
        "How long each process has been up: a line that falls to zero is a restart. Restarts that a source counts are bars, by the hour (right axis).",
      at: right(y + 40),
      unit: "s",
      lines: [
        {
          expr: `min by (target, source, component) (time() - ${booted})`,
          legend: "{{source}} {{component}} up",
          colour: server.main,
          several: true,
          look: "strong",
        },
        {
          expr: `sum by (target, source, component) (${shown.targetRate("restarts_total")} * 3600)`,
          legend: "{{source}} {{component}} restarts",
          colour: server.strong,
          several: true,
          look: "bars",
          right: "short",
        },
      ],
    }),
  ];
}
