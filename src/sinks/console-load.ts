import type { Plan, PlannedLoad } from "../scenario/plan.ts";
import { count, duration } from "./console-units.ts";

const MOST_STAGES = 4;

/** Milliseconds that the plan's loads take. */
export function plannedMs(plan: Plan): number {
  const lengths = plan.loads.map(({ load }) => load.stages.reduce((sum, { overMs, forMs }) => sum + overMs + forMs, 0));
  return Math.max(0, ...lengths);
}

/** A load in words: `100 users within 10 s, then 5 min`. */
export function loadInWords({ load }: PlannedLoad): string {
  const stages = load.stages.slice(0, MOST_STAGES).map(({ users, overMs, forMs }) => {
    const number = `${count(users)} ${users === 1 ? "user" : "users"}`;
    const reached = overMs > 0 ? `${number} within ${duration(overMs / 1000)}` : number;
    return forMs > 0 ? `${reached}, held for ${duration(forMs / 1000)}` : reached;
  });
  const more = load.stages.length - stages.length;
  return [...stages, ...(more > 0 ? [`${more} more stages`] : [])].join("; ");
}
