import { appendFile, writeFile } from "node:fs/promises";
import type { Sink } from "../runs/sink.ts";
import type { Summary } from "../runs/summary.ts";
import type { Io } from "./io.ts";
import type { OutputFlags } from "./output-flags.ts";

/** Who writes while the run goes on. Only what is asked for is loaded. */
export async function fileSinks({ csv, csvFullHistory = false, summaryExport }: OutputFlags): Promise<Sink[]> {
  const sinks: Sink[] = [];
  if (csv !== undefined) {
    const { CsvSink } = await import("../sinks/csv.ts");
    sinks.push(new CsvSink(csv, { fullHistory: csvFullHistory }));
  }
  if (summaryExport !== undefined) {
    const { K6Summary } = await import("../sinks/k6-summary.ts");
    sinks.push(new K6Summary(summaryExport));
  }
  return sinks;
}

/** In a GitHub job, too: its page shows the summary, and what failed beside the steps. */
export async function writeOutputs(io: Io, flags: OutputFlags, summary: Summary, runFile: string): Promise<void> {
  const write = async (
    path: string | undefined,
    what: string,
    text: () => string | Promise<string>,
    put = writeFile,
  ) => {
    if (path === undefined || path === "") return;
    try {
      await put(path, await text());
    } catch (error) {
      // The run is over and its figures are in the run file: that they cannot be written here must not lose the verdict.
      io.stderr.write(`Cannot write ${what} to ${path}: ${(error as Error).message}\n`);
    }
  };
  const markdown = async () => (await import("../sinks/markdown.ts")).markdown(summary);
  await write(flags.summary, "the summary", () => `${JSON.stringify(summary, null, 2)}\n`);
  await write(flags.junit, "JUnit XML", async () => (await import("../sinks/junit.ts")).junitXml(summary));
  await write(flags.markdown, "Markdown", markdown);
  if (flags.html !== undefined) {
    const { writeHtmlReport } = await import("../sinks/html.ts");
    const { readPageFiles } = await import("../ui/page-files.ts");
    const problem = await writeHtmlReport(runFile, flags.html, readPageFiles());
    if (problem !== undefined) io.stderr.write(`${problem}\n`);
  }
  if (io.environment["GITHUB_ACTIONS"] !== "true") return;
  const { annotations } = await import("../sinks/annotations.ts");
  io.stdout.write(annotations(summary));
  await write(io.environment["GITHUB_STEP_SUMMARY"], "the job's summary", markdown, appendFile);
}
