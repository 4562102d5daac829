import { writeFile } from "node:fs/promises";
import { compareRuns, DEFAULT_LEAST, hasRegression } from "../runs/comparison.ts";
import { reportOf } from "../runs/report.ts";
import { findRun, type ListedRun, listRuns } from "../runs/run-list.ts";
import type { Summary } from "../runs/summary.ts";
import { comparisonMarkdown } from "../sinks/comparison-markdown.ts";
import { printComparison } from "../sinks/console-comparison.ts";
import type { CompareFlags } from "./compare.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";

/** What a comparison that was to find regressions exits with: 98 where it could not tell. */
const EXIT_REGRESSION = 99;
const EXIT_UNKNOWN = 98;

/** Compares runs as `plimsoll compare` was told to; gives the exit code. Throws a UsageError where it was told wrong. */
export async function compare(io: Io, first: string, second: string | undefined, flags: CompareFlags): Promise<number> {
  if ((second === undefined) === (flags.baseline === undefined)) {
    throw new UsageError("Expected two groups of runs, or one and --baseline key=value.");
  }
  const listed = listRuns(flags.runs);
  const after = (second ?? first).split(",").map((word) => summaryOf(word, listed, flags.runs));
  const before =
    flags.baseline === undefined
      ? first.split(",").map((word) => summaryOf(word, listed, flags.runs))
      : baseline(listed, flags.baseline, flags.last, after);
  const comparison = compareRuns(before, after, {
    ...DEFAULT_LEAST,
    ...(flags.least === undefined ? {} : { relative: flags.least }),
  });
  printComparison(comparison, io.stdout, { color: wantsColor(io) });
  await write(flags.json, () => `${JSON.stringify(comparison, null, 2)}\n`);
  await write(flags.markdown, () => comparisonMarkdown(comparison));
  if (flags.failOn === undefined) return 0;
  if (hasRegression(comparison)) return EXIT_REGRESSION;
  return before.length < 2 || after.length < 2 ? EXIT_UNKNOWN : 0;
}

function summaryOf(word: string, listed: readonly ListedRun[], folder: string): Summary {
  const [found, ...more] = findRun(word, listed);
  if (more.length > 0) {
    throw new UsageError(`${word} begins the ids of ${more.length + 1} runs in ${folder}: give more of it.`);
  }
  const report = reportOf(found?.path ?? word);
  if (report.kind === "problem") {
    throw new UsageError(`${report.message}\nNor does a run's id in ${folder} begin with ${word}: see plimsoll runs.`);
  }
  return report.summary;
}

/** The last runs of the same scenario and profile that have the label and are not those they are compared with. */
function baseline(listed: readonly ListedRun[], label: string, last: number, after: readonly Summary[]): Summary[] {
  const at = label.indexOf("=");
  if (at < 1) throw new UsageError("Expected --baseline key=value, as in --label.");
  const [key, value] = [label.slice(0, at), label.slice(at + 1)];
  const [{ run } = { run: undefined }] = after;
  const found = listed.filter(
    ({ id, scenario, profile, labels }) =>
      labels[key] === value &&
      scenario === run?.scenario &&
      profile === run.profile &&
      after.every((one) => one.run.id !== id),
  );
  if (found.length === 0) {
    throw new UsageError(`No run of ${run?.scenario} ${run?.profile} has the label ${label}: see plimsoll runs.`);
  }
  return found.slice(0, last).flatMap(({ path }) => {
    const report = reportOf(path);
    return report.kind === "problem" ? [] : [report.summary];
  });
}

async function write(path: string | undefined, text: () => string): Promise<void> {
  if (path === undefined) return;
  try {
    await writeFile(path, text());
  } catch (error) {
    throw new UsageError(`Cannot write the comparison to ${path}: ${(error as Error).message}`);
  }
}
