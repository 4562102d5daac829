import type { Summary } from "../runs/summary.ts";
import { suiteRow } from "./console-suite.ts";
import { markdown, markdownTable, markdownText } from "./markdown.ts";

const head = ["profile", "", "length", "requests", "failed", "rate", "p50", "p95", "p99", "max"];

/** Several profiles as GitHub-flavoured Markdown: one table of all, then each as a run by itself. */
export function suiteMarkdown(summaries: readonly Summary[], notRun: readonly string[], exitCode: number): string {
  const scenario = markdownText(summaries[0]?.run.scenario ?? "");
  return [
    `# ${exitCode === 0 ? "✅" : "❌"} ${scenario}: all profiles`,
    "",
    ...markdownTable(head, summaries.map(suiteRow)),
    ...(notRun.length === 0 ? [] : ["", `Not run: ${notRun.map(markdownText).join(", ")}`]),
    "",
    ...summaries.map(markdown),
  ].join("\n");
}
