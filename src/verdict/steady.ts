import { mean, variance } from "simple-statistics";
import { type Point, trendOf } from "./trend.ts";

/** Of so few values no part is left out. */
const FEWEST = 6;
/** Below a microsecond, seconds are 0. */
const LEAST = 1e-6;

/**
 * From which value on a series of times has settled: the cut that makes the standard error of the rest's mean least, and
 * never later than its middle (MSER). Of their logarithms: waiting varies as much as there is of it, so that of the times
 * themselves a busy beginning would be cut off and a busy end kept, and what is left would look faster than it is. Source:
 * White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69 (1997).
 */
export function settledFrom(times: readonly number[]): number {
  const values = times.map((value) => Math.log(Math.max(value, LEAST)));
  if (values.length < FEWEST) return 0;
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let cut = 0; cut <= values.length / 2; cut++) {
    const rest = values.slice(cut);
    const error = variance(rest) / rest.length;
    // Equal values have no error: the first cut that leaves only those is the best.
    if (error < least - 1e-12) [best, least] = [cut, error];
  }
  return best;
}

/**
 * Whether what has settled goes nowhere: no trend, or one that moves it by less than a tenth of its mean over the whole
 * time. A queue that grows is none.
 */
export function isSteady(points: readonly Point[]): boolean {
  const [first, last] = [points[0], points.at(-1)];
  const trend = trendOf(points);
  if (trend === undefined || first === undefined || last === undefined || trend.p > 0.05) return true;
  const moved = Math.abs(trend.slope) * ((last.at - first.at) / 1000);
  return moved < 0.1 * Math.abs(mean(points.map(({ value }) => value)));
}
