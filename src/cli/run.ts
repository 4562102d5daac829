import { randomBytes, randomInt } from "node:crypto";
import { Command } from "commander";
import { monotonicMs } from "../metrics/clock.ts";
import type { PlanOptions } from "../scenario/make-plan.ts";
import { duration, positiveInteger, processes, rate } from "./flags.ts";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";
import { openScenario, planOf } from "./scenario-file.ts";
import { session } from "./session.ts";
import { addSessionFlags, type SessionFlags } from "./session-flags.ts";
import { version } from "./version.ts";

/** What somebody may set for a run, whatever command starts it. */
export interface RunFlags extends SessionFlags {
  profile?: string;
  host?: string;
  users?: number;
  spawnRate?: number;
  duration?: number;
  seed?: number;
  /** No load: the target is only watched. */
  watchOnly?: boolean;
  processes?: number;
}

export function runCommand(io: Io, exit: Exit): Command {
  const command = new Command("run")
    .description("Runs a scenario: starts at once, serves /metrics, ends with a verdict.")
    .argument("<file>", "the scenario, a YAML file")
    .argument("[classes...]", "only these user classes")
    .option("-p, --profile <name>", "the profile of the scenario to run")
    .option("-H, --host <url>", "the service to load, in place of the scenario's host");
  return addRunFlags(command).action(async (file: string, classes: string[], flags: RunFlags) => {
    exit.code = await runScenario(io, file, classes, flags);
  });
}

export function addRunFlags(command: Command): Command {
  const ran = command
    .option("-u, --users <n>", "how many users, in place of the profile's", positiveInteger)
    .option("-r, --spawn-rate <n>", "users started a second", rate)
    .option("-d, --duration <time>", "how long, spawning included: 30s, 5m, 1h30m", duration)
    .option("--processes <n>", "worker threads; -1 for one a core (default: one a core, less one)", processes)
    .option("--seed <n>", "repeats another run's random choices", positiveInteger);
  return addSessionFlags(ran);
}

/** Reads, plans, runs. Throws a UsageError for a scenario or flags that are wrong. */
export async function runScenario(io: Io, file: string, classes: string[], flags: RunFlags): Promise<number> {
  const scenario = openScenario(io, file);
  const startedAt = io.wallClock();
  const plannedAtMs = monotonicMs();
  const options: PlanOptions = {
    seed: flags.seed ?? randomInt(1, 2 ** 31),
    startedAt,
    version: version(),
    labels: flags.label,
    classes,
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.users === undefined ? {} : { users: flags.users }),
    ...(flags.spawnRate === undefined ? {} : { spawnRate: flags.spawnRate }),
    ...(flags.duration === undefined ? {} : { durationMs: flags.duration }),
    ...(flags.watchOnly === undefined ? {} : { watchOnly: flags.watchOnly }),
    suffix: randomBytes(2).toString("hex"),
  };
  return session(io, planOf(scenario, options), plannedAtMs, {
    processes: flags.processes,
    runs: flags.runs,
    outputs: flags,
    listen: flags.listen,
    metricsListen: flags.metricsListen,
    lingerMs: flags.linger,
  });
}
