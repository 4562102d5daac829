import { Command } from "commander";
import { reportOf } from "../runs/report.ts";
import { printSummary } from "../sinks/console-summary.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import { addOutputFlags, type OutputFlags, writeOutputs } from "./outputs.ts";
import type { Exit } from "./program.ts";

export function reportCommand(io: Io, exit: Exit): Command {
  const command = new Command("report")
    .description("Prints what a run file holds, also of a run that was killed.")
    .argument("<run>", "a run file, runs/….db");
  return addOutputFlags(command).action(async (path: string, flags: OutputFlags) => {
    const report = reportOf(path);
    if (report.kind === "problem") throw new UsageError(report.message);
    for (const line of report.damage) io.stderr.write(`${line}\n`);
    printSummary(report.summary, io.stdout, { color: wantsColor(io) });
    await writeOutputs(io, flags, report.summary);
    exit.code = report.summary.verdict.exitCode;
  });
}
