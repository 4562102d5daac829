import { linearRegression } from "simple-statistics";
import type { RunSeries } from "../run-series.ts";
import type { Condition } from "./condition.ts";
import type { Level } from "./level.ts";

/** What a condition came to at a load. */
export interface Seen {
  load: number;
  value: number | undefined;
}

/** A microsecond is the least that is measured. */
export const LEAST_TIME = 1e-6;
/** Of so many jobs a rate is known to three in a hundred. */
const JOBS = 1000;

/**
 * A scale on which a condition's value goes with the load about as a straight line. A time of waiting goes as
 * 1 / (capacity − load) in any queue near its capacity, so its reciprocal does. Source: Kingman, "The single server queue in
 * heavy traffic" (1961).
 */
export function scaleOf(condition: Condition): (value: number) => number {
  return isTime(condition) ? (value) => -1 / Math.max(value, LEAST_TIME) : (value) => value;
}

/** It is a limit on a time. */
export function isTime({ threshold: { metric }, limit }: Condition): boolean {
  return (metric === "latency" || metric === "service" || metric.endsWith("_seconds")) && limit.value > 0;
}

/** The load at which the straight line through what was seen crosses the limit, by least squares; kept within what was seen. */
export function crossingOf(condition: Condition, seen: readonly Seen[]): number {
  const scale = scaleOf(condition);
  const known = seen.flatMap(({ load, value }): [number, number][] =>
    value === undefined ? [] : [[load, scale(value)]],
  );
  const loads = seen.map(({ load }) => load);
  const [least, most] = [Math.min(...loads), Math.max(...loads)];
  const { m, b } = known.length < 2 ? { m: 0, b: 0 } : linearRegression(known);
  const isRight = condition.limit.operator.startsWith(">") ? m < 0 : m > 0;
  if (!isRight) return Math.sqrt(least * most);
  return Math.max(least, Math.min(most, (scale(condition.limit.value) - b) / m));
}

/**
 * The load at which as much is published to a queue as was consumed from it while a condition on it was missed: a queue
 * that has to grow before its age or its length breaks a limit tells late, but what is consumed meanwhile is all that can
 * be. `above`: the levels from the first that missed. Undefined where nobody tells.
 */
export function consumedAt(
  { target }: RunSeries,
  { threshold: { metric, filters } }: Condition,
  all: readonly Level[],
  above: readonly Level[],
): number | undefined {
  if (!metric.startsWith("queue_")) return undefined;
  const increase = (name: string, level: Level) =>
    target.matching(name, filters).reduce((sum, one) => sum + one.points([level]).increase, 0);
  const secondsOf = ({ fromMs, toMs }: Level) => (toMs - fromMs) / 1000;
  const offered = all.reduce((sum, level) => sum + level.load * secondsOf(level), 0);
  const published = all.reduce((sum, level) => sum + increase("queue_published_total", level), 0);
  let [consumed, seconds] = [0, 0];
  for (const level of above) {
    consumed += increase("queue_consumed_total", level);
    seconds += secondsOf(level);
    if (consumed >= JOBS) break;
  }
  return published > 0 && consumed > 0 ? (consumed / seconds) * (offered / published) : undefined;
}
