import { Command } from "commander";
import type { PlanOptions } from "../scenario/make-plan.ts";
import { duration, positiveInteger, processes, rate } from "./flags.ts";
import type { Io } from "./io.ts";
import { addK6Flags } from "./k6-flags.ts";
import type { Exit } from "./program.ts";
import { addSessionFlags, type SessionFlags } from "./session-flags.ts";

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
  /** Only the end is printed. */
  quiet?: boolean;
  /** What else changes the plan. */
  plan?: Pick<PlanOptions, "shape" | "maxRedirects" | "insecure" | "timings" | "without">;
}

export function runCommand(io: Io, exit: Exit): Command {
  const command = new Command("run")
    .description("Runs a scenario: starts at once, serves /metrics, ends with a verdict.")
    .argument("<file>", "the scenario: YAML, or TypeScript")
    .argument("[classes...]", "only these user classes")
    .option("-p, --profile <name>", "the profile of the scenario to run")
    .option("-H, --host <url>", "the service to load, in place of the scenario's host");
  return addK6Flags(addRunFlags(command)).action(async (file: string, classes: string[]) => {
    const { runAsK6 } = await import("./run-as-k6.ts");
    exit.code = await runAsK6(io, command, file, classes);
  });
}

export function addRunFlags(command: Command): Command {
  const ran = command
    .option("--users <n>", "how many users, in place of the profile's", positiveInteger)
    .option("-r, --spawn-rate <n>", "users started a second", rate)
    .option("-d, --duration <time>", "how long, spawning included: 30s, 5m, 1h30m", duration)
    .option("--processes <n>", "worker threads; -1 for one a core (default: one a core, less one)", processes)
    .option("--seed <n>", "repeats another run's random choices", positiveInteger);
  return addSessionFlags(ran);
}
