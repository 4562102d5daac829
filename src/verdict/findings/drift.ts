import { median } from "simple-statistics";
import { quantile } from "../../metrics/histogram.ts";
import type { Stretch } from "../phase.ts";
import type { RunSeries } from "../run-series.ts";
import { soakTrend } from "../soak-trend.ts";
import type { TargetSeries } from "../target-statistics.ts";
import { FEWEST_POINTS, type Point, type Trend } from "../trend.ts";
import type { Finding } from "./finding.ts";
import { inUnitOf, time } from "./words.ts";

/** A shorter hold is no soak: warming up is a drift, too. */
const SHORTEST_MS = 5 * 60_000;
/** Beside the plan's warm-up, the share of a hold that is left out: caches fill, compilers compile. */
const SETTLING = 0.1;
/** The share of false discoveries among the drifts that are told; what is worth telling at all is asked for beside. */
const FALSE_DISCOVERIES = 0.01;
/** A fall by so much of a series' whole range, from one look to the next, is a reset: a collection, a restart, a flush. */
const RESET = 0.4;

/** What is looked at for drift, and how much of it an hour matters at least, as a share of its level. */
const watched: Record<string, { what: string; floor: number; limit?: string; fixedLimit?: number }> = {
  memory_used_bytes: { what: "memory", floor: 0.005, limit: "memory_limit_bytes" },
  runtime_heap_used_bytes: { what: "heap", floor: 0.01, limit: "runtime_heap_limit_bytes" },
  cache_memory_used_bytes: { what: "the cache's memory", floor: 0.01, limit: "cache_memory_limit_bytes" },
  db_pool_utilization_ratio: { what: "use of the pool", floor: 0.05, fixedLimit: 1 },
  db_connections: { what: "database connections", floor: 0.05, limit: "db_connections_max" },
  queue_depth: { what: "the queue", floor: 0.1 },
  queue_oldest_age_seconds: { what: "the queue's age", floor: 0.1 },
  open_fds: { what: "open file descriptors", floor: 0.02 },
  threads: { what: "threads", floor: 0.02 },
  http_connections: { what: "connections", floor: 0.05 },
  runtime_eventloop_lag_seconds: { what: "event-loop lag", floor: 0.2 },
};
const LATENCY_FLOOR = 0.05;
/** Growth of what stays far below anything that matters is none, whatever share of itself it is. */
const leastTotal: Record<string, number> = {
  db_pool_utilization_ratio: 0.05,
  queue_depth: 5,
  queue_oldest_age_seconds: 0.5,
  threads: 3,
  open_fds: 5,
  http_connections: 5,
  db_connections: 3,
  runtime_eventloop_lag_seconds: 0.01,
};

interface Candidate {
  name: string;
  metric: string;
  what: string;
  trend: Trend;
  /** Its middle. */
  level: number;
  last: number;
  floor: number;
  limit: number | undefined;
  seconds: number;
}

/**
 * What grows while the load stays level: on the longest hold of at least five minutes, after its first tenth, latency and
 * what a service must not accumulate. Slopes are Theil–Sen's, tested by Student's with allowance for autocorrelation
 * (`soakTrend`); over all of them the false discoveries are held at 1 % (Benjamini & Hochberg, "Controlling
 * the false discovery rate", JRSS B 57 (1995)), and a slope must be worth its while. A series that falls back again and
 * again is a sawtooth: only the points it falls back to can be said to grow.
 */
export function drifts(series: RunSeries): Finding[] {
  const hold = longestHold(series);
  if (hold === undefined) return [];
  const target = series.target.series.flatMap((one) => ofTarget(series, one, hold) ?? []);
  const candidates = [...ofLatency(series, hold), ...target];
  return discovered(candidates)
    .filter(matters)
    .sort((a, b) => hoursLeft(a) - hoursLeft(b))
    .map(findingOf);
}

function longestHold({ phases, plan, endMs }: RunSeries): Stretch | undefined {
  const holds = phases
    .filter(({ kind }) => kind === "hold")
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, plan.warmUpMs), toMs: Math.min(toMs, endMs) }))
    .sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs));
  const [hold] = holds;
  if (hold === undefined || hold.toMs - hold.fromMs < SHORTEST_MS) return undefined;
  return { ...hold, fromMs: hold.fromMs + SETTLING * (hold.toMs - hold.fromMs) };
}

function ofLatency(series: RunSeries, hold: Stretch): Candidate[] {
  const points = series.momentsIn(hold).flatMap(({ toMs, latency: { times } }): Point[] => {
    const value = times === undefined ? undefined : quantile(times, 0.5);
    return value === undefined ? [] : [{ at: toMs, value }];
  });
  const one = candidate(points, { name: "p50(latency)", metric: "latency", what: "latency", floor: LATENCY_FLOOR });
  return one === undefined ? [] : [one];
}

function ofTarget({ target }: RunSeries, one: TargetSeries, hold: Stretch): Candidate | undefined {
  const kind = Object.hasOwn(watched, one.metric) ? watched[one.metric] : undefined;
  if (kind === undefined || one.type !== "gauge") return undefined;
  const { state: _state, ...labels } = one.labels;
  const limit = kind.limit === undefined ? kind.fixedLimit : target.matching(kind.limit, labels)[0]?.points().last;
  const found = candidate(one.points([hold]).points, { ...kind, name: one.name, metric: one.metric });
  return found && { ...found, limit };
}

function candidate(
  points: readonly Point[],
  about: Pick<Candidate, "name" | "metric" | "what" | "floor">,
): Candidate | undefined {
  const floor = floorOf(points);
  const trend = floor === undefined ? undefined : soakTrend(floor);
  const [first, last] = [points[0], points.at(-1)];
  if (trend === undefined || first === undefined || last === undefined) return undefined;
  const level = median(points.map(({ value }) => value));
  const seconds = (last.at - first.at) / 1000;
  return { ...about, trend, level, last: last.value, limit: undefined, seconds };
}

/** The points of a series, or of a sawtooth those that it falls back to; undefined where these are too few to tell. */
function floorOf(points: readonly Point[]): readonly Point[] | undefined {
  const values = points.map(({ value }) => value);
  const range = Math.max(...values) - Math.min(...values);
  const falls = points.slice(1).map(({ value }, i) => (points[i]?.value ?? value) - value);
  // What goes up and down by as much at each step is noise, not a saw.
  const noise = median(falls.length === 0 ? [0] : falls.map(Math.abs));
  const resets = falls.flatMap((fall, i) => (fall > RESET * range && fall > 5 * noise ? [i + 1] : []));
  if (resets.length === 0) return points;
  const troughs = resets.flatMap((i) => points[i] ?? []);
  return troughs.length >= FEWEST_POINTS ? troughs : undefined;
}

/** Benjamini and Hochberg's step-up procedure. */
function discovered(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates.toSorted((a, b) => a.trend.p - b.trend.p);
  const last = sorted.findLastIndex(({ trend: { p } }, i) => p <= (FALSE_DISCOVERIES * (i + 1)) / sorted.length);
  return sorted.slice(0, last + 1);
}

/** It grows, surely, and by enough: an hour, and over what was seen. */
function matters({ trend: { slope, low }, level, floor, metric, seconds }: Candidate): boolean {
  const least = leastTotal[metric] ?? 0;
  return low > 0 && slope * 3600 >= floor * Math.abs(level) && slope * seconds >= least;
}

function hoursLeft({ limit, last, trend }: Candidate): number {
  return limit === undefined || limit <= last ? Number.POSITIVE_INFINITY : (limit - last) / trend.slope / 3600;
}

function findingOf(one: Candidate): Finding {
  const { name, metric, what, trend, level, limit } = one;
  const hourly = (slope: number) => inUnitOf(metric, slope * 3600);
  const reach = (trend.high - trend.low) / 2;
  const left = hoursLeft(one);
  const full = Number.isFinite(left) ? `, full in ${time(left * 3600)}` : "";
  const verb = what.endsWith("s") && what !== "the cache's memory" ? "grow" : "grows";
  return {
    kind: "drift",
    claim: `${what.charAt(0).toUpperCase()}${what.slice(1)} ${verb} ${hourly(trend.slope)} ± ${hourly(reach)} an hour${full}`,
    severity: "warning",
    evidence: [
      {
        of: name,
        figures: {
          slope: trend.slope,
          low: trend.low,
          high: trend.high,
          p: trend.p,
          level,
          limit: limit ?? null,
          full_in: Number.isFinite(left) ? left * 3600 : null,
        },
      },
    ],
  };
}
