import type { Opened, Prepared } from "../prepare.ts";
import { secretNames } from "../scenario/secrets.ts";
import { printPlans } from "../sinks/console-plan.ts";
import { version } from "../version.ts";
import type { CheckFlags } from "./check.ts";
import { checkOnce } from "./check-once.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import { openScenario, planOf } from "./scenario-file.ts";

/** Prints what a scenario would do; with `once` does each task once. Throws a UsageError with all that is wrong with it. */
export async function checkScenario(io: Io, file: string, classes: string[], flags: CheckFlags): Promise<number> {
  const opened = await openScenario(io, file);
  const { host, profile } = flags;
  const given = { version: version(), classes, ...(host === undefined ? {} : { host }) };
  const watchOnly = opened.scenario.classes.length === 0;
  const named = profile === undefined ? opened.scenario.profiles.map(({ name }) => name) : [profile];
  const plans = plansOf(io, opened, { ...given, watchOnly }, named);
  const secrets = [...secretNames(plans)].map((name) => ({ name, isSet: (io.environment[name] ?? "") !== "" }));
  printPlans(plans, secrets, io.stdout, { color: wantsColor(io) });
  if (flags.once !== true) return 0;
  // Without a profile every class is there, whatever profiles drive.
  const each = { kind: "iterations", users: 1, iterations: 1, per: "run" } as const;
  const which = watchOnly ? { watchOnly } : profile === undefined ? { shape: each } : { profile };
  const allowed = { allowCommands: flags.allowCommands === true };
  return checkOnce(io, planOf(io, opened, { ...given, ...which, ...allowed }));
}

type Given = { version: string; classes: string[]; host?: string; watchOnly: boolean };

/** The plans of all profiles: what is wrong with several is told once. */
function plansOf(io: Io, opened: Opened, given: Given, profiles: readonly string[]) {
  const problems = new Set<string>();
  const plans = (profiles.length === 0 ? [undefined] : profiles).flatMap((profile): Prepared["plan"][] => {
    const choices = profile === undefined ? given : { ...given, profile };
    try {
      // Nothing is run here: a command neither.
      return [planOf(io, opened, { ...choices, allowCommands: true }).plan];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.add(error.message);
      return [];
    }
  });
  if (problems.size > 0) throw new UsageError([...problems].join("\n"));
  return plans;
}
