import { Command } from "commander";
import { duration, positiveInteger, processes } from "./flags.ts";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";
import { addSessionFlags, type SessionFlags } from "./session-flags.ts";

export interface SuiteFlags extends SessionFlags {
  host?: string;
  rest: number;
  stopOnFailure?: boolean;
  duration?: number;
  processes?: number;
  seed?: number;
  json?: string;
}

export function suiteCommand(io: Io, exit: Exit): Command {
  const command = new Command("suite")
    .description(
      "Runs several profiles of a scenario in turn, with rest between them, and says what they came to together.",
    )
    .argument("<file>", "the scenario: YAML, or TypeScript")
    .argument("[profiles...]", "which profiles, in this order (default: all, in the order of the file)")
    .option("-H, --host <url>", "the service to load, in place of the scenario's host")
    .option("--rest <time>", "between two profiles (default: 30s)", rest, 30_000)
    .option("--stop-on-failure", "run no further profile after one that failed")
    .option("-d, --duration <time>", "how long each profile is, spawning included", duration)
    .option("--processes <n>", "worker threads; -1 for one a core (default: one a core, less one)", processes)
    .option("--seed <n>", "repeats another run's random choices", positiveInteger)
    .option("--json <file>", "write the summaries of all profiles as JSON");
  return addSessionFlags(command).action(async (file: string, profiles: string[], flags: SuiteFlags) => {
    const { runSuite } = await import("./run-suite.ts");
    exit.code = await runSuite(io, file, profiles, flags);
  });
}

/** A time, which may be none. */
function rest(text: string): number {
  return /^0+(s|m|h|ms)?$/.test(text) ? 0 : duration(text);
}
