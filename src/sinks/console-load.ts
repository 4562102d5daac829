import { endOfLoads, type Load, type Plan, type PlannedLoad, UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import { count, duration } from "./console-units.ts";

const MOST_STAGES = 4;

/** Milliseconds that the plan's loads take. */
export function plannedMs(plan: Plan): number {
  return endOfLoads(plan.loads);
}

/** A load in words: `100 users within 10 s, then 5 min`. */
export function loadInWords({ load }: PlannedLoad): string {
  return load.kind === "iterations" ? iterationsInWords(load) : stagesInWords(load);
}

function stagesInWords(load: Exclude<Load, { kind: "iterations" }>): string {
  const levels =
    load.kind === "users"
      ? load.stages.map(({ users, ...times }) => ({
          level: `${count(users)} ${users === 1 ? "user" : "users"}`,
          ...times,
        }))
      : load.stages.map(({ perSecond, ...times }) => ({ level: `${perSecond} arrivals/s`, ...times }));
  const stages = levels.slice(0, MOST_STAGES).map(({ level, overMs, forMs }) => {
    const reached = overMs > 0 ? `${level} within ${duration(overMs / 1000)}` : level;
    return forMs > 0 ? `${reached}, ${held(forMs)}` : reached;
  });
  const more = levels.length - stages.length;
  return [...stages, ...(more > 0 ? [`${more} more stages`] : [])].join("; ");
}

function held(ms: number): string {
  return ms >= UNTIL_STOPPED_MS ? "until stopped" : `held for ${duration(ms / 1000)}`;
}

function iterationsInWords({ users, iterations, per }: Extract<Load, { kind: "iterations" }>): string {
  const by = users === 1 ? "1 user" : `${count(users)} users`;
  return per === "run"
    ? `${count(iterations)} iterations shared by ${by}`
    : `${count(iterations)} iterations by each of ${by}`;
}
