import { Command, Option } from "commander";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";

export interface RuleFlags {
  profile?: string;
  window: "test" | "soak" | "production";
  format: "prometheus" | "sloth" | "openslo";
  output?: string;
}

export function rulesCommand(io: Io, _exit: Exit): Command {
  return new Command("rules")
    .description("Prints Prometheus rules for a scenario's thresholds: SLOs, and alerts where one is being missed.")
    .argument("<file>", "the scenario: YAML, or TypeScript")
    .option("-p, --profile <name>", "with this profile's thresholds")
    .addOption(
      new Option("--window <length>", "for how long the load goes on: minutes, hours or always")
        .choices(["test", "soak", "production"])
        .default("test"),
    )
    .addOption(
      new Option("--format <format>", "rules, or the SLOs alone as Sloth's or OpenSLO's specification")
        .choices(["prometheus", "sloth", "openslo"])
        .default("prometheus"),
    )
    .option("-o, --output <file>", "writes them there")
    .action(async (file: string, flags: RuleFlags) => {
      const { printRules } = await import("./print-rules.ts");
      await printRules(io, file, flags);
    });
}
