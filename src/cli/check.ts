import { Command } from "commander";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";

export interface CheckFlags {
  profile?: string;
  host?: string;
  once?: boolean;
  allowCommands?: boolean;
}

export function checkCommand(io: Io, exit: Exit): Command {
  return new Command("check")
    .description("Reads a scenario and prints what it would do, or all that is wrong with it; nothing is run.")
    .argument("<file>", "the scenario: YAML, or TypeScript")
    .argument("[classes...]", "only these user classes")
    .option("--once", "run each task once, and look at each source once")
    .option("-p, --profile <name>", "only this profile")
    .option("-H, --host <url>", "the service, in place of the scenario's host")
    .option("--allow-commands", "with --once: let the scenario's sources run the commands that it names")
    .action(async (file: string, classes: string[], flags: CheckFlags) => {
      const { checkScenario } = await import("./check-scenario.ts");
      exit.code = await checkScenario(io, file, classes, flags);
    });
}
