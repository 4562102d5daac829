import { type Observation, seriesName } from "../metrics/observation.ts";
import type { TargetMetric } from "../metrics/vocabulary.ts";

/** A gauge that is the quotient of two others of the same look and the same labels. */
interface Quotient {
  metric: TargetMetric;
  part: TargetMetric;
  whole: TargetMetric;
  /** Only series with these labels count as parts; the labels are dropped. */
  of: Record<string, string>;
  /** True where the whole has no labels: all parts of the source are added. */
  summed: boolean;
}

const quotients: Quotient[] = [
  {
    metric: "db_pool_utilization_ratio",
    part: "db_pool_connections",
    whole: "db_pool_connections_max",
    of: { state: "in_use" },
    summed: false,
  },
  {
    metric: "db_connections_utilization_ratio",
    part: "db_connections",
    whole: "db_connections_max",
    of: {},
    summed: true,
  },
  {
    metric: "memory_utilization_ratio",
    part: "memory_used_bytes",
    whole: "memory_limit_bytes",
    of: {},
    summed: false,
  },
  {
    metric: "cache_memory_utilization_ratio",
    part: "cache_memory_used_bytes",
    whole: "cache_memory_limit_bytes",
    of: {},
    summed: false,
  },
  {
    metric: "cache_clients_utilization_ratio",
    part: "cache_clients",
    whole: "cache_clients_max",
    of: {},
    summed: false,
  },
  {
    metric: "queue_connections_utilization_ratio",
    part: "queue_connections",
    whole: "queue_connections_max",
    of: {},
    summed: false,
  },
  {
    metric: "runtime_heap_utilization_ratio",
    part: "runtime_heap_used_bytes",
    whole: "runtime_heap_limit_bytes",
    of: {},
    summed: false,
  },
  {
    metric: "workers_utilization_ratio",
    part: "workers",
    whole: "workers_max",
    of: { state: "busy" },
    summed: false,
  },
  {
    metric: "open_fds_utilization_ratio",
    part: "open_fds",
    whole: "open_fds_max",
    of: {},
    summed: false,
  },
];

const derivedMetrics = new Set<string>([...quotients.map(({ metric }) => metric), "cache_hit_ratio"]);

interface Lookups {
  hits: number;
  misses: number;
}

/**
 * Adds to a source's observations the gauges that thresholds ask for and that follow from them: utilizations, and the
 * cache's hit ratio between this look and the last good one (never the lifetime's). What the source once gave itself is
 * left to it. One object for each source, given every good look in turn.
 */
export class Derivation {
  readonly #given = new Set<string>();
  #lookups = new Map<string, Lookups>();

  /** The observations of one look with those that follow; `db_pool_overflow` below 0 becomes 0. */
  derive(observations: Observation[]): Observation[] {
    const all = observations.map(clampOverflow);
    for (const { metric, labels } of all) {
      if (derivedMetrics.has(metric)) this.#given.add(seriesName(metric, labels));
    }
    const byMetric = Map.groupBy(all, ({ metric }) => metric);
    const derived = [...quotients.flatMap((one) => quotientsOf(one, byMetric)), ...this.#hitRatios(all)];
    return [...all, ...derived.filter(({ metric, labels }) => !this.#given.has(seriesName(metric, labels)))];
  }

  #hitRatios(observations: Observation[]): Observation[] {
    const before = this.#lookups;
    this.#lookups = lookupsOf(observations);
    return observations.flatMap((observation) => {
      if (observation.metric !== "cache_lookups_total" || observation.labels["result"] !== "hit") return [];
      const labels = without(observation.labels, ["result"]);
      const key = seriesName("", labels);
      const now = this.#lookups.get(key);
      const then = before.get(key);
      if (now === undefined || then === undefined) return [];
      // When either went back, both began again at 0.
      const restarted = now.hits < then.hits || now.misses < then.misses;
      const hits = now.hits - (restarted ? 0 : then.hits);
      const misses = now.misses - (restarted ? 0 : then.misses);
      // Nothing was looked up: there is no ratio, which is not a ratio of 0.
      return hits + misses > 0 ? [gauge(observation, "cache_hit_ratio", labels, hits / (hits + misses))] : [];
    });
  }
}

/** SQLAlchemy's overflow counts up from minus the pool's size. */
function clampOverflow(observation: Observation): Observation {
  return observation.metric === "db_pool_overflow" && observation.value < 0
    ? { ...observation, value: 0 }
    : observation;
}

function quotientsOf(
  { metric, part, whole, of, summed }: Quotient,
  byMetric: Map<string, Observation[]>,
): Observation[] {
  const limits = byMetric.get(whole)?.filter(({ value }) => value > 0) ?? [];
  if (limits.length === 0) return [];
  const fixed = Object.entries(of);
  const dropped = Object.keys(of);
  const used = new Map<string, number>();
  for (const { labels, value } of byMetric.get(part) ?? []) {
    if (!fixed.every(([label, text]) => labels[label] === text)) continue;
    const key = summed ? "" : seriesName("", dropped.length === 0 ? labels : without(labels, dropped));
    used.set(key, (used.get(key) ?? 0) + value);
  }
  return limits.flatMap((limit) => {
    const sum = used.get(summed ? "" : seriesName("", limit.labels));
    return sum === undefined ? [] : [gauge(limit, metric, limit.labels, sum / limit.value)];
  });
}

/** By the cache's labels; only where both hits and misses are told. */
function lookupsOf(observations: Observation[]): Map<string, Lookups> {
  const lookups = new Map<string, Partial<Lookups>>();
  for (const { metric, labels, value } of observations) {
    const result = labels["result"];
    if (metric !== "cache_lookups_total" || (result !== "hit" && result !== "miss")) continue;
    const key = seriesName("", without(labels, ["result"]));
    lookups.set(key, { ...lookups.get(key), ...(result === "hit" ? { hits: value } : { misses: value }) });
  }
  return new Map(
    [...lookups].flatMap(([key, { hits, misses }]) =>
      hits === undefined || misses === undefined ? [] : [[key, { hits, misses }]],
    ),
  );
}

function gauge(like: Observation, metric: TargetMetric, labels: Record<string, string>, value: number): Observation {
  return { source: like.source, metric, labels, type: "gauge", value, at: like.at };
}

function without(labels: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}
