import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { third } from "./grid.ts";
import { targetLine } from "./target-lines.ts";

/**
 * Utilization, saturation and errors of every resource that some source tells of.
 *
 * Source: Brendan Gregg, "Thinking Methodically about Performance", ACM Queue 10(12), 2012.
 */
export function useCharts(y: number): Row["panels"] {
  return [
    chart({
      title: "Utilization",
      description:
        "How full everything is that knows its limit. What reaches 1 first is what limits the service, whatever else is slow.",
      at: third(0, y),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        targetLine("cpu_utilization_ratio", { says: "CPU", look: "strong" }),
        targetLine("memory_utilization_ratio", { says: "memory" }),
        targetLine("open_fds_utilization_ratio", { says: "open files" }),
        targetLine("runtime_heap_utilization_ratio", { says: "heap" }),
        targetLine("workers_utilization_ratio", { says: "workers" }),
        targetLine("db_pool_utilization_ratio", { says: "pool", colour: server.strong, look: "strong" }),
        targetLine("db_connections_utilization_ratio", { says: "database connections", colour: server.strong }),
        targetLine("cache_memory_utilization_ratio", { says: "cache memory", colour: server.quiet }),
        targetLine("cache_clients_utilization_ratio", { says: "cache clients", colour: server.quiet }),
        targetLine("queue_connections_utilization_ratio", { says: "broker connections", colour: server.quiet }),
      ],
      limits: [{ functions: levels, metrics: "[a-z_]*_utilization_ratio" }],
    }),
    chart({
      title: "Saturation",
      description: "What waits: each of these is time that requests spend on nothing.",
      at: third(1, y),
      unit: "short",
      lines: [
        targetLine("db_pool_pending_requests", { says: "callers of the pool", colour: server.strong, look: "strong" }),
        targetLine("db_locks_waiting", { says: "locks", colour: server.strong }),
        targetLine("cache_blocked_clients", { says: "blocked clients", colour: server.quiet }),
        targetLine("queue_depth", { says: "messages", look: "strong" }),
        targetLine("circuit_breaker_open", { says: "circuit open", colour: server.quiet, look: "steps" }),
        targetLine("runtime_eventloop_lag_seconds", { says: "event-loop lag", look: "dashed", right: "s" }),
      ],
    }),
    chart({
      title: "Errors",
      description: "What was given up, refused or undone, a second.",
      at: third(2, y),
      unit: "ops",
      lines: [
        targetLine("db_pool_timeouts_total", { says: "pool timeouts", colour: server.strong, look: "strong" }),
        targetLine("db_deadlocks_total", { says: "deadlocks", colour: server.strong }),
        targetLine("db_transactions_total", {
          matchers: { outcome: "rollback" },
          says: "rollbacks",
          colour: server.strong,
          look: "dashed",
        }),
        targetLine("cache_rejected_connections_total", { says: "refused connections", colour: server.quiet }),
        targetLine("queue_redelivered_total", { says: "redelivered", colour: server.quiet, look: "dashed" }),
        targetLine("queue_slow_consumers_total", { says: "slow consumers", colour: server.quiet }),
        targetLine("http_connections_dropped_total", { says: "dropped connections", look: "strong" }),
        targetLine("dependency_requests_total", { matchers: { outcome: "failure" }, says: "failed" }),
        targetLine("dependency_rate_limited_total", { says: "rate-limited", look: "dashed" }),
        targetLine("restarts_total", { says: "restarts", look: "bars" }),
      ],
    }),
  ];
}
