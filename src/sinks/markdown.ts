import { count, duration, rate, runTime, share } from "../metrics/units.ts";
import type { RequestFigures, Summary, SummaryThreshold } from "../runs/summary.ts";
import { formatLike } from "../verdict/quantity.ts";

/** More would be cut by GitHub, which takes 1 MiB a step. */
const MOST_ROWS = 100;

/** A run's summary as GitHub-flavoured Markdown: for a pull request, a job's summary, a wiki. */
export function markdown(summary: Summary): string {
  const { run, verdict, totals } = summary;
  const told = [...verdict.breaches, ...verdict.reasons];
  const length = runTime((run.end - run.start) * 1000);
  return [
    `## ${marks[verdict.state]} ${markdownText(run.scenario)} ${markdownText(run.profile)}: ${verdict.state}`,
    "",
    `${length}, ${count(totals.requests)} requests, ${rate(totals.rate)}, ${count(totals.failures)} failed`,
    ...list(told),
    ...(verdict.warnings.length === 0 ? [] : ["", "Warnings:", ...list(verdict.warnings)]),
    ...(summary.findings.length === 0 ? [] : ["", "### Findings", ...list(summary.findings.map(({ claim }) => claim))]),
    ...section(
      "Thresholds",
      ["", "threshold", "level", "measured", "limit", "where"],
      summary.thresholds.map(threshold),
    ),
    ...section(
      "Requests",
      ["", "request", "requests", "failed", "rate", "p50", "p95", "p99", "max"],
      [
        ...summary.requests.map((one) => figures(one.method, one.name, one)),
        ...(summary.requests.length > 1 ? [figures("", "all", totals)] : []),
      ],
    ),
    "",
  ].join("\n");
}

const marks: Record<Summary["verdict"]["state"], string> = {
  passed: "✅",
  failed: "❌",
  stopped: "⏹️",
  inconclusive: "❔",
};

function threshold({ expression, level, state, value, limit, series, reason }: SummaryThreshold): string[] {
  const mark = state === "ok" ? "✅" : state === "broken" ? (level === "critical" ? "❌" : "⚠️") : "❔";
  const measured = value === null ? "–" : formatLike(value, limit);
  return [mark, expression, level, measured, `${limit.operator} ${limit.text}`, series ?? reason ?? ""];
}

function figures(method: string, name: string, { requests, failures, rate: perSecond, latency }: RequestFigures) {
  const times =
    latency === null ? ["–", "–", "–", "–"] : [latency.p50, latency.p95, latency.p99, latency.max].map(duration);
  return [method, name, count(requests), requests === 0 ? "–" : share(failures / requests), rate(perSecond), ...times];
}

function section(title: string, head: readonly string[], rows: readonly string[][]): string[] {
  return rows.length === 0 ? [] : ["", `### ${title}`, "", ...markdownTable(head, rows)];
}

export function markdownTable(head: readonly string[], rows: readonly string[][]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(" | ")} |`;
  const more = rows.length - MOST_ROWS;
  return [
    line(head),
    line(head.map(() => "---")),
    ...rows.slice(0, MOST_ROWS).map(line),
    ...(more > 0 ? ["", `and ${more} more in the JSON`] : []),
  ];
}

function list(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines.map((line) => `- ${markdownText(line)}`)];
}

/** What a target or a scenario says is text: no markup of it becomes ours, no line of it ends a row. */
export function markdownText(value: string): string {
  return value
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~!@]/g, (character) => (character === "@" ? "&#64;" : `\\${character}`));
}
