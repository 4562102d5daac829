import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type ChartSpec, folded, loadCharts, targetCharts } from "../runs/charts.ts";
import { type ShownReport, shownReportOf } from "../runs/report.ts";
import type { Summary } from "../runs/summary.ts";
import { compacted } from "../runs/view.ts";
import type { Shown } from "../runs/view-sink.ts";
import { escapeHtml, summaryTables } from "./html-tables.ts";
import { svgChart } from "./svg-chart.ts";

/** As many rows as a chart has pixels, twice over: a run of hours stays well below a megabyte. */
const MOST_ROWS = 1200;

/** The page as it was built: what makes a report one that can be used, not only read. */
export interface PageFiles {
  script: string;
  style: string;
}

/** What a report as HTML is made of. */
export interface HtmlReport extends Pick<ShownReport, "summary" | "shown" | "damage"> {
  /** Undefined: as the reader's system has it. */
  theme?: "light" | "dark" | undefined;
}

/**
 * Writes the report of a run file as one HTML file, its folder too. Gives the reason as a sentence where it cannot. Without
 * the page's files the report is what it is without scripts.
 */
export async function writeHtmlReport(
  runFile: string,
  path: string,
  page: PageFiles | undefined,
): Promise<string | undefined> {
  const report = shownReportOf(runFile);
  if (report.kind === "problem") return `Cannot write the report ${path}: ${report.message}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, htmlReport(report, page));
    return undefined;
  } catch (error) {
    return `Cannot write the report ${path}: ${(error as Error).message}`;
  }
}

/**
 * A run as one HTML file that asks nobody for anything: verdict and findings first, in words, then charts and tables. The
 * charts are SVG and all is text; where scripts run, the page takes over with the run's data, which stands in the file. Its
 * policy lets run the one script that it came with, and nothing that a target or a scenario said.
 */
export function htmlReport({ summary, damage, theme, ...whole }: HtmlReport, page: PageFiles | undefined): string {
  const shown = { ...whole.shown, view: compacted(whole.shown.view, MOST_ROWS) };
  const { run } = summary;
  const title = escapeHtml(`${run.scenario} – ${run.profile} – Plimsoll`);
  const target = folded(targetCharts(shown.view));
  const script = page === undefined ? undefined : inScript(page.script);
  const allowed = script === undefined ? "" : `; script-src '${hashOf(script)}'`;
  return `<!doctype html>
<html lang="en"${theme === undefined ? "" : ` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:${allowed}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${page?.style ?? ""}${plainStyle}</style>
</head>
<body>
${damage.map((line) => `<p class="damage">${escapeHtml(line)}</p>`).join("\n")}
<div id="app">
<header><h1>Plimsoll <span>${escapeHtml(run.scenario)} <small>${escapeHtml(run.profile)}</small></span></h1></header>
<main>
${verdictPart(summary)}
${findingsPart(summary)}
${charts("Load", loadCharts(shown.view), shown)}
${charts("Target", target.open, shown)}
${target.more.length === 0 ? "" : `<details><summary>${target.more.length} more charts of the target</summary>${figures(target.more, shown)}</details>`}
${summaryTables(summary)}
</main>
</div>
${script === undefined ? "" : `<script type="application/json" id="run">${JSON.stringify(shown).replaceAll("<", "\\u003c")}</script>\n<script type="module">${script}</script>`}
</body>
</html>
`;
}

function verdictPart({ verdict }: Summary): string {
  const told = [...verdict.breaches, ...verdict.reasons];
  return `<section class="verdict ${verdict.state}">
<h2>The run ${verdict.state === "inconclusive" ? "is inconclusive" : verdict.state}</h2>
${list(told)}
${verdict.warnings.length === 0 ? "" : `<h3>Warnings</h3>${list(verdict.warnings)}`}
</section>`;
}

function findingsPart({ findings }: Summary): string {
  if (findings.length === 0) return "";
  const items = findings.map(
    ({ claim, severity }) => `<li class="${severity}"><em>${severity}</em> ${escapeHtml(claim)}</li>`,
  );
  return `<h2>Findings</h2>\n<ul class="findings">${items.join("")}</ul>`;
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`;
}

function charts(title: string, specs: readonly ChartSpec[], shown: Shown): string {
  if (specs.length === 0) return "";
  return `<h2>${title}</h2>\n${figures(specs, shown)}`;
}

function figures(specs: readonly ChartSpec[], { view }: Shown): string {
  return `<div class="charts">\n${specs.map((spec) => svgChart(spec, view)).join("\n")}\n</div>`;
}

/** Neither a script's end nor a comment's beginning may stand in a script; both are written so that they mean the same. */
function inScript(text: string): string {
  return text.replace(/<(?=\/script|script|!--)/gi, "\\u003c");
}

function hashOf(script: string): string {
  return `sha256-${createHash("sha256").update(script).digest("base64")}`;
}

/** Beside the page's own style: for what only stands where no script runs. */
const plainStyle = `
dl:not(.headline) { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { color: var(--muted, #555); }
dd { margin: 0; }
table { font-variant-numeric: tabular-nums; }
th, td { text-align: right; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; overflow-wrap: anywhere; white-space: normal; }
.chart svg { font: 11px system-ui, sans-serif; fill: var(--muted, #555); }
.legend { margin: 0; font-size: 12px; }
.legend span { margin-right: 12px; }
.key { display: inline-block; width: 10px; height: 10px; margin-right: 4px; }
${Array.from({ length: 8 }, (_, line) => `.line-${line} { background: var(--line-${line}); }`).join("\n")}
.damage { margin: 0; padding: 8px 20px; background: #fff3cd; color: #4d3800; }
`;
