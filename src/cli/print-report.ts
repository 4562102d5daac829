import { replay } from "../runs/replay.ts";
import { reportOf } from "../runs/report.ts";
import type { Sink } from "../runs/sink.ts";
import { printSummary } from "../sinks/console-summary.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import type { OutputFlags } from "./output-flags.ts";
import { fileSinks, writeOutputs } from "./outputs.ts";

/** Prints and writes what a run file holds; gives the run's exit code. Throws a UsageError for what is no run file. */
export async function printReport(io: Io, path: string, flags: OutputFlags): Promise<number> {
  const report = reportOf(path);
  if (report.kind === "problem") throw new UsageError(report.message);
  for (const sink of await fileSinks(flags)) await retell(path, sink);
  for (const line of report.damage) io.stderr.write(`${line}\n`);
  printSummary(report.summary, io.stdout, { color: wantsColor(io) });
  await writeOutputs(io, flags, report.summary, path);
  return report.summary.verdict.exitCode;
}

/** Tells a sink a run again from its file. */
async function retell(path: string, sink: Sink): Promise<void> {
  try {
    const problem = await replay(path, [sink]);
    if (problem !== undefined) throw new UsageError(problem.message);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new UsageError(`Cannot write the CSV files: ${error.message}`);
  }
}
