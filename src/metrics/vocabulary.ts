/**
 * Every metric name that Plimsoll serves, once. `/metrics` registers them, dashboards and rules query them, thresholds
 * and sources name them: a renamed metric breaks the build, not a panel.
 *
 * Conventions: Prometheus naming (base units, `_total`, `_ratio` 0 to 1); `target_*` follow the words of the
 * exporters and of OpenTelemetry.
 */
export interface Metric {
  type: "counter" | "gauge" | "histogram";
  help: string;
  /** Labels of its own, beside `run_id` (plimsoll_*) or `target` and `source` (target_*). */
  labels: readonly string[];
}

const counter = (help: string, ...labels: string[]): Metric => ({ type: "counter", help, labels });
const gauge = (help: string, ...labels: string[]): Metric => ({ type: "gauge", help, labels });
const histogram = (help: string, ...labels: string[]): Metric => ({ type: "histogram", help, labels });

/** What Plimsoll measures of its load and of itself. All carry `run_id`. */
export const plimsollMetrics = {
  plimsoll_response_time_seconds: histogram(
    "Time from the intended start of a request to its last byte; the headline latency.",
    "scenario",
    "request",
    "outcome",
  ),
  plimsoll_service_time_seconds: histogram(
    "Time from the actual start of a request to its last byte.",
    "scenario",
    "request",
    "outcome",
  ),
  plimsoll_request_phase_duration_seconds: histogram(
    "Parts of an exchange: dns, connect, tls of a new connection; send, wait, receive of each request. With timings: full.",
    "scenario",
    "phase",
  ),
  plimsoll_requests_total: counter(
    "Requests that ended, by what the scenario expects of them.",
    "scenario",
    "user",
    "request",
    "method",
    "status_code",
    "outcome",
  ),
  plimsoll_request_errors_total: counter(
    "Requests that failed, by failure kind or status code.",
    "scenario",
    "user",
    "request",
    "method",
    "error_type",
  ),
  plimsoll_inflight_requests: gauge("Requests under way.", "scenario"),
  plimsoll_iterations_total: counter("Tasks that ran to their end.", "scenario", "outcome"),
  plimsoll_iteration_duration_seconds: histogram(
    "Time of a task from its first step to its end, its pauses and failed ones too. With timings: full.",
    "scenario",
  ),
  plimsoll_checks_total: counter(
    "Checks of the scenario's code, by whether they held.",
    "scenario",
    "check",
    "outcome",
  ),
  plimsoll_exceptions_total: counter(
    "Iterations that an exception of the scenario's code ended, or a step that could not go on.",
    "scenario",
    "user",
    "task",
  ),
  plimsoll_group_duration_seconds: histogram(
    "Time from the first step of a group to the end of its last.",
    "scenario",
    "group",
    "outcome",
  ),
  plimsoll_unique_values_total: counter(
    "Values of expect.unique: all that were checked; of these duplicate, and unchecked past the limit.",
    "scenario",
    "request",
    "result",
  ),
  plimsoll_dropped_iterations_total: counter("Iterations planned but not started.", "scenario", "reason"),
  plimsoll_llm_tokens_total: counter(
    "Tokens that responses say they cost, by usage: of a step.",
    "scenario",
    "model",
    "type",
  ),
  plimsoll_rate_limited_total: counter(
    "Responses that refuse for a rate limit, by the limit that their headers say is used up: requests, tokens, unknown.",
    "scenario",
    "limit",
  ),
  plimsoll_schedule_delay_seconds: histogram("How late users and iterations started against the schedule.", "scenario"),
  plimsoll_arrival_rate_target: gauge("Iterations a second that the plan wants started; of open loads.", "scenario"),
  plimsoll_users: gauge("Users active.", "scenario"),
  plimsoll_users_max: gauge("Users that the plan reaches.", "scenario"),
  plimsoll_stage: gauge("Index of the stage the load is in, from 0.", "scenario"),
  plimsoll_stage_start_timestamp_seconds: gauge("When a stage began, Unix time.", "scenario", "stage"),
  plimsoll_sent_bytes_total: counter("Bytes of request bodies sent."),
  plimsoll_received_bytes_total: counter("Bytes of response bodies received."),
  plimsoll_connections_open: gauge("Connections to the target that are open.", "scenario"),
  plimsoll_connections_opened_total: counter("Connections to the target that were opened.", "scenario"),
  plimsoll_label_overflow_total: counter("Series asked for past a label's limit and counted as __other__.", "label"),
  plimsoll_threshold_ok: gauge(
    "1 while a threshold holds, 0 while it is broken; absent without data.",
    "threshold",
    "level",
  ),
  plimsoll_threshold_value: gauge("The measured value of a threshold.", "threshold", "level"),
  plimsoll_threshold_limit: gauge("The limit of a threshold.", "threshold", "level"),
  plimsoll_run_info: gauge("1; the run's plan as labels.", "scenario", "profile", "version", "target", "git_sha"),
  plimsoll_run_state: gauge("1 for the state the run is in, 0 for the others.", "state"),
  plimsoll_run_start_timestamp_seconds: gauge("When the run started, Unix time."),
  plimsoll_run_end_timestamp_seconds: gauge("When the run ended, Unix time; absent while it runs."),
  plimsoll_build_info: gauge("1; the version of Plimsoll and Node.", "version", "node"),
  plimsoll_eventloop_utilization_ratio: gauge("Share of the last interval a worker's event loop was busy.", "worker"),
  plimsoll_eventloop_delay_seconds: histogram("How late a worker's event loop ran a timer.", "worker"),
  plimsoll_worker_cpu_seconds_total: counter("CPU time of a worker's thread.", "worker"),
  plimsoll_worker_connections_open: gauge("Connections to the target that a worker holds.", "worker"),
  plimsoll_worker_up: gauge("1 while a worker reports, 0 when it is lost.", "worker"),
  plimsoll_spans_total: counter("Spans by what became of them: exported, dropped, unsampled.", "result"),
} as const satisfies Record<string, Metric>;

export type PlimsollMetric = keyof typeof plimsollMetrics;

/** States of `plimsoll_run_state`. */
export const runStates = ["running", "stopping", "passed", "failed", "stopped", "inconclusive"] as const;
export type RunState = (typeof runStates)[number];

/** What Plimsoll sees of the system under test. All carry `target` and `source`. Names without the prefix `target_`. */
export const targetMetrics = {
  up: gauge("1 while a source of the target's health answers.", "kind"),
  scrape_duration_seconds: gauge("How long the last look at a source took.", "kind"),
  scrapes_total: counter("Looks at a source.", "kind"),
  scrape_errors_total: counter("Looks at a source that failed.", "kind", "reason"),
  scrape_last_success_timestamp_seconds: gauge("When a source last answered, Unix time.", "kind"),

  info: gauge("1; the version that a source says it has.", "version"),
  db_connections: gauge("Connections to the database, by state.", "db", "state"),
  db_connections_max: gauge("Connections the database admits."),
  db_connections_utilization_ratio: gauge("Connections against what the database admits."),
  db_transactions_total: counter("Transactions ended.", "db", "outcome"),
  db_blocks_total: counter("Blocks found in the database's cache or read.", "db", "result"),
  db_locks: gauge("Locks held.", "db", "mode"),
  db_locks_waiting: gauge("Locks waited for.", "db"),
  db_deadlocks_total: counter("Deadlocks.", "db"),
  db_temp_bytes_total: counter("Bytes written to temporary files.", "db"),
  db_longest_transaction_seconds: gauge("Age of the oldest open transaction.", "db"),
  db_size_bytes: gauge("Size of the database.", "db"),
  db_replication_lag_seconds: gauge("How far a replica is behind.", "db"),

  db_pool_connections: gauge("Connections of the service's pool, by state (in_use, idle).", "pool", "state"),
  db_pool_connections_max: gauge("Connections the service's pool may have.", "pool"),
  db_pool_utilization_ratio: gauge("Connections in use against what the pool may have.", "pool"),
  db_pool_overflow: gauge("Connections opened beyond the pool's size.", "pool"),
  db_pool_pending_requests: gauge("Callers waiting for a connection of the pool.", "pool"),
  db_pool_timeouts_total: counter("Callers that gave up waiting for a connection.", "pool"),

  cache_memory_used_bytes: gauge("Memory the cache uses.", "cache"),
  cache_memory_limit_bytes: gauge("Memory the cache may use.", "cache"),
  cache_memory_utilization_ratio: gauge("Memory used against what the cache may use.", "cache"),
  cache_lookups_total: counter("Look-ups, by result (hit, miss).", "cache", "result"),
  cache_hit_ratio: gauge("Hits against look-ups of the last interval, or as the source tells it.", "cache"),
  cache_evictions_total: counter("Keys evicted.", "cache"),
  cache_expirations_total: counter("Keys expired.", "cache"),
  cache_commands_total: counter("Commands processed.", "cache"),
  cache_memory_fragmentation_ratio: gauge("Memory that the cache holds of the system against what it uses.", "cache"),
  cache_clients: gauge("Clients connected.", "cache"),
  cache_clients_max: gauge("Clients the cache admits.", "cache"),
  cache_clients_utilization_ratio: gauge("Clients connected against what the cache admits.", "cache"),
  cache_blocked_clients: gauge("Clients waiting in a blocking command.", "cache"),
  cache_rejected_connections_total: counter("Connections refused.", "cache"),
  cache_keys: gauge("Keys held.", "cache", "db"),
  cache_replicas: gauge("Replicas connected.", "cache"),
  cache_replication_lag_bytes: gauge("What the replica that is furthest behind has not yet taken.", "cache"),

  queue_depth: gauge("Messages waiting.", "queue"),
  queue_unacked: gauge("Messages delivered and not yet acknowledged.", "queue"),
  queue_consumers: gauge("Consumers.", "queue"),
  queue_published_total: counter("Messages published.", "queue"),
  queue_delivered_total: counter("Messages delivered to consumers, again ones included.", "queue"),
  queue_consumed_total: counter("Messages acknowledged.", "queue"),
  queue_redelivered_total: counter("Messages delivered again.", "queue"),
  queue_oldest_age_seconds: gauge("Age of the oldest message.", "queue"),
  queue_connections: gauge("Connections to the broker."),
  queue_connections_max: gauge("Connections the broker admits."),
  queue_connections_utilization_ratio: gauge("Connections against what the broker admits."),
  queue_slow_consumers_total: counter("Consumers that the broker cut off because they were too slow."),
  queue_alarm: gauge("1 while the broker holds publishers back, by alarm (memory, disk).", "component", "alarm"),

  cpu_utilization_ratio: gauge("CPU used against what the component may use.", "component"),
  cpu_used_cores: gauge("Cores used: 1 is one core that is always busy.", "component"),
  cpu_limit_cores: gauge("Cores the component may use.", "component"),
  cpu_throttled_seconds_total: counter("Time the component was throttled.", "component"),
  load1: gauge("Load average over one minute.", "component"),
  memory_used_bytes: gauge("Memory in use.", "component"),
  memory_limit_bytes: gauge("Memory the component may use.", "component"),
  memory_utilization_ratio: gauge("Memory in use against what the component may use.", "component"),
  network_receive_bytes_total: counter("Bytes received.", "component"),
  network_transmit_bytes_total: counter("Bytes sent.", "component"),
  disk_io_seconds_total: counter("Time spent on disk I/O.", "component"),
  disk_read_bytes_total: counter("Bytes read from disks.", "component"),
  disk_written_bytes_total: counter("Bytes written to disks.", "component"),
  open_fds: gauge("Open file descriptors.", "component"),
  open_fds_max: gauge("File descriptors the component may have open.", "component"),
  open_fds_utilization_ratio: gauge("Open file descriptors against what the component may have.", "component"),
  threads: gauge("Threads.", "component"),
  instances: gauge("Processes or replicas that the figures are of.", "component"),
  process_start_time_seconds: gauge("When the process started, Unix time.", "component"),
  restarts_total: counter("Restarts.", "component"),
  runtime_heap_used_bytes: gauge("Heap in use.", "component"),
  runtime_heap_limit_bytes: gauge("Heap available.", "component"),
  runtime_heap_utilization_ratio: gauge("Heap in use against what is available.", "component"),
  runtime_gc_seconds_total: counter("Time spent collecting garbage.", "component"),
  runtime_eventloop_lag_seconds: gauge("Event-loop lag, as the runtime tells it.", "component"),
  workers: gauge("Workers of the service, by state (busy, idle).", "component", "state"),
  workers_max: gauge("Workers the service may have.", "component"),
  workers_utilization_ratio: gauge("Busy workers against those the service may have.", "component"),
  http_requests_total: counter("Requests the service has served.", "component"),
  http_connections: gauge("Connections of the service, by state.", "component", "state"),
  http_connections_accepted_total: counter("Connections the service has accepted.", "component"),
  http_connections_dropped_total: counter("Connections the service accepted and could not serve.", "component"),

  circuit_breaker_open: gauge("1 while a circuit breaker is open.", "name"),
  dependency_duration_seconds: gauge("Mean latency of a dependency.", "dependency"),
  dependency_requests_total: counter("Calls of a dependency.", "dependency", "outcome"),
  dependency_rate_limited_total: counter("Calls that a dependency refused for their rate.", "dependency"),
  llm_tokens_total: counter("Tokens used.", "model", "type"),
  log_lines_total: counter("Log lines, by level.", "level"),
  log_matches_total: counter("Log lines that a pattern of the scenario matches.", "pattern"),
} as const satisfies Record<string, Metric>;

export type TargetMetric = keyof typeof targetMetrics;

/** What is told of looking at a source, not of the target: so it has no gaps, and stays while the source is down. */
export const metricsOfLooking: ReadonlySet<string> = new Set<TargetMetric>([
  "up",
  "scrape_duration_seconds",
  "scrapes_total",
  "scrape_errors_total",
  "scrape_last_success_timestamp_seconds",
]);

/** The vocabulary's entry for a name without prefix, if it has one: a source may also bring names of its own. */
export function targetMetric(name: string): Metric | undefined {
  return Object.hasOwn(targetMetrics, name) ? targetMetrics[name as TargetMetric] : undefined;
}

/**
 * The classic bounds (`le`, seconds) that every latency histogram on `/metrics` has. The latencies that a plan's
 * thresholds name are added, so that none of them falls between two bounds.
 */
export const defaultBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10,
  20, 30, 60,
];
