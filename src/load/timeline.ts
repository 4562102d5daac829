import type { PlannedLoad } from "../scenario/plan.ts";
import { rateAt } from "./arrival.ts";
import { endOf, stageStarts } from "./stages.ts";

/** From here on the plan wants something else, in at least one of its loads. */
export interface Turn {
  /** The run's milliseconds. */
  at: number;
  /** What is wanted of the loads that turn, for people: `100 users`, `500 arrivals/s`. */
  wanted: string;
}

/** The stages of a plan as one line of time: whatever changes at one moment is one turn. */
export function timelineOf(loads: readonly PlannedLoad[]): Turn[] {
  const turns = new Map<number, string[]>();
  for (const { load, startMs } of loads) {
    for (const { at, wanted } of turnsOf(load)) {
      turns.set(startMs + at, [...(turns.get(startMs + at) ?? []), wanted]);
    }
  }
  return [...turns].map(([at, wanted]) => ({ at, wanted: wanted.join(", ") })).toSorted((a, b) => a.at - b.at);
}

function turnsOf(load: PlannedLoad["load"]): Turn[] {
  switch (load.kind) {
    case "users":
      return stageStarts(load.stages).map((at, i) => ({ at, wanted: `${load.stages[i]?.users} users` }));
    case "arrivals":
      return stageStarts(load.stages).map((at, i) => ({ at, wanted: `${load.stages[i]?.perSecond} arrivals/s` }));
    case "iterations":
      return [{ at: 0, wanted: `${load.iterations} iterations` }];
  }
}

/** The arrivals a second that all open loads want at a time; undefined if the plan has none. */
export function arrivalRateAt(loads: readonly PlannedLoad[], time: number): number | undefined {
  let rate: number | undefined;
  for (const { load, startMs } of loads) {
    if (load.kind !== "arrivals") continue;
    const at = time - startMs;
    rate = (rate ?? 0) + (at >= 0 && at < endOf(load.stages) ? rateAt(load.stages, at) : 0);
  }
  return rate;
}
