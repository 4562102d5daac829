import { appendFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Sink } from "../runs/sink.ts";
import type { Summary } from "../runs/summary.ts";
import { annotations } from "../sinks/annotations.ts";
import { CsvSink } from "../sinks/csv.ts";
import { writeHtmlReport } from "../sinks/html.ts";
import { junitXml } from "../sinks/junit.ts";
import { K6Summary } from "../sinks/k6-summary.ts";
import { markdown } from "../sinks/markdown.ts";
import { readPageFiles } from "../ui/page-files.ts";
import type { Io } from "./io.ts";

/** Files that a run is written to, and by `report` afterwards. */
export interface OutputFlags {
  summary?: string;
  junit?: string;
  markdown?: string;
  html?: string;
  csv?: string;
  csvFullHistory?: boolean;
  /** In the form of k6's summary export. */
  summaryExport?: string;
}

export function addOutputFlags(command: Command): Command {
  return command
    .option("--summary <file>", "write the summary as JSON")
    .option("--junit <file>", "write the verdict as JUnit XML: a limit of a threshold is a test case")
    .option("--markdown <file>", "write the summary as Markdown")
    .option("--html <file>", "write the report: one HTML file, with charts")
    .option("--csv <prefix>", "write Locust's four CSV files: <prefix>_stats.csv and so on")
    .option("--csv-full-history", "with --csv: a row for each request name each second, too");
}

/** Who writes while the run goes on. */
export function fileSinks({ csv, csvFullHistory = false, summaryExport }: OutputFlags): Sink[] {
  return [
    ...(csv === undefined ? [] : [new CsvSink(csv, { fullHistory: csvFullHistory })]),
    ...(summaryExport === undefined ? [] : [new K6Summary(summaryExport)]),
  ];
}

/** In a GitHub job, too: its page shows the summary, and what failed beside the steps. */
export async function writeOutputs(io: Io, flags: OutputFlags, summary: Summary, runFile: string): Promise<void> {
  const write = async (path: string | undefined, what: string, text: () => string, put = writeFile) => {
    if (path === undefined || path === "") return;
    try {
      await put(path, text());
    } catch (error) {
      // The run is over and its figures are in the run file: that they cannot be written here must not lose the verdict.
      io.stderr.write(`Cannot write ${what} to ${path}: ${(error as Error).message}\n`);
    }
  };
  await write(flags.summary, "the summary", () => `${JSON.stringify(summary, null, 2)}\n`);
  await write(flags.junit, "JUnit XML", () => junitXml(summary));
  await write(flags.markdown, "Markdown", () => markdown(summary));
  if (flags.html !== undefined) {
    const problem = await writeHtmlReport(runFile, flags.html, readPageFiles());
    if (problem !== undefined) io.stderr.write(`${problem}\n`);
  }
  if (io.environment["GITHUB_ACTIONS"] !== "true") return;
  io.stdout.write(annotations(summary));
  await write(io.environment["GITHUB_STEP_SUMMARY"], "the job's summary", () => markdown(summary), appendFile);
}
