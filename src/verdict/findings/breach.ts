import type { Judged } from "../limit-watch.ts";
import type { RunSeries } from "../run-series.ts";
import type { ThresholdState } from "../verdict.ts";
import { type Condition, conditionsOf, judgeByFew } from "./condition.ts";

/** When a condition first did not hold. */
export interface Breach {
  condition: Condition;
  /** The run's milliseconds: the middle of the window that first missed. */
  atMs: number;
  /** The window's length. */
  widthMs: number;
  judged: Judged;
}

/** Windows that a breach is looked for in: so many of a run, but neither of a second nor of minutes. */
const WINDOWS = 60;
const [SHORTEST_MS, LONGEST_MS] = [5000, 60_000];
/** A window more must miss: one alone is a hiccup. */
const SUSTAINED = 2;

/**
 * The breaches of a run, the first in time first: of each condition when two windows after each other missed it, or from
 * when on the judge saw it broken, of a limit over time.
 */
export function breachesOf(series: RunSeries, states: readonly ThresholdState[]): Breach[] {
  const fromMs = series.plan.warmUpMs;
  const width = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, (series.endMs - fromMs) / WINDOWS));
  const count = Math.floor((series.endMs - fromMs) / width);
  const found = conditionsOf(series).flatMap((condition): Breach[] => {
    const told = toldBy(states, condition);
    if (told !== undefined) return [told];
    let run: Breach[] = [];
    for (let i = 0; i < count; i++) {
      const start = fromMs + i * width;
      const judged = judgeByFew(series, condition, { fromMs: start, toMs: start + width });
      if (judged.state === "ok") run = [];
      if (judged.state !== "broken") continue;
      run.push({ condition, atMs: start + width / 2, widthMs: width, judged });
      if (run.length === SUSTAINED) return run.slice(0, 1);
    }
    return [];
  });
  return found.sort((a, b) => a.atMs - b.atMs);
}

/** What the judge says of a limit over time. */
function toldBy(states: readonly ThresholdState[], condition: Condition): Breach | undefined {
  const { expression } = condition.threshold;
  const state = states.find((one) => one.expression === expression && one.limit.text === condition.limit.text);
  if (state?.state !== "broken" || state.broken === undefined) return undefined;
  return { condition, atMs: state.broken.fromMs, widthMs: SHORTEST_MS, judged: state };
}
