import { rename, rm } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { compareRuns } from "../runs/comparison.ts";
import type { RunFileProblem } from "../runs/open-run.ts";
import { replay } from "../runs/replay.ts";
import { type Report, reportOf, shownReportOf } from "../runs/report.ts";
import { type ListedRun, listRuns } from "../runs/run-list.ts";
import { CsvSink } from "../sinks/csv.ts";
import { htmlReport } from "../sinks/html.ts";
import type { Answer, ArchiveProblem, KeptRun, Question } from "../ui/archive.ts";
import { readPageFiles } from "../ui/page-files.ts";

/** The program of the thread that reads run files: one question, one answer. */

const { folder, question } = workerData as { folder: string; question: Question };

async function answerTo(asked: Question): Promise<Answer<Question>> {
  switch (asked.kind) {
    case "list":
      return given(listRuns(folder));
    case "find":
      return found(asked.run);
    case "view":
      return at(asked.run, (path) => told(shownReportOf(path), ({ shown }) => shown));
    case "summary":
      return at(asked.run, (path) => told(reportOf(path), ({ summary }) => summary));
    case "report":
      return at(asked.run, (path) =>
        told(shownReportOf(path), (report) => htmlReport({ ...report, theme: asked.theme }, readPageFiles())),
      );
    case "history":
      return at(asked.run, (path) => history(path, asked.into));
    case "compare":
      return compared(asked.before, asked.after);
  }
}

function given<T>(answer: T): { kind: "answer"; answer: T } {
  return { kind: "answer", answer };
}

function found(run: KeptRun): { kind: "answer"; answer: ListedRun } | ArchiveProblem {
  const match = listRuns(folder).find(({ id, path }) => (run.kind === "id" ? id === run.id : path === run.path));
  if (match !== undefined) return given(match);
  return { kind: "problem", message: `There is no run ${run.kind === "id" ? run.id : run.path}.` };
}

function at<T>(run: KeptRun, read: (path: string) => T): T | ArchiveProblem {
  if (run.kind === "path") return read(run.path);
  const match = found(run);
  return match.kind === "problem" ? match : read(match.answer.path);
}

function told<R extends Report, T>(report: R | RunFileProblem, tell: (report: R) => T) {
  if (report.kind === "problem") return { kind: "problem", message: report.message } as const;
  return given(tell(report));
}

/** By the code that writes it while a run goes on. */
async function history(path: string, into: string): Promise<Answer<Question>> {
  const problem = await replay(path, [new CsvSink(into, { fullHistory: true })]);
  if (problem !== undefined) return { kind: "problem", message: problem.message };
  await rename(`${into}_stats_history.csv`, into);
  await Promise.all(["stats", "failures", "exceptions"].map((name) => rm(`${into}_${name}.csv`)));
  return given(into);
}

function compared(before: readonly KeptRun[], after: readonly KeptRun[]): Answer<Question> {
  const groups = [before, after].map((runs) =>
    runs.map((run) => at(run, (path) => told(reportOf(path), ({ summary }) => summary))),
  );
  const problem = groups.flat().find((one) => one.kind === "problem");
  if (problem !== undefined) return problem;
  const [a = [], b = []] = groups.map((group) => group.flatMap((one) => (one.kind === "answer" ? [one.answer] : [])));
  return given(compareRuns(a, b));
}

parentPort?.postMessage(await answerTo(question));
