import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { count, duration, rate, share } from "../metrics/units.ts";
import { reportOf } from "../runs/report.ts";
import type { Summary, SummaryRequest } from "../runs/summary.ts";
import { formatLike } from "../verdict/quantity.ts";
import { plain } from "./console-screen.ts";
import { targetCells } from "./console-target.ts";

/**
 * Writes the report of a run file as one HTML file, its folder too. It has no script and fetches nothing; whatever a target
 * said is text. Gives the reason as a sentence where it cannot.
 */
export async function writeHtmlReport(runFile: string, path: string): Promise<string | undefined> {
  const report = reportOf(runFile);
  if (report.kind === "problem") return `Cannot write the report ${path}: ${report.message}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, htmlReport(report.summary, report.damage));
    return undefined;
  } catch (error) {
    return `Cannot write the report ${path}: ${(error as Error).message}`;
  }
}

type Cell = string | number;

export function htmlReport(summary: Summary, damage: readonly string[] = []): string {
  const { run, verdict, totals } = summary;
  const title = `${run.scenario} – ${run.profile} – Plimsoll`;
  const reasons = [...verdict.breaches, ...verdict.reasons, ...verdict.warnings, ...damage];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(run.scenario)} <small>${escapeHtml(run.profile)}</small></h1>
<p class="verdict ${verdict.state}">${verdict.state}</p>
${reasons.length === 0 ? "" : `<ul>${reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join("")}</ul>`}
${facts([
  ["During", `${utc(run.start)} – ${utc(run.end)} (${duration(run.end - run.start)})`],
  ["Run", run.id],
  ...Object.entries(run.labels),
  ...(totals.dropped > 0 ? [["Iterations dropped", count(totals.dropped)] as [string, string]] : []),
])}
${requestTable(summary)}
${timeTable(summary)}
${table("Failures", ["# Failures", "Method", "Name", "Error", "First seen", "Last seen"], failureRows(summary))}
${table("Thresholds", ["Threshold", "Limit", "Measured", "State"], thresholdRows(summary))}
${table("Target", ["Series", "Source", "Min", "Mean", "Max"], targetRows(summary))}
</body>
</html>
`;
}

function requestTable({ requests, totals }: Summary): string {
  const row = (type: string, name: string, of: Summary["totals"] | SummaryRequest): Cell[] => [
    type,
    name,
    count(of.requests),
    count(of.failures),
    of.requests === 0 ? "–" : share(of.failures / of.requests),
    rate(of.rate),
    ...(of.latency === null ? ["–", "–", "–"] : [of.latency.mean, of.latency.min, of.latency.max].map(duration)),
  ];
  const head = ["Type", "Name", "# Requests", "# Fails", "Failing", "Rate", "Average", "Min", "Max"];
  const rows = sorted(requests).map((one) => row(one.method, one.name, one));
  return table("Request statistics", head, [...rows, row("", "Aggregated", totals)]);
}

function timeTable({ requests, totals }: Summary): string {
  const row = (type: string, name: string, { latency }: Summary["totals"] | SummaryRequest): Cell[] => {
    const times =
      latency === null ? [] : [latency.p50, latency.p90, latency.p95, latency.p99, latency.p999, latency.max];
    return [type, name, ...(times.length === 0 ? ["–", "–", "–", "–", "–", "–"] : times.map(duration))];
  };
  const head = ["Type", "Name", "50%", "90%", "95%", "99%", "99.9%", "100%"];
  const rows = sorted(requests).map((one) => row(one.method, one.name, one));
  return table("Response time statistics", head, [...rows, row("", "Aggregated", totals)]);
}

function sorted(requests: readonly SummaryRequest[]): SummaryRequest[] {
  return requests.toSorted((a, b) => a.name.localeCompare(b.name) || a.method.localeCompare(b.method));
}

function failureRows({ requests, run }: Summary): Cell[][] {
  return requests
    .flatMap(({ method, name, errors }) =>
      errors.map((error) => {
        const what = error.detail === "" || error.detail === error.type ? error.type : `${error.type}: ${error.detail}`;
        const seen = [error.first, error.last].map((seconds) => utc(run.start + seconds));
        return { times: error.count, cells: [count(error.count), method, name, what, ...seen] };
      }),
    )
    .sort((a, b) => b.times - a.times)
    .map(({ cells }) => cells);
}

function thresholdRows({ thresholds }: Summary): Cell[][] {
  return thresholds.map(({ expression, level, limit, value, state, series, reason }) => {
    const measured = value === null ? "–" : formatLike(value, limit);
    const where = [series, reason].filter((text) => text !== undefined).join("; ");
    const said = where === "" ? state : `${state} (${where})`;
    return [expression, `${level} ${limit.operator} ${limit.text}`, measured, said.replaceAll("_", " ")];
  });
}

function targetRows({ target, run }: Summary): Cell[][] {
  return Object.entries(target).map(([name, { source, ...figures }]) => {
    const metric = name.replace(/\{.*/s, "");
    return [name, source, ...targetCells(metric, figures, run.end - run.start)];
  });
}

function table(title: string, head: readonly string[], rows: readonly Cell[][]): string {
  if (rows.length === 0) return "";
  const row = (cells: readonly Cell[], tag: "th" | "td") =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(String(cell))}</${tag}>`).join("")}</tr>`;
  const body = rows.map((cells) => row(cells, "td")).join("\n");
  return `<h2>${escapeHtml(title)}</h2>\n<table>\n<thead>${row(head, "th")}</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

function facts(pairs: readonly (readonly [string, string])[]): string {
  return `<dl>${pairs.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join("")}</dl>`;
}

function utc(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function escapeHtml(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1a1a1a; }
h1 small { font-weight: normal; color: #666; }
h2 { margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: 0.25rem 0.5rem; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { color: #666; }
dd { margin: 0; }
.verdict { display: inline-block; padding: 0.1rem 0.75rem; border-radius: 0.25rem; color: #fff; background: #666; }
.verdict.passed { background: #1b7f3b; }
.verdict.failed { background: #b3261e; }
`;
