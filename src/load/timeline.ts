import { lengthOf, type PlannedLoad } from "../scenario/plan.ts";
import { rateAt } from "./arrival.ts";

/** From here on the plan wants something else, in at least one of its loads. */
export interface Turn {
  /** The run's milliseconds. */
  at: number;
  /** What is wanted of the loads that turn, for people: `100 users`, `500 arrivals/s`. */
  wanted: string;
  /** By somebody who changed the load while it ran, not by the plan. */
  asked?: true;
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
      return stageTurns(load.stages, ({ users }) => counted(users, "user"));
    case "arrivals":
      return stageTurns(load.stages, ({ perSecond }) => `${Number(perSecond.toPrecision(3))} arrivals/s`);
    case "iterations":
      return [{ at: 0, wanted: counted(load.iterations, "iteration") }];
  }
}

/** A stage of no length is only where the next one's ramp begins. */
function stageTurns<Stage extends { overMs: number; forMs: number }>(
  stages: readonly Stage[],
  inWords: (stage: Stage) => string,
): Turn[] {
  const turns: Turn[] = [];
  let at = 0;
  for (const stage of stages) {
    const lengthMs = stage.overMs + stage.forMs;
    if (lengthMs > 0) turns.push({ at, wanted: inWords(stage) });
    at += lengthMs;
  }
  return turns;
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** The arrivals a second that all open loads want at a time; undefined if the plan has none. */
export function arrivalRateAt(loads: readonly PlannedLoad[], time: number): number | undefined {
  let rate: number | undefined;
  for (const { load, startMs } of loads) {
    if (load.kind !== "arrivals") continue;
    const at = time - startMs;
    rate = (rate ?? 0) + (at >= 0 && at < lengthOf(load) ? rateAt(load.stages, at) : 0);
  }
  return rate;
}
