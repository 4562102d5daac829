import { errorFunction, median, sampleCorrelation } from "simple-statistics";

/** A value at a moment; the run's milliseconds. */
export interface Point {
  at: number;
  value: number;
}

/** How a series rises over time. Slopes are a second. */
export interface Trend {
  slope: number;
  /** The 95 % confidence interval of the slope. */
  low: number;
  high: number;
  /** The chance of so much of a trend, either way, in a series without one. */
  p: number;
}

/** Below it neither an interval nor a chance can be told. */
export const FEWEST_POINTS = 8;
/** Pairs grow as the square of the points: more than these are put into bins of equal time, each its median. */
const MOST_POINTS = 120;
const Z95 = 1.96;

/**
 * The Theil–Sen slope, the median of the slopes of all pairs, which a quarter of wild values cannot move far; its
 * confidence interval from the variance of Kendall's S; and the chance of that S (Mann–Kendall). The variance is
 * corrected for autocorrelation: neighbouring looks at a gauge resemble each other, and without it any slow wave is a
 * trend. Undefined with fewer than `FEWEST_POINTS` points.
 *
 * Sources: Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968); Mann, Econometrica 13
 * (1945), ties after Kendall, "Rank correlation methods"; Hamed & Rao, "A modified Mann-Kendall trend test for
 * autocorrelated data", Journal of Hydrology 204 (1998). A correction below 1, which anticorrelation gives, is not used.
 */
export function trendOf(all: readonly Point[]): Trend | undefined {
  const points = binned(all, MOST_POINTS);
  const n = points.length;
  if (n < FEWEST_POINTS) return undefined;
  const { slopes, s } = pairsOf(points);
  if (slopes.length === 0) return undefined;
  const slope = middleOf(slopes);
  const variance = varianceOfS(points) * autocorrelationFactor(points, slope);
  // The interval's ends are the slopes that lie C / 2 to either side of the middle one (Sen 1968).
  const reach = (Z95 * Math.sqrt(variance)) / 2;
  const middle = slopes.length / 2;
  const at = (rank: number) => slopes[Math.max(0, Math.min(slopes.length - 1, Math.round(rank)))] ?? slope;
  const z = variance > 0 && s !== 0 ? (s - Math.sign(s)) / Math.sqrt(variance) : 0;
  // The table of normal probabilities ends at 3.09: the error function goes on.
  const p = 1 - errorFunction(Math.abs(z) / Math.SQRT2);
  return { slope, low: at(middle - reach), high: at(middle + reach), p };
}

/** The Theil–Sen slope alone, which costs a part of the whole trend. Undefined where `trendOf` is. */
export function theilSenSlope(all: readonly Point[]): number | undefined {
  const points = binned(all, MOST_POINTS);
  if (points.length < FEWEST_POINTS) return undefined;
  const { slopes } = pairsOf(points);
  return slopes.length === 0 ? undefined : middleOf(slopes);
}

/** Their median; they rise. */
function middleOf(slopes: Float64Array): number {
  const half = slopes.length >> 1;
  return ((slopes[slopes.length - 1 - half] as number) + (slopes[half] as number)) / 2;
}

/**
 * The slopes of all pairs, from the least on, and Kendall's S. A run with a limit on a slope asks for it each second and
 * series: numbers by themselves are sorted several times as fast as by a function.
 */
function pairsOf(points: readonly Point[]): { slopes: Float64Array; s: number } {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let [s, count] = [0, 0];
  for (const [i, a] of points.entries()) {
    for (let j = i + 1; j < points.length; j++) {
      const b = points[j] as Point;
      s += Math.sign(b.value - a.value);
      if (b.at > a.at) slopes[count++] = (b.value - a.value) / ((b.at - a.at) / 1000);
    }
  }
  return { slopes: slopes.subarray(0, count).sort(), s };
}

/** At most so many points: the medians of bins of equal time, where there are more. */
export function binned(points: readonly Point[], most: number): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= most || first === undefined || last === undefined || last.at <= first.at) return points;
  const width = (last.at - first.at) / most;
  const bins: Point[][] = Array.from({ length: most }, () => []);
  for (const point of points) bins[Math.min(most - 1, Math.floor((point.at - first.at) / width))]?.push(point);
  return bins.flatMap((bin) => {
    if (bin.length === 0) return [];
    return [{ at: median(bin.map(({ at }) => at)), value: median(bin.map(({ value }) => value)) }];
  });
}

function varianceOfS(points: readonly Point[]): number {
  const n = points.length;
  const ties = new Map<number, number>();
  for (const { value } of points) ties.set(value, (ties.get(value) ?? 0) + 1);
  const part = (t: number) => t * (t - 1) * (2 * t + 5);
  const tied = [...ties.values()].reduce((sum, t) => sum + part(t), 0);
  return (part(n) - tied) / 18;
}

/** n / n* of Hamed and Rao, over the lags whose rank autocorrelation of the detrended series is significant. */
function autocorrelationFactor(points: readonly Point[], slope: number): number {
  const n = points.length;
  const ranks = ranksOf(points.map(({ at, value }) => value - (slope * at) / 1000));
  let sum = 0;
  for (let lag = 1; lag <= n - 4; lag++) {
    const correlation = correlationOf(ranks.slice(0, n - lag), ranks.slice(lag));
    if (Math.abs(correlation) <= Z95 / Math.sqrt(n)) continue;
    sum += (n - lag) * (n - lag - 1) * (n - lag - 2) * correlation;
  }
  return Math.max(1, 1 + (2 * sum) / (n * (n - 1) * (n - 2)));
}

/** From 1; equal values share the mean of their ranks. */
export function ranksOf(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && order[end]?.value === order[start]?.value) end++;
    for (const { index } of order.slice(start, end)) ranks[index] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Pearson's; 0 where one side does not vary. */
export function correlationOf(a: readonly number[], b: readonly number[]): number {
  if (a.length < 3) return 0;
  const correlation = sampleCorrelation([...a], [...b]);
  return Number.isFinite(correlation) ? correlation : 0;
}
