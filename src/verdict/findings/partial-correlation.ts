import { correlationOf, ranksOf } from "../trend.ts";

/** Series shorter than this cannot be told apart from their own shifts. */
export const FEWEST = 16;
/** Shifts of less than this share of the length leave two series much as they are. */
const LEAST_SHIFT = 0.1;

/**
 * The rank correlation of two series with a third taken out of both: on a ramp everything rises with the load, and only
 * what goes with the symptom beyond that says anything. Its chance is that of as large a correlation after one of them is
 * shifted around in time, which keeps each series' own memory and breaks only what they share.
 *
 * Sources: partial rank correlation, Kendall, "Partial rank correlation", Biometrika 32 (1942), with Spearman's ranks;
 * circular-shift null, Upton & Fingleton's toroidal shift, in time as by Theiler et al., "Testing for nonlinearity in time
 * series: the method of surrogate data", Physica D 58 (1992).
 */
export function partialCorrelation(
  a: readonly number[],
  b: readonly number[],
  given: readonly number[],
): { rho: number; p: number } | undefined {
  const n = a.length;
  if (n < FEWEST) return undefined;
  const [ra, rb, rc] = [a, b, given].map(ranksOf) as [number[], number[], number[]];
  const ua = withoutLine(ra, rc);
  const ub = withoutLine(rb, rc);
  const rho = correlationOf(ua, ub);
  const least = Math.max(1, Math.floor(n * LEAST_SHIFT));
  let [atLeast, shifts] = [0, 0];
  for (let shift = least; shift <= n - least; shift++) {
    const shifted = [...ua.slice(shift), ...ua.slice(0, shift)];
    if (correlationOf(shifted, ub) >= rho) atLeast++;
    shifts++;
  }
  return { rho, p: (1 + atLeast) / (1 + shifts) };
}

/** What is left of ranks once their straight line on other ranks is taken out. */
function withoutLine(ranks: readonly number[], on: readonly number[]): number[] {
  const [my, mx] = [mean(ranks), mean(on)];
  const sxx = on.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  const sxy = on.reduce((sum, x, i) => sum + (x - mx) * ((ranks[i] ?? 0) - my), 0);
  const slope = sxx === 0 ? 0 : sxy / sxx;
  return ranks.map((y, i) => y - my - slope * ((on[i] ?? 0) - mx));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
