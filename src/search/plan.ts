import { endOfLoads, type Load, type Plan, type PlannedLoad, type SearchPlan } from "../scenario/plan.ts";
import { conditionsOf } from "../verdict/findings/condition.ts";
import { Judge } from "../verdict/judge.ts";
import { RunSeries } from "../verdict/run-series.ts";

/** What somebody asks of a search. Loads are users, or arrivals a second; without a kind it is the profile's. */
export interface Wish extends Omit<SearchPlan, "kind"> {
  kind: SearchPlan["kind"] | undefined;
}

/** Arrivals that find no free user are lost: there are enough for iterations of 10 s, as in a profile that does not say. */
const USERS_PER_ARRIVAL = 10;
const MOST_USERS = 10_000;

/**
 * The plan of a search: one load at its first step, as long as the given plan's, whose classes it drives. What the profile
 * says of the load's course does not count, nor do its warm-up and the watching before and after; an `abort` would end the
 * search where it has its answer. Gives what is wrong, for people.
 */
export function searchPlan(plan: Plan, { kind: asked, ...wish }: Wish): Plan | { problem: string } {
  const [planned, ...more] = plan.loads;
  if (planned === undefined || more.length > 0) {
    const problem = `Profile ${plan.profile} has ${plan.loads.length} loads: a search changes one. Choose another --profile.`;
    return { problem };
  }
  const kind = asked ?? (planned.load.kind === "arrivals" ? "arrivals" : "users");
  const search: SearchPlan = { ...wish, kind };
  const fault = faultOf(search);
  if (fault !== undefined) return { problem: fault };
  const { beforeMs: _before, afterMs: _after, ...rest } = plan;
  const made: Plan = {
    ...rest,
    search,
    loads: [firstStep(planned, search, endOfLoads(plan.loads))],
    warmUpMs: 0,
    thresholds: plan.thresholds.map(({ abort: _, ...threshold }) => threshold),
  };
  if (conditionsOf(new RunSeries(made, new Judge(made))).length === 0) {
    const problem =
      "No threshold of the scenario can be kept at one load and broken at another: add one on latency or errors.";
    return { problem };
  }
  return made;
}

function faultOf({ kind, from, upTo, precision }: SearchPlan): string | undefined {
  if (kind === "users" && !(Number.isInteger(from) && Number.isInteger(upTo))) {
    return "Expected --from and --up-to in whole users.";
  }
  if (from >= upTo) return `Expected --up-to to be more than --from, ${from}: got ${upTo}.`;
  return precision >= 0.01 && precision <= 0.5 ? undefined : "Expected a --precision from 1% to 50%.";
}

function firstStep({ load, classes }: PlannedLoad, { kind, from, upTo }: SearchPlan, endMs: number): PlannedLoad {
  const times = { overMs: 0, forMs: endMs };
  if (kind === "users") return { classes, startMs: 0, load: { kind, stages: [{ users: from, ...times }] } };
  const given: Partial<Extract<Load, { kind: "arrivals" }>> = load.kind === "arrivals" ? load : {};
  const users = Math.min(MOST_USERS, Math.ceil(upTo * USERS_PER_ARRIVAL));
  const maxUsers = Math.max(given.maxUsers ?? 0, users);
  const stages = [{ perSecond: from, ...times }];
  return { classes, startMs: 0, load: { kind, stages, maxUsers, spacing: given.spacing ?? "constant" } };
}
