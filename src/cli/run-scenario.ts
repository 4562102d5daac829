import type { Threads } from "../cluster/thread-link.ts";
import { version } from "../version.ts";
import type { Io } from "./io.ts";
import type { RunFlags } from "./run.ts";
import { openScenario, planOf } from "./scenario-file.ts";
import { session, sessionOf } from "./session.ts";

/** Reads, plans, runs. Throws a UsageError for a scenario or flags that are wrong. */
export async function runScenario(
  io: Io,
  file: string,
  classes: string[],
  flags: RunFlags,
  threads?: Threads,
): Promise<number> {
  const scenario = await openScenario(io, file);
  const prepared = planOf(io, scenario, {
    version: version(),
    labels: flags.label,
    classes,
    seed: flags.seed,
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.users === undefined ? {} : { users: flags.users }),
    ...(flags.spawnRate === undefined ? {} : { spawnRate: flags.spawnRate }),
    ...(flags.duration === undefined ? {} : { durationMs: flags.duration }),
    ...(flags.allowCommands === undefined ? {} : { allowCommands: flags.allowCommands }),
    ...(flags.watchOnly === undefined ? {} : { watchOnly: flags.watchOnly }),
    ...flags.plan,
  });
  const { code } = await session(io, prepared, sessionOf(io, flags), threads);
  return code;
}
