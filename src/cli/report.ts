import { Command } from "commander";
import type { Io } from "./io.ts";
import { addOutputFlags, type OutputFlags } from "./output-flags.ts";
import type { Exit } from "./program.ts";

export function reportCommand(io: Io, exit: Exit): Command {
  const command = new Command("report")
    .description("Prints what a run file holds, also of a run that was killed.")
    .argument("<run>", "a run file, runs/….db");
  return addOutputFlags(command).action(async (path: string, flags: OutputFlags) => {
    const { printReport } = await import("./print-report.ts");
    exit.code = await printReport(io, path, flags);
  });
}
