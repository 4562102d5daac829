import { count, duration, rate, share } from "../metrics/units.ts";
import { escapeMarkup } from "../runs/markup.ts";
import type { Summary, SummaryRequest } from "../runs/summary.ts";
import { targetCells } from "../runs/target-cells.ts";
import { formatLike } from "../verdict/quantity.ts";
import { plain } from "./console-screen.ts";

type Cell = string | number;

/** A run's facts and figures as HTML: what a report shows where no script runs. Whatever a target said is text. */
export function summaryTables(summary: Summary): string {
  const { run, totals } = summary;
  return `${facts([
    ["During", `${utc(run.start)} – ${utc(run.end)} (${duration(run.end - run.start)})`],
    ["Run", run.id],
    ...Object.entries(run.labels),
    ...(totals.dropped > 0 ? [["Iterations dropped", count(totals.dropped)] as [string, string]] : []),
  ])}
${table("Thresholds", ["Threshold", "Limit", "Measured", "State"], thresholdRows(summary))}
${requestTable(summary)}
${timeTable(summary)}
${table("Failures", ["# Failures", "Method", "Name", "Error", "First seen", "Last seen"], failureRows(summary))}
${table("Target", ["Series", "Source", "Min", "Mean", "Max"], targetRows(summary))}`;
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

/** A control character of a target's shows as what it is not. */
export function escapeHtml(text: string): string {
  return escapeMarkup(plain(text));
}
