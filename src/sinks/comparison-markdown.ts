import { changeOf, metricValue, rate } from "../metrics/units.ts";
import type { Comparison } from "../runs/comparison.ts";
import { markdownTable, markdownText } from "./markdown.ts";

/** A comparison as GitHub-flavoured Markdown: what changed, then what may have. */
export function comparisonMarkdown({ before, after, differences, remarks }: Comparison): string {
  const ids = (runs: Comparison["before"]) => runs.map(({ id }) => `\`${id}\``).join(", ");
  const rows = differences
    .filter(({ verdict }) => verdict !== "same")
    .map(({ of, figure, unit, before: was, after: is, change, relative, interval, verdict }) => {
      const show = unit === "rate" ? rate : (value: number) => metricValue(unit, value);
      const between = interval === null ? "–" : interval.map((end) => changeOf(end, relative)).join(" … ");
      return [verdict, of, figure, show(was), show(is), changeOf(change, relative), between];
    });
  const same = differences.length - rows.length;
  return [
    `## ${ids(before)} → ${ids(after)}`,
    ...remarks.map((remark) => `\n> ${markdownText(remark)}`),
    ...(rows.length === 0
      ? []
      : ["", ...markdownTable(["", "of", "figure", "before", "after", "change", "95 % confidence"], rows)]),
    "",
    `${same} figures are the same.`,
    "",
  ].join("\n");
}
