import { type Alert, scraped as of } from "./alert.ts";
import { cacheHitRatio } from "./measures.ts";

/** The source and what it told of, where it names it: `redis main`. */
const named = (label: string) => `{{ $labels.source }}{{ with $labels.${label} }} {{ . }}{{ end }}`;

const memory = of.target("memory_used_bytes");
const pool = "max by (target, source, pool)";
const pending = `${pool} (${of.target("db_pool_pending_requests")})`;
const inUse = `${pool} (${of.target("db_pool_connections", { state: "in_use" })})`;

/** Of the system under test. */
export const targetAlerts: Alert[] = [
  {
    alert: "TargetMetricsMissing",
    expr: `${of.target("up")} == 0`,
    for: "30s",
    severity: "warning",
    summary: "The source {{ $labels.source }} of {{ $labels.target }} does not answer",
    description: "Its part of the target's health is a gap; thresholds on it cannot be judged.",
  },
  {
    alert: "TargetMetricsStale",
    // Three times the longest interval at which a source is asked unless the scenario says otherwise. A source that is
    // known to be down is TargetMetricsMissing's.
    expr: `time() - ${of.target("scrape_last_success_timestamp_seconds")} > 45 and ${of.target("up")} == 1`,
    for: "30s",
    severity: "warning",
    summary: "The source {{ $labels.source }} of {{ $labels.target }} is not asked any more",
    description: "Its last answer is {{ $value | humanizeDuration }} old.",
  },
  {
    alert: "TargetCpuSaturated",
    expr: `${of.target("cpu_utilization_ratio")} > 0.9`,
    for: "2m",
    severity: "warning",
    summary: "The CPU of {{ $labels.target }} is saturated",
    description: `${named("component")} uses {{ $value | humanizePercentage }} of what it may.`,
  },
  {
    alert: "TargetMemoryNearLimit",
    expr: `${of.target("memory_utilization_ratio")} > 0.9`,
    for: "2m",
    severity: "warning",
    summary: "The memory of {{ $labels.target }} is nearly full",
    description: `${named("component")} uses {{ $value | humanizePercentage }} of what it may.`,
  },
  {
    alert: "TargetDbConnectionsNearMax",
    expr: `${of.target("db_connections_utilization_ratio")} > 0.8`,
    for: "1m",
    severity: "warning",
    summary: "The database of {{ $labels.target }} has nearly all the connections that it admits",
    description: "{{ $labels.source }} has {{ $value | humanizePercentage }} of them.",
  },
  {
    alert: "TargetDbDeadlocks",
    expr: `increase(${of.target("db_deadlocks_total")}[5m]) > 0`,
    severity: "warning",
    summary: "Transactions of {{ $labels.target }} lock one another out",
    description: `${named("db")} ended deadlocks by failing a transaction.`,
  },
  {
    alert: "TargetDbIdleInTransaction",
    expr: `sum by (target, source, db) (${of.target("db_connections", { state: { matches: "idle in transaction.*" } })}) > 0`,
    for: "2m",
    severity: "warning",
    summary: "Transactions of {{ $labels.target }} stay open and do nothing",
    description: `${named("db")} has {{ $value }} of them: they hold their locks, and their connections.`,
  },
  {
    alert: "TargetDbPoolExhausted",
    expr: `${pending} > 0` + ` or (${inUse} >= ${pool} (${of.target("db_pool_connections_max")}) unless ${pending})`,
    for: "15s",
    severity: "warning",
    summary: "A database pool of {{ $labels.target }} is exhausted",
    description: `${named("pool")}: callers wait for a connection or, where the pool does not tell, all are in use.`,
  },
  {
    alert: "TargetRestarted",
    expr: `changes(${of.target("process_start_time_seconds")}[5m]) > 0`,
    severity: "warning",
    summary: "{{ $labels.target }} restarted",
    description: `The process of ${named("component")} has a new start time.`,
  },
  {
    alert: "TargetCacheHitRatioLow",
    expr: `(${cacheHitRatio(of)}) < 0.7`,
    for: "2m",
    severity: "warning",
    summary: "A cache of {{ $labels.target }} misses often",
    description: `${named("cache")}: {{ $value | humanizePercentage }} of look-ups are hits.`,
  },
  {
    alert: "TargetCacheEvictions",
    expr: `${of.targetRate("cache_evictions_total")} > 0`,
    for: "1m",
    severity: "warning",
    summary: "A cache of {{ $labels.target }} is too small",
    description: `${named("cache")} evicts {{ $value | humanize }} keys a second that nobody asked it to forget.`,
  },
  {
    alert: "TargetQueueBacklogGrowing",
    expr: `deriv(${of.target("queue_depth")}[2m]) > 0 and ${of.target("queue_depth")} > 100`,
    for: "2m",
    severity: "warning",
    summary: "A queue of {{ $labels.target }} grows",
    description: `${named("queue")} grows by {{ $value | humanize }} messages a second: they come faster than they are worked off.`,
  },
  {
    alert: "TargetQueueNoConsumers",
    expr: `${of.target("queue_depth")} > 0 and ${of.target("queue_consumers")} == 0`,
    for: "30s",
    severity: "warning",
    summary: "A queue of {{ $labels.target }} has nobody who works it off",
    description: `${named("queue")} holds {{ $value }} messages and has no consumer.`,
  },
  {
    alert: "SoakMemoryLeak",
    // Half an hour of it must be there: what a start takes says nothing of the next hours.
    expr: `predict_linear(${memory}[30m], 4 * 3600) > ${of.target("memory_limit_bytes")}` + ` and ${memory} offset 30m`,
    for: "15m",
    severity: "warning",
    summary: "The memory of {{ $labels.target }} is full within four hours",
    description: `${named("component")} will use {{ $value | humanize1024 }}B if it goes on as in the last half hour.`,
  },
];
