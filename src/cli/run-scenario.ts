import { version } from "../version.ts";
import type { Io } from "./io.ts";
import type { RunFlags } from "./run.ts";
import { openScenario, planOf } from "./scenario-file.ts";
import { session } from "./session.ts";
import { TOKEN_VARIABLE } from "./session-flags.ts";

/** Reads, plans, runs. Throws a UsageError for a scenario or flags that are wrong. */
export async function runScenario(io: Io, file: string, classes: string[], flags: RunFlags): Promise<number> {
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
  return session(io, prepared, {
    processes: flags.processes,
    runs: flags.runs,
    outputs: flags,
    listen: flags.listen,
    metricsListen: flags.metricsListen,
    token: flags.webToken ?? (io.environment[TOKEN_VARIABLE] || undefined),
    lingerMs: flags.linger,
    quiet: flags.quiet ?? false,
  });
}
