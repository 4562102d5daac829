import type { Command } from "commander";

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
