import { median } from "simple-statistics";
import { studentCdf, studentQuantile } from "./student.ts";
import { binned, FEWEST_POINTS, type Point, type Trend, theilSenSlope, trendOf } from "./trend.ts";

/** A soak is looked at in so many parts: each long enough to forget most of the one before. */
const PARTS = 20;
/** Parts that are worth fewer than so many independent ones tell no trend from a slow wave. */
const FEWEST_WORTH = 3;

/**
 * A trend that is to be believed: the Theil–Sen slope of all points, with the interval and the
 * chance that Student's t gives it by how far the parts of the soak lie off their line, of which as many count as are
 * independent. Mann–Kendall's variance, corrected or not, takes what wanders slowly by itself for a trend most of the time.
 * Undefined where nothing can be told.
 *
 * Sources: the effective sample size for a lag-one autocorrelation, Santer et al., "Statistical significance of trends and
 * trend differences in layer-average atmospheric temperature time series", JGR 105 (2000); with the allowance of
 * 0.68 / √n for its bias, Nychka et al., "Confidence intervals for trend estimates with autocorrelated observations" (2000).
 */
export function soakTrend(points: readonly Point[]): Trend | undefined {
  return trendWorth(points, (worth) => (worth < FEWEST_WORTH ? undefined : worth));
}

/**
 * The same of one series that somebody has set a limit for: where its parts are worth too few, the interval is as wide as that
 * of the fewest, so that a slope far beyond its limit is told all the same. Where a part would have but one point, as of some seconds,
 * nothing can be said of how slowly it wanders, and `trendOf` is all there is.
 */
export function slopeOf(points: readonly Point[]): Trend | undefined {
  return points.length < 2 * PARTS ? trendOf(points) : trendWorth(points, (worth) => Math.max(FEWEST_WORTH, worth));
}

/** `judged`: how many independent parts they are taken for that are worth so many, if anything can be told of them. */
function trendWorth(points: readonly Point[], judged: (worth: number) => number | undefined): Trend | undefined {
  const slope = theilSenSlope(points);
  const parts = binned(points, PARTS);
  const n = parts.length;
  if (slope === undefined || n < FEWEST_POINTS) return undefined;
  const off = parts.map(({ at, value }) => value - (slope * at) / 1000);
  const middle = median(off);
  const residuals = off.map((value) => value - middle);
  const squares = residuals.reduce((sum, one) => sum + one ** 2, 0);
  const products = residuals.slice(1).reduce((sum, one, i) => sum + one * (residuals[i] ?? 0), 0);
  const correlation = Math.max(0, (squares === 0 ? 0 : products / squares) + 0.68 / Math.sqrt(n));
  const worth = judged((n * (1 - correlation)) / (1 + correlation));
  if (worth === undefined) return undefined;
  const mean = parts.reduce((sum, { at }) => sum + at, 0) / n / 1000;
  const spread = parts.reduce((sum, { at }) => sum + (at / 1000 - mean) ** 2, 0);
  const error = Math.sqrt(squares / (worth - 2) / spread);
  const reach = error * studentQuantile(0.975, worth - 2);
  const p = error === 0 ? (slope === 0 ? 1 : 0) : 2 * (1 - studentCdf(Math.abs(slope) / error, worth - 2));
  return { slope, low: slope - reach, high: slope + reach, p };
}
