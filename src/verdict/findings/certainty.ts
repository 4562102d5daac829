import type { Judged } from "../limit-watch.ts";
import type { Stretch } from "../phase.ts";
import type { RunSeries } from "../run-series.ts";
import { studentQuantile } from "../student.ts";
import { type Condition, judgeIn } from "./condition.ts";
import { isTime, LEAST_TIME } from "./crossing.ts";

/** Parts of a level that are left out in turn. Few, so that each is longer than what its neighbours remember. */
const BLOCKS = 8;
/** Of two parts nothing can be said of how much they differ by themselves. */
const FEWEST_BLOCKS = 3;
/** Each way. */
const CONFIDENCE = 0.975;

/**
 * Whether the side of its limit that a condition is on at a level is more than chance: the value is further from the limit
 * than its standard error allows at 97.5 %, each way. The error is the jackknife's over parts of the level, which keeps
 * what neighbouring moments share. Source: Künsch, "The jackknife and the bootstrap for general stationary observations",
 * Annals of Statistics 17 (1989).
 */
export function isSure(series: RunSeries, condition: Condition, stretch: Stretch, { value }: Judged): boolean {
  const { limit } = condition;
  if (value === undefined || limit.operator === "==" || limit.operator === "!=") return true;
  const moments = series.momentsIn(stretch);
  const count = Math.min(BLOCKS, moments.length);
  if (count < FEWEST_BLOCKS) return false;
  // Times differ by factors, shares and numbers by amounts.
  const scale = isTime(condition) ? (one: number) => Math.log(Math.max(one, LEAST_TIME)) : (one: number) => one;
  const without = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((edge) => Math.floor((edge * moments.length) / count)) as [number, number];
    const rest = [moments.slice(0, from), moments.slice(to)].flatMap((part): Stretch[] => {
      const [first, last] = [part[0], part.at(-1)];
      return first === undefined || last === undefined ? [] : [{ fromMs: first.fromMs, toMs: last.toMs }];
    });
    return scale(judgeIn(series, condition, ...rest).value ?? value);
  });
  const mean = without.reduce((sum, one) => sum + one, 0) / count;
  const spread = without.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const error = Math.sqrt(((count - 1) / count) * spread);
  return Math.abs(scale(value) - scale(limit.value)) > studentQuantile(CONFIDENCE, count - 1) * error;
}
