import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { third } from "./grid.ts";
import { ofSources } from "./target-lines.ts";

/** The service's runtime, what it serves, and what it depends on. */
export function runtimeCharts(y: number): Row["panels"] {
  const { line } = ofSources("service");
  return [
    chart({
      title: "Heap and garbage collection",
      description: "Heap in use against what there is, and the share of time spent collecting garbage (right axis).",
      at: third(0, y),
      unit: "bytes",
      lines: [
        line("runtime_heap_used_bytes", { look: "strong" }),
        line("runtime_heap_limit_bytes", { says: "limit", colour: server.quiet, look: "dashed" }),
        line("runtime_gc_seconds_total", { says: "collecting", colour: server.strong, right: "percentunit" }),
      ],
      limits: [{ functions: levels, metrics: "runtime_heap_used_bytes" }],
    }),
    chart({
      title: "Workers",
      description: "Workers of the service by state against those that it may have: threads, processes, goroutines.",
      at: third(1, y),
      unit: "short",
      lines: [
        line("workers", { look: "stacked" }),
        line("workers_max", { says: "max", colour: server.quiet, look: "dashed" }),
        line("instances", { says: "instances", colour: server.strong, look: "steps" }),
      ],
    }),
    chart({
      title: "Event-loop lag",
      description: "How late the runtime's event loop is, as it tells itself.",
      at: third(2, y),
      unit: "s",
      lines: [line("runtime_eventloop_lag_seconds", { look: "strong" })],
    }),
    chart({
      title: "Requests served",
      description: "Requests that the service says it serves a second; connections accepted and dropped (right axis).",
      at: third(0, y + 8),
      unit: "reqps",
      lines: [
        line("http_requests_total", { look: "strong" }),
        line("http_connections_accepted_total", { says: "accepted", colour: server.quiet, right: "ops" }),
        line("http_connections_dropped_total", {
          says: "dropped",
          colour: server.strong,
          look: "bars",
          right: "ops",
        }),
      ],
    }),
    chart({
      title: "Connections of the service",
      description: "Connections by state.",
      at: third(1, y + 8),
      unit: "short",
      lines: [line("http_connections", { look: "stacked" })],
    }),
    chart({
      title: "Dependencies",
      description: "Mean latency of what the service calls, and its calls a second by outcome (right axis).",
      at: third(2, y + 8),
      unit: "s",
      lines: [
        line("dependency_duration_seconds", { look: "strong" }),
        line("dependency_requests_total", { colour: server.quiet, right: "ops" }),
        line("dependency_rate_limited_total", {
          says: "rate-limited",
          colour: server.strong,
          look: "bars",
          right: "ops",
        }),
      ],
    }),
    chart({
      title: "Tokens",
      description: "Tokens a second of the language models that the service calls.",
      at: third(0, y + 16),
      unit: "ops",
      lines: [line("llm_tokens_total")],
    }),
    chart({
      title: "Log lines",
      description: "Lines of the service's log a second, by level, and those that a pattern of the scenario matches.",
      at: third(1, y + 16),
      unit: "ops",
      lines: [line("log_lines_total"), line("log_matches_total", { colour: server.strong, look: "bars" })],
    }),
    chart({
      title: "Circuit breakers and restarts",
      description: "1 while a circuit breaker is open; restarts a second (right axis).",
      at: third(2, y + 16),
      unit: "short",
      atLeast: 1,
      lines: [
        line("circuit_breaker_open", { colour: server.strong, look: "steps" }),
        line("restarts_total", { says: "restarts", colour: server.quiet, look: "bars", right: "ops" }),
      ],
    }),
  ];
}
