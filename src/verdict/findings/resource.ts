import type { TargetSeries } from "../target-statistics.ts";
import type { Point } from "../trend.ts";

/** What can give way, in people's words. */
export type Resource =
  | "database pool"
  | "database"
  | "database locks"
  | "CPU"
  | "memory"
  | "cache"
  | "queue"
  | "workers"
  | "rate limit"
  | "dependency";

/**
 * How a metric shows that a resource is used up: `full` by how full it is, `waiting` by who waits for it, `refused` by who
 * it turns away, `missing` by how little it does (a cache's hits).
 */
export type Sign = "full" | "waiting" | "refused" | "missing";

export interface Pressure {
  resource: Resource;
  sign: Sign;
  /** Saturated at or above it (`missing`: below it), in the metric's unit. */
  limit: number;
}

/**
 * What saturation is. A pool or a worker's place is full when it is; a CPU queues before it is full, and its utilisation is
 * a mean over a second or more. Of waiters there are normally none, and of refusals. A cache that answers less than a fifth
 * might as well not be there.
 */
const pressures: Record<string, Pressure> = {
  db_pool_utilization_ratio: { resource: "database pool", sign: "full", limit: 0.95 },
  db_pool_pending_requests: { resource: "database pool", sign: "waiting", limit: 1 },
  db_pool_timeouts_total: { resource: "database pool", sign: "refused", limit: 0.1 },
  db_connections_utilization_ratio: { resource: "database", sign: "full", limit: 0.95 },
  db_locks_waiting: { resource: "database locks", sign: "waiting", limit: 1 },
  db_deadlocks_total: { resource: "database locks", sign: "refused", limit: 0.1 },
  cpu_utilization_ratio: { resource: "CPU", sign: "full", limit: 0.9 },
  cpu_throttled_seconds_total: { resource: "CPU", sign: "refused", limit: 0.1 },
  memory_utilization_ratio: { resource: "memory", sign: "full", limit: 0.95 },
  cache_memory_utilization_ratio: { resource: "cache", sign: "full", limit: 0.98 },
  cache_hit_ratio: { resource: "cache", sign: "missing", limit: 0.2 },
  cache_rejected_connections_total: { resource: "cache", sign: "refused", limit: 0.1 },
  queue_depth: { resource: "queue", sign: "waiting", limit: 10 },
  queue_oldest_age_seconds: { resource: "queue", sign: "waiting", limit: 1 },
  workers_utilization: { resource: "workers", sign: "full", limit: 0.95 },
  dependency_rate_limited_total: { resource: "dependency", sign: "refused", limit: 0.1 },
  circuit_breaker_open: { resource: "dependency", sign: "refused", limit: 1 },
  http_requests_rate_limited_total: { resource: "rate limit", sign: "refused", limit: 0.1 },
};

export function pressureOf(metric: string): Pressure | undefined {
  return Object.hasOwn(pressures, metric) ? pressures[metric] : undefined;
}

/**
 * Whose lack fills whom: a cache that misses sends its look-ups to the database's pool, a lock that is waited for is waited
 * for with a connection in hand. Where both are saturated, the first is the cause.
 */
const upstream: readonly [cause: Resource, effect: Resource][] = [
  ["cache", "database pool"],
  ["cache", "database"],
  ["database locks", "database pool"],
  ["database locks", "workers"],
  ["database pool", "workers"],
  ["dependency", "workers"],
];

export function isUpstream(cause: Resource, effect: Resource): boolean {
  return upstream.some(([one, other]) => one === cause && other === effect);
}

/** A series as it presses: a gauge's values, a counter's increase a second. */
export function pressurePoints(series: TargetSeries): Point[] {
  const { points } = series.points();
  if (series.type === "gauge") return points;
  return points.flatMap((point, i) => {
    const before = points[i - 1];
    if (before === undefined || point.at <= before.at) return [];
    const rise = point.value < before.value ? point.value : point.value - before.value;
    return [{ at: point.at, value: rise / ((point.at - before.at) / 1000) }];
  });
}
