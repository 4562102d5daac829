import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { third } from "./grid.ts";
import { ofSources } from "./target-lines.ts";

/** A database and the service's pool of connections to it. */
export function databaseCharts(y: number): Row["panels"] {
  const { scope, line } = ofSources("database");
  const blocks = `sum by (target, source, db) (${scope.targetRate("db_blocks_total")})`;
  const hits = `sum by (target, source, db) (${scope.targetRate("db_blocks_total", { result: "hit" })})`;
  return [
    chart({
      title: "Pool",
      description:
        "Connections of the service's pool by state against what it may have, and callers that wait for one.",
      at: third(0, y),
      unit: "short",
      lines: [
        line("db_pool_connections", { look: "strong" }),
        line("db_pool_connections_max", { says: "max", colour: server.quiet, look: "dashed" }),
        line("db_pool_pending_requests", { says: "waiting", colour: server.strong, look: "bars" }),
        line("db_pool_overflow", { says: "overflow", colour: server.quiet }),
      ],
      limits: [{ functions: levels, metrics: "db_pool_connections|db_pool_pending_requests|db_pool_overflow" }],
    }),
    chart({
      title: "Connections of the database",
      description:
        "Connections by state against what the database admits. Many that are idle in a transaction: the service holds them while it does something else.",
      at: third(1, y),
      unit: "short",
      lines: [
        line("db_connections", { look: "stacked" }),
        line("db_connections_max", { says: "max", colour: server.quiet, look: "dashed" }),
      ],
      limits: [{ functions: levels, metrics: "db_connections" }],
    }),
    chart({
      title: "Locks",
      description: "Locks that are held by mode, those that are waited for, and deadlocks a second (right axis).",
      at: third(2, y),
      unit: "short",
      lines: [
        line("db_locks"),
        line("db_locks_waiting", { says: "waiting", colour: server.strong, look: "strong" }),
        line("db_deadlocks_total", { says: "deadlocks", colour: server.quiet, look: "bars", right: "ops" }),
      ],
    }),
    chart({
      title: "Transactions",
      description: "Transactions a second by outcome, and callers that gave up waiting for a connection (right axis).",
      at: third(0, y + 8),
      unit: "ops",
      lines: [
        line("db_transactions_total", { look: "strong" }),
        line("db_pool_timeouts_total", { says: "timeouts", colour: server.strong, look: "bars", right: "ops" }),
      ],
    }),
    chart({
      title: "Longest transaction",
      description:
        "Age of the oldest open transaction, and how far a replica is behind. A transaction that grows old holds its locks and keeps old rows.",
      at: third(1, y + 8),
      unit: "s",
      lines: [
        line("db_longest_transaction_seconds", { look: "strong" }),
        line("db_replication_lag_seconds", { says: "replica behind", colour: server.quiet, look: "dashed" }),
      ],
    }),
    chart({
      title: "Blocks",
      description:
        "Blocks found in the database's own cache against all of the same interval; bytes written to temporary files a second (right axis).",
      at: third(2, y + 8),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        { expr: `${hits} / (${blocks} > 0)`, legend: "{{source}} {{db}} hits", colour: server.main, several: true },
        line("db_temp_bytes_total", { says: "temporary", colour: server.quiet, look: "dashed", right: "Bps" }),
      ],
    }),
    chart({
      title: "Size of the database",
      description: "What the database takes up: a run that writes leaves it larger than it found it.",
      at: third(0, y + 16),
      unit: "bytes",
      lines: [line("db_size_bytes", { look: "strong" })],
    }),
  ];
}
