import { metricsOfLooking, type TargetMetric, targetMetrics } from "../metrics/vocabulary.ts";

/** A name that exporters serve, and what it is in the vocabulary. */
export interface KnownName {
  metric: TargetMetric;
  /** Labels that the name stands for. */
  labels: Record<string, string>;
  /** As a mapping's `from`; see `PrometheusQuery`. */
  from: string;
  /** The exporter's labels by the vocabulary's. */
  rename: Record<string, string>;
  /** The exporter says 0 or less where there is no limit. */
  noneBelow1: boolean;
}

interface Details {
  labels?: Record<string, string>;
  rename?: Record<string, string>;
  noneBelow1?: boolean;
}

function known(metric: TargetMetric, from: string, { labels = {}, rename = {}, noneBelow1 = false }: Details = {}) {
  return { metric, labels, from, rename, noneBelow1 } satisfies KnownName;
}

const inUse = { state: "in_use" };
const idle = { state: "idle" };
const host = { component: "host" };
const db = { datname: "db" };
const provider = { gen_ai_provider_name: "dependency" };
/** OpenTelemetry's duration of calls of AI providers. */
const genAi = (before: string, after: string) =>
  `sum by (gen_ai_provider_name) (${before}gen_ai_client_operation_duration_seconds${after})`;
/** OpenTelemetry's name for the pool, as Prometheus writes it. */
const otelPool = { db_client_connection_pool_name: "pool" };

/**
 * The vocabulary's own names, with `target_` or without. Services serve counters such as `http_requests_total` by route,
 * method and status: without the prefix, they are added up to the vocabulary's labels.
 */
const vocabulary: KnownName[] = (Object.keys(targetMetrics) as TargetMetric[])
  // OpenTelemetry's exporters have a target_info of their own: the resource's attributes.
  .filter((metric) => !metricsOfLooking.has(metric) && metric !== "info")
  .flatMap((metric) => {
    const { type, labels } = targetMetrics[metric];
    const bare = type === "counter" ? `sum by (${labels.join(", ")}) (${metric})` : metric;
    return [known(metric, `target_${metric}`), known(metric, bare)];
  });

/**
 * Everything that is recognised without a mapping. Where two give the same series, the first does. Names: prom-client
 * and the other Prometheus client libraries, Micrometer (Spring, HikariCP, Tomcat), OpenTelemetry's database client
 * conventions, and the exporters of PostgreSQL, Redis, RabbitMQ, Celery, NATS, nginx and Linux.
 */
export const knownNames: KnownName[] = [
  ...vocabulary,

  // A process that says nothing of cores has one: Node and Python run on one.
  known("cpu_utilization_ratio", "rate(process_cpu_seconds_total) / target_cpu_limit_cores"),
  known("cpu_utilization_ratio", "rate(process_cpu_seconds_total) / cpu_limit_cores"),
  known("cpu_utilization_ratio", "rate(process_cpu_seconds_total) / go_sched_gomaxprocs_threads"),
  known("cpu_utilization_ratio", "process_cpu_usage"),
  known("cpu_utilization_ratio", "rate(process_cpu_seconds_total)"),
  known("cpu_limit_cores", "go_sched_gomaxprocs_threads"),
  known("cpu_limit_cores", "system_cpu_count"),
  known("memory_used_bytes", "process_resident_memory_bytes"),
  known("memory_used_bytes", "sum(jvm_memory_used_bytes)"),
  known("open_fds", "process_open_fds"),
  known("open_fds", "process_files_open_files"),
  known("open_fds_max", "process_max_fds"),
  known("open_fds_max", "process_files_max_files"),
  known("threads", "jvm_threads_live_threads"),
  known("threads", "go_threads"),
  known("runtime_heap_used_bytes", "nodejs_heap_size_used_bytes"),
  known("runtime_heap_limit_bytes", "nodejs_heap_size_total_bytes"),
  known("runtime_heap_used_bytes", 'sum(jvm_memory_used_bytes{area="heap"})'),
  known("runtime_heap_limit_bytes", 'sum(jvm_memory_max_bytes{area="heap"})', { noneBelow1: true }),
  known("runtime_gc_seconds_total", "sum(nodejs_gc_duration_seconds_sum)"),
  known("runtime_gc_seconds_total", "sum(jvm_gc_pause_seconds_sum)"),
  known("runtime_gc_seconds_total", "go_gc_duration_seconds_sum"),
  known("runtime_eventloop_lag_seconds", "nodejs_eventloop_lag_p99_seconds"),
  known("workers", "tomcat_threads_busy_threads", { labels: { state: "busy" } }),
  known("workers_max", "tomcat_threads_config_max_threads"),
  known("http_requests_total", "sum(http_server_requests_seconds_count)"),
  known("http_requests_total", "nginx_http_requests_total"),
  known("http_connections", "nginx_connections_active", { labels: { state: "active" } }),
  known("http_connections", "nginx_connections_reading", { labels: { state: "reading" } }),
  known("http_connections", "nginx_connections_writing", { labels: { state: "writing" } }),
  known("http_connections", "nginx_connections_waiting", { labels: { state: "waiting" } }),

  known("db_pool_connections", "hikaricp_connections_active", { labels: inUse }),
  known("db_pool_connections", "hikaricp_connections_idle", { labels: idle }),
  known("db_pool_connections_max", "hikaricp_connections_max"),
  known("db_pool_pending_requests", "hikaricp_connections_pending"),
  known("db_pool_timeouts_total", "hikaricp_connections_timeout_total"),
  known("db_pool_connections", 'db_client_connection_count{state="used"}', { labels: inUse, rename: otelPool }),
  known("db_pool_connections", 'db_client_connection_count{state="idle"}', { labels: idle, rename: otelPool }),
  known("db_pool_connections_max", "db_client_connection_max", { rename: otelPool }),
  known("db_pool_pending_requests", "db_client_connection_pending_requests", { rename: otelPool }),
  known("db_pool_timeouts_total", "db_client_connection_timeouts_total", { rename: otelPool }),

  known("db_connections", "sum by (datname, state) (pg_stat_activity_count)", { rename: db }),
  known("db_connections_max", "max(pg_settings_max_connections)"),
  known("db_transactions_total", "sum by (datname) (pg_stat_database_xact_commit)", {
    labels: { outcome: "commit" },
    rename: db,
  }),
  known("db_transactions_total", "sum by (datname) (pg_stat_database_xact_rollback)", {
    labels: { outcome: "rollback" },
    rename: db,
  }),
  known("db_blocks_total", "sum by (datname) (pg_stat_database_blks_hit)", { labels: { result: "hit" }, rename: db }),
  known("db_blocks_total", "sum by (datname) (pg_stat_database_blks_read)", { labels: { result: "read" }, rename: db }),
  known("db_locks", "sum by (datname, mode) (pg_locks_count)", { rename: db }),
  known("db_deadlocks_total", "sum by (datname) (pg_stat_database_deadlocks)", { rename: db }),
  known("db_temp_bytes_total", "sum by (datname) (pg_stat_database_temp_bytes)", { rename: db }),
  known("db_longest_transaction_seconds", "max by (datname) (pg_stat_activity_max_tx_duration)", { rename: db }),
  known("db_size_bytes", "sum by (datname) (pg_database_size_bytes)", { rename: db }),
  known("db_replication_lag_seconds", "max(pg_replication_lag_seconds)"),

  known("cache_memory_used_bytes", "redis_memory_used_bytes"),
  known("cache_memory_limit_bytes", "redis_memory_max_bytes", { noneBelow1: true }),
  known("cache_lookups_total", "redis_keyspace_hits_total", { labels: { result: "hit" } }),
  known("cache_lookups_total", "redis_keyspace_misses_total", { labels: { result: "miss" } }),
  known("cache_evictions_total", "redis_evicted_keys_total"),
  known("cache_expirations_total", "redis_expired_keys_total"),
  known("cache_commands_total", "redis_commands_processed_total"),
  known("cache_clients", "redis_connected_clients"),
  known("cache_blocked_clients", "redis_blocked_clients"),
  known("cache_rejected_connections_total", "redis_rejected_connections_total"),
  known("cache_keys", "redis_db_keys"),

  known("queue_depth", "rabbitmq_queue_messages_ready"),
  known("queue_depth", "celery_queue_length", { rename: { queue_name: "queue" } }),
  known("queue_depth", "sum by (consumer_name) (jetstream_consumer_num_pending)", {
    rename: { consumer_name: "queue" },
  }),
  known("queue_unacked", "rabbitmq_queue_messages_unacked"),
  known("queue_unacked", "sum by (consumer_name) (jetstream_consumer_num_ack_pending)", {
    rename: { consumer_name: "queue" },
  }),
  known("queue_consumers", "rabbitmq_queue_consumers"),
  known("queue_consumers", "celery_active_consumer_count", { rename: { queue_name: "queue" } }),
  known("queue_consumers", "sum by (consumer_name) (jetstream_consumer_num_waiting)", {
    rename: { consumer_name: "queue" },
  }),

  known("dependency_duration_seconds", `${genAi("rate(", "_sum)")} / ${genAi("rate(", "_count)")}`, {
    rename: provider,
  }),
  known("dependency_requests_total", genAi("", "_count"), { rename: provider }),
  known("llm_tokens_total", "sum by (gen_ai_request_model, gen_ai_token_type) (gen_ai_client_token_usage_sum)", {
    rename: { gen_ai_request_model: "model", gen_ai_token_type: "type" },
  }),
  known("llm_tokens_total", "sum by (model_name) (vllm:prompt_tokens_total)", {
    labels: { type: "input" },
    rename: { model_name: "model" },
  }),
  known("llm_tokens_total", "sum by (model_name) (vllm:generation_tokens_total)", {
    labels: { type: "output" },
    rename: { model_name: "model" },
  }),

  known("cpu_utilization_ratio", '1 - avg(rate(node_cpu_seconds_total{mode="idle"}))', { labels: host }),
  known("cpu_utilization_ratio", "system_cpu_usage", { labels: host }),
  known("load1", "node_load1", { labels: host }),
  known("load1", "system_load_average_1m", { labels: host }),
  known("memory_used_bytes", "node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes", { labels: host }),
  known("memory_limit_bytes", "node_memory_MemTotal_bytes", { labels: host }),
  // Loopback is no network; an exporter may be told to leave it out.
  known(
    "network_receive_bytes_total",
    'sum(node_network_receive_bytes_total) - sum(node_network_receive_bytes_total{device="lo"})',
    { labels: host },
  ),
  known("network_receive_bytes_total", "sum(node_network_receive_bytes_total)", { labels: host }),
  known(
    "network_transmit_bytes_total",
    'sum(node_network_transmit_bytes_total) - sum(node_network_transmit_bytes_total{device="lo"})',
    { labels: host },
  ),
  known("network_transmit_bytes_total", "sum(node_network_transmit_bytes_total)", { labels: host }),
  known("disk_io_seconds_total", "sum(node_disk_io_time_seconds_total)", { labels: host }),
  known("disk_read_bytes_total", "sum(node_disk_read_bytes_total)", { labels: host }),
  known("disk_written_bytes_total", "sum(node_disk_written_bytes_total)", { labels: host }),
  known("open_fds", "node_filefd_allocated", { labels: host }),
  known("open_fds_max", "node_filefd_maximum", { labels: host }),
];
