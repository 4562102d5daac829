import { quantile } from "simple-statistics";
import type { Moment, RunSeries } from "./run-series.ts";

/** Planned iterations that found no free user: above this share the load was not the plan's. Alert PlimsollDroppedIterations. */
export const DROPPED_SHARE = 0.01;
/** Users that make less than this share of what they make when the service answers at its best were held back by it. */
export const HELD_BACK_SHARE = 0.5;
/** A source that failed more of its looks than this was not watched. */
export const UNSEEN_SHARE = 0.5;
/** Moments with fewer iterations say little of a user's cycle. */
const FEWEST_ITERATIONS = 5;

/**
 * Why a run does not show what it was meant to show, though the generator kept up: less was asked of the target than was
 * planned, or the target was not seen. For people, with what to do; a threshold that judges the same leaves it out.
 */
export function doubtsOf(series: RunSeries): string[] {
  return [...dropped(series), ...heldBack(series), ...unseen(series)];
}

function judges({ plan }: RunSeries, ...metrics: string[]): boolean {
  return plan.thresholds.some(({ metric, aggregation: { kind } }) => metrics.includes(metric) && kind !== "quantile");
}

function dropped(series: RunSeries): string[] {
  const total = (of: (moment: Moment) => number) => series.moments.reduce((sum, one) => sum + of(one), 0);
  const lost = total((one) => one.dropped);
  const share = lost / Math.max(1, lost + total(({ iterations }) => iterations));
  if (share <= DROPPED_SHARE || judges(series, "dropped")) return [];
  return [
    `${percent(share)} of the planned iterations found no free user and were not started (limit ${percent(DROPPED_SHARE)}): raise maxUsers, or judge them by a threshold such as ratio(dropped) < 5%`,
  ];
}

/**
 * A user of the closed model that waits for a slow answer asks for nothing meanwhile, and the latency of what it would have
 * asked is missing (coordinated omission; Tene, "How NOT to measure latency"). What users would make is known from the
 * moments at which their cycle, wait and unloaded response, was shortest. Users that hardly wait are meant to be held back.
 */
function heldBack(series: RunSeries): string[] {
  if (series.model === "arrivals" || judges(series, "requests", "iterations")) return [];
  const cycles = series.moments.flatMap(({ users, iterations, fromMs, toMs, latency }) => {
    const spent = (users * (toMs - fromMs)) / 1000;
    if (spent === 0) return [];
    return [{ spent, iterations, cycle: spent / iterations, answering: (latency.times?.sum ?? 0) / spent }];
  });
  const told = cycles.filter(({ iterations }) => iterations >= FEWEST_ITERATIONS);
  if (told.length < 10) return [];
  const least = quantile(
    told.map(({ cycle }) => cycle),
    0.1,
  );
  const waiting = told.filter(({ cycle }) => cycle <= least).every(({ answering }) => answering < 0.5);
  const made = cycles.reduce((sum, { iterations }) => sum + iterations, 0);
  const share = (made * least) / cycles.reduce((sum, { spent }) => sum + spent, 0);
  if (!waiting || share >= HELD_BACK_SHARE) return [];
  return [
    `slow answers held the users back: they made ${percent(share)} of what they make when it answers at its best (limit ${percent(HELD_BACK_SHARE)}), and the latencies of what they did not ask are missing: use arrivals, or a threshold on rate(requests)`,
  ];
}

function unseen({ target }: RunSeries): string[] {
  return target
    .silence()
    .flatMap(({ source, share }) =>
      share <= UNSEEN_SHARE
        ? []
        : [
            `source ${source} did not answer ${percent(share)} of the times (limit ${percent(UNSEEN_SHARE)}), and what it would have shown is not known: mend it, or take it out of watch:`,
          ],
    );
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
