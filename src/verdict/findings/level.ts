import { median } from "simple-statistics";
import { quantile } from "../../metrics/histogram.ts";
import type { Stretch } from "../phase.ts";
import type { Moment, RunSeries } from "../run-series.ts";
import { together } from "../run-series.ts";
import { settledFrom } from "../steady.ts";

/** Shorter ones say too little of a load. */
const SHORTEST_MS = 3000;
const FEWEST_LEVELS = 3;
/** A ramp is looked at in so many pieces at most. */
const MOST_PIECES = 40;
const SHORTEST_PIECE_MS = 5000;
/** So many requests in a piece on average: a p95 of fewer is mostly chance. */
const REQUESTS_A_PIECE = 400;

/** A load and what the service made of it, once it had settled. */
export interface Level extends Stretch {
  /** Users, or arrivals a second. */
  load: number;
  /** Iterations that ended a second, also before it had settled, and those of them that did well. */
  throughput: number;
  /** Of the whole time, the seconds. */
  seconds: number;
  goodput: number;
  /** Requests that ended a second. */
  requests: number;
  p50: number | undefined;
  p95: number | undefined;
  mean: number | undefined;
}

/**
 * The levels of a stepped or ramped run, the lowest load first: each hold of its own load, or, where there are no three of
 * them, the pieces of its longest way up. What a step needs to settle is left out.
 */
export function levelsOf(series: RunSeries): { levels: Level[]; kind: "steps" | "ramp" } | undefined {
  const { warmUpMs } = series.plan;
  const holds = series.phases.filter(
    ({ kind, fromMs, toMs }) =>
      kind === "hold" && fromMs >= warmUpMs && Math.min(toMs, series.endMs) - fromMs >= SHORTEST_MS,
  );
  const steps = holds.flatMap((hold) => levelIn(series, hold, true) ?? []);
  const distinct = new Set(steps.map(({ load }) => load.toPrecision(4)));
  if (distinct.size >= FEWEST_LEVELS) return { levels: rising(steps), kind: "steps" };
  const ramps = series.phases
    .filter(({ kind, fromMs }) => kind === "ramp" && fromMs < series.endMs)
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, warmUpMs), toMs: Math.min(toMs, series.endMs) }));
  const [longest] = ramps.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs));
  if (longest === undefined) return undefined;
  const requests = series.momentsIn(longest).reduce((sum, { latency }) => sum + latency.part, 0);
  const most = Math.floor((longest.toMs - longest.fromMs) / SHORTEST_PIECE_MS);
  const pieces = Math.min(MOST_PIECES, most, Math.max(FEWEST_LEVELS, Math.floor(requests / REQUESTS_A_PIECE)));
  const width = (longest.toMs - longest.fromMs) / pieces;
  const levels = Array.from({ length: Math.max(0, pieces) }, (_, i) => {
    const fromMs = longest.fromMs + i * width;
    return levelIn(series, { fromMs, toMs: fromMs + width }, false);
  }).filter((level) => level !== undefined);
  const [first, last] = [levels[0], levels.at(-1)];
  const up = first !== undefined && last !== undefined && last.load > first.load;
  return up && levels.length >= FEWEST_LEVELS ? { levels: rising(levels), kind: "ramp" } : undefined;
}

function rising(levels: Level[]): Level[] {
  return levels.toSorted((a, b) => a.load - b.load);
}

function levelIn(series: RunSeries, stretch: Stretch, settle: boolean): Level | undefined {
  const all = series.momentsIn(stretch).filter(({ latency }) => latency.ms > 0);
  const settled = settle ? all.slice(settledFrom(all.map(meanLatency))) : all;
  const [first, ...more] = settled;
  if (first === undefined) return undefined;
  const whole = more.reduce(together, first);
  const load = median(settled.map((one) => series.loadOf(one)));
  if (load <= 0) return undefined;
  const seconds = (whole.toMs - whole.fromMs) / 1000;
  const entire = all.reduce((sum, one) => sum + one.toMs - one.fromMs, 0) / 1000;
  const { times, part } = whole.latency;
  const at = (q: number) => (times === undefined ? undefined : quantile(times, q));
  const failing = part === 0 ? 0 : whole.failures / part;
  return {
    fromMs: whole.fromMs,
    toMs: whole.toMs,
    load,
    throughput: all.reduce((sum, { iterations }) => sum + iterations, 0) / entire,
    seconds: entire,
    goodput: (whole.iterations / seconds) * (1 - failing),
    requests: part / seconds,
    p50: at(0.5),
    p95: at(0.95),
    mean: meanLatency(whole),
  };
}

/** Seconds; 0 while nothing ended. */
export function meanLatency({ latency: { times } }: Moment): number {
  return times === undefined || times.count === 0 ? 0 : times.sum / times.count;
}
