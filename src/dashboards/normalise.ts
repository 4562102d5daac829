import { stringify } from "yaml";
import type { TargetMetric } from "../metrics/vocabulary.ts";

/**
 * Recording rules that give the series of well-known exporters the names of `/metrics`, so that dashboards and rules made
 * for these hold where a Prometheus scrapes the exporters itself. `target` is the exporter's instance, `source` the
 * exporter.
 */
interface Normalised {
  metric: TargetMetric;
  /** What is summed, or the most of it taken. Of a rate the window is one minute. */
  of: string;
  /** The vocabulary's labels by the exporter's. */
  by?: Record<string, string>;
  /** Labels that are fixed. */
  labels?: Record<string, string>;
  how?: "sum" | "max" | "avg" | "count";
}

const host = { component: "host" };
const db = { db: "datname" };
const pool = { pool: "pool" };
const queue = { queue: "queue" };
const consumer = { queue: "consumer_name" };
const container = { component: "name" };
/** cAdvisor tells of cgroups that are no containers, too: these have no name. */
const named = (metric: string) => `${metric}{name!=""}`;

const exporters: Record<string, Normalised[]> = {
  node_exporter: [
    { metric: "cpu_limit_cores", of: 'node_cpu_seconds_total{mode="idle"}', labels: host, how: "count" },
    { metric: "load1", of: "node_load1", labels: host },
    { metric: "memory_limit_bytes", of: "node_memory_MemTotal_bytes", labels: host },
    { metric: "memory_used_bytes", of: "node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes", labels: host },
    { metric: "network_receive_bytes_total", of: 'node_network_receive_bytes_total{device!="lo"}', labels: host },
    { metric: "network_transmit_bytes_total", of: 'node_network_transmit_bytes_total{device!="lo"}', labels: host },
    { metric: "disk_io_seconds_total", of: "node_disk_io_time_seconds_total", labels: host },
    { metric: "disk_read_bytes_total", of: "node_disk_read_bytes_total", labels: host },
    { metric: "disk_written_bytes_total", of: "node_disk_written_bytes_total", labels: host },
    { metric: "open_fds", of: "node_filefd_allocated", labels: host },
    { metric: "open_fds_max", of: "node_filefd_maximum", labels: host },
  ],
  postgres_exporter: [
    { metric: "db_connections", of: "pg_stat_activity_count", by: { ...db, state: "state" } },
    { metric: "db_connections_max", of: "pg_settings_max_connections", how: "max" },
    { metric: "db_transactions_total", of: "pg_stat_database_xact_commit", by: db, labels: { outcome: "commit" } },
    { metric: "db_transactions_total", of: "pg_stat_database_xact_rollback", by: db, labels: { outcome: "rollback" } },
    { metric: "db_blocks_total", of: "pg_stat_database_blks_hit", by: db, labels: { result: "hit" } },
    { metric: "db_blocks_total", of: "pg_stat_database_blks_read", by: db, labels: { result: "read" } },
    { metric: "db_locks", of: "pg_locks_count", by: { ...db, mode: "mode" } },
    { metric: "db_deadlocks_total", of: "pg_stat_database_deadlocks", by: db },
    { metric: "db_temp_bytes_total", of: "pg_stat_database_temp_bytes", by: db },
    { metric: "db_longest_transaction_seconds", of: "pg_stat_activity_max_tx_duration", by: db, how: "max" },
    { metric: "db_size_bytes", of: "pg_database_size_bytes", by: db },
    { metric: "db_replication_lag_seconds", of: "pg_replication_lag_seconds", how: "max" },
  ],
  redis_exporter: [
    { metric: "cache_memory_used_bytes", of: "redis_memory_used_bytes" },
    // 0 is no limit, which is no capacity.
    { metric: "cache_memory_limit_bytes", of: "redis_memory_max_bytes > 0" },
    { metric: "cache_lookups_total", of: "redis_keyspace_hits_total", labels: { result: "hit" } },
    { metric: "cache_lookups_total", of: "redis_keyspace_misses_total", labels: { result: "miss" } },
    { metric: "cache_evictions_total", of: "redis_evicted_keys_total" },
    { metric: "cache_expirations_total", of: "redis_expired_keys_total" },
    { metric: "cache_commands_total", of: "redis_commands_processed_total" },
    { metric: "cache_clients", of: "redis_connected_clients" },
    { metric: "cache_blocked_clients", of: "redis_blocked_clients" },
    { metric: "cache_rejected_connections_total", of: "redis_rejected_connections_total" },
    { metric: "cache_keys", of: "redis_db_keys", by: { db: "db" } },
  ],
  rabbitmq: [
    { metric: "queue_depth", of: "rabbitmq_queue_messages_ready", by: queue },
    { metric: "queue_unacked", of: "rabbitmq_queue_messages_unacked", by: queue },
    { metric: "queue_consumers", of: "rabbitmq_queue_consumers", by: queue },
  ],
  nats_exporter: [
    { metric: "queue_depth", of: "jetstream_consumer_num_pending", by: consumer },
    { metric: "queue_unacked", of: "jetstream_consumer_num_ack_pending", by: consumer },
    { metric: "queue_consumers", of: "jetstream_consumer_num_waiting", by: consumer },
  ],
  nginx_exporter: [
    { metric: "http_requests_total", of: "nginx_http_requests_total" },
    ...["active", "reading", "writing", "waiting"].map((state): Normalised => {
      return { metric: "http_connections", of: `nginx_connections_${state}`, labels: { state } };
    }),
  ],
  hikaricp: [
    { metric: "db_pool_connections", of: "hikaricp_connections_active", by: pool, labels: { state: "in_use" } },
    { metric: "db_pool_connections", of: "hikaricp_connections_idle", by: pool, labels: { state: "idle" } },
    { metric: "db_pool_connections_max", of: "hikaricp_connections_max", by: pool },
    { metric: "db_pool_pending_requests", of: "hikaricp_connections_pending", by: pool },
    { metric: "db_pool_timeouts_total", of: "hikaricp_connections_timeout_total", by: pool },
  ],
  cadvisor: [
    { metric: "cpu_used_cores", of: `rate(${named("container_cpu_usage_seconds_total")}[1m])`, by: container },
    {
      metric: "cpu_limit_cores",
      of: `${named("container_spec_cpu_quota")} / ${named("container_spec_cpu_period")}`,
      by: container,
    },
    { metric: "cpu_throttled_seconds_total", of: named("container_cpu_cfs_throttled_seconds_total"), by: container },
    { metric: "memory_used_bytes", of: named("container_memory_working_set_bytes"), by: container },
    { metric: "memory_limit_bytes", of: `${named("container_spec_memory_limit_bytes")} > 0`, by: container },
    { metric: "network_receive_bytes_total", of: named("container_network_receive_bytes_total"), by: container },
    { metric: "network_transmit_bytes_total", of: named("container_network_transmit_bytes_total"), by: container },
    { metric: "process_start_time_seconds", of: named("container_start_time_seconds"), by: container, how: "max" },
  ],
};

/** What follows from the above, as Plimsoll reckons it of its own sources; of a counter over one minute. */
const derived: { metric: TargetMetric; expr: string; labels?: Record<string, string> }[] = [
  {
    metric: "cpu_utilization_ratio",
    expr: `1 - avg by (target) (${withTarget('rate(node_cpu_seconds_total{mode="idle"}[1m])')})`,
    labels: { source: "node_exporter", ...host },
  },
  {
    metric: "cpu_utilization_ratio",
    expr: `target_cpu_used_cores{source="cadvisor"} / target_cpu_limit_cores{source="cadvisor"}`,
  },
  {
    metric: "memory_utilization_ratio",
    expr: ratio("memory_used_bytes", "memory_limit_bytes", "node_exporter|cadvisor"),
  },
  { metric: "open_fds_utilization_ratio", expr: ratio("open_fds", "open_fds_max", "node_exporter") },
  {
    metric: "db_connections_utilization_ratio",
    expr:
      `sum by (target, source) (target_db_connections{source="postgres_exporter"})` +
      ` / on (target, source) target_db_connections_max{source="postgres_exporter"}`,
  },
  {
    metric: "db_pool_utilization_ratio",
    expr:
      `sum without (state) (target_db_pool_connections{source="hikaricp",state="in_use"})` +
      ` / target_db_pool_connections_max{source="hikaricp"}`,
  },
  {
    metric: "cache_memory_utilization_ratio",
    expr: ratio("cache_memory_used_bytes", "cache_memory_limit_bytes", "redis_exporter"),
  },
  {
    metric: "cache_hit_ratio",
    expr:
      `sum without (result) (rate(target_cache_lookups_total{source="redis_exporter",result="hit"}[1m]))` +
      ` / (sum without (result) (rate(target_cache_lookups_total{source="redis_exporter"}[1m])) > 0)`,
  },
];

function ratio(part: TargetMetric, whole: TargetMetric, source: string): string {
  return `target_${part}{source=~"${source}"} / target_${whole}{source=~"${source}"}`;
}

function withTarget(expr: string): string {
  return `label_replace(${expr}, "target", "$1", "instance", "(.*)")`;
}

const header = `# Generated by src/dashboards/generate.ts: the names of Plimsoll's /metrics for what a Prometheus scrapes of well-known
# exporters. Change src/dashboards/normalise.ts, then run it again.
`;

/** `prometheus/rules/normalise.yml`: a group for each exporter, then what follows from them. */
export function normalisingRules(): string {
  const groups = Object.entries(exporters).map(([source, rules]) => ({
    name: `plimsoll-normalise-${source.replaceAll("_", "-")}`,
    rules: rules.map(({ metric, of, by = {}, labels = {}, how = "sum" }) => {
      const renamed = Object.entries(by).reduce(
        (expr, [to, from]) => (to === from ? expr : `label_replace(${expr}, "${to}", "$1", "${from}", "(.*)")`),
        withTarget(of),
      );
      const expr = `${how} by (${["target", ...Object.keys(by)].join(", ")}) (${renamed})`;
      return { record: `target_${metric}`, expr, labels: { source, ...labels } };
    }),
  }));
  const follows = derived.map(({ metric, expr, labels }) => {
    return { record: `target_${metric}`, expr, ...(labels === undefined ? {} : { labels }) };
  });
  return (
    header +
    stringify({ groups: [...groups, { name: "plimsoll-normalise-derived", rules: follows }] }, { lineWidth: 0 })
  );
}
