import { searchPlan } from "../search/plan.ts";
import { version } from "../version.ts";
import type { FindFlags } from "./find.ts";
import { type Io, UsageError } from "./io.ts";
import { openScenario, planOf } from "./scenario-file.ts";
import { session, sessionOf } from "./session.ts";

/** Searches as `plimsoll find` was told to; gives the exit code. Throws a UsageError for a scenario or flags that are wrong. */
export async function findLine(io: Io, file: string, classes: string[], flags: FindFlags): Promise<number> {
  const prepared = planOf(io, await openScenario(io, file), {
    version: version(),
    labels: flags.label,
    classes,
    seed: flags.seed,
    durationMs: flags.maxTime,
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.allowCommands === undefined ? {} : { allowCommands: flags.allowCommands }),
  });
  const plan = searchPlan(prepared.plan, {
    kind: flags.users ? "users" : flags.arrivals ? "arrivals" : undefined,
    from: flags.from,
    upTo: flags.upTo,
    precision: flags.precision,
    forMs: flags.for,
  });
  if ("problem" in plan) throw new UsageError(plan.problem);
  const { code } = await session(io, { ...prepared, plan }, sessionOf(io, flags));
  return code;
}
