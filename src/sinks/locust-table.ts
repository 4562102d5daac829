import { plain } from "./console-screen.ts";
import {
  type LocustEntry,
  type LocustStats,
  overallRate,
  percentileMs,
  percentiles,
  type RecentStats,
  timesMs,
} from "./locust-stats.ts";

const TYPE_WIDTH = 8;
const ERROR_WIDTH = 100;
/** A mean of equal times is not below them for a rounding of the last bit. */
const ROUNDING_MS = 1e-6;

/** How wide names are for a terminal of so many columns; undefined: no terminal. As Locust. */
export function nameWidthFor(columns: number | undefined): number {
  return columns === undefined ? 80 : Math.max(0, Math.min(80, columns - 80));
}

/** Locust's table of requests. With `recent` rates are of the last seconds, without of the whole run. */
export function statsTable(stats: LocustStats, nameWidth: number, recent?: RecentStats): string[] {
  const width = nameWidth - TYPE_WIDTH + 4;
  const row = (cells: readonly string[]) => {
    const [type = "", name = "", requests = "", fails = "", ...rest] = cells;
    const [average = "", least = "", most = "", median = "", rate = "", failing = ""] = rest;
    const counts = `${left(type, TYPE_WIDTH)} ${left(name, width)} ${right(requests, 7)} ${right(fails, 12)}`;
    const times = `${right(average, 7)} ${right(least, 7)} ${right(most, 7)}${right(median, 7)}`;
    return `${counts} |${times} | ${right(rate, 7)} ${right(failing, 11)}`;
  };
  const separator = rule([TYPE_WIDTH, width, 7, 13, 7, 7, 7, 7, 8, 11]);
  const entryRow = (entry: LocustEntry) => row(cellsOf(entry, stats, recent));
  return [
    row(["Type", "Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s", "failures/s"]),
    separator,
    ...stats.entries.map(entryRow),
    separator,
    entryRow(stats.total),
    "",
  ];
}

function cellsOf(entry: LocustEntry, stats: LocustStats, recent: RecentStats | undefined): string[] {
  const { method, name, requests, failures } = entry;
  const { average, least, most } = timesMs(entry);
  const now = recent?.of(entry);
  return [
    plain(method),
    plain(name),
    String(requests),
    `${failures}(${(requests === 0 ? 0 : (failures / requests) * 100).toFixed(2)}%)`,
    ...[average, least, most].map((ms) => String(Math.floor(ms + ROUNDING_MS))),
    String(percentileMs(entry, 0.5) ?? 0),
    (now?.requestsPerSecond ?? overallRate(stats, requests)).toFixed(2),
    (now?.failuresPerSecond ?? overallRate(stats, failures)).toFixed(2),
  ];
}

export function percentilesTable({ entries, total }: LocustStats, nameWidth: number): string[] {
  const row = (type: string, name: string, [first = "", ...rest]: readonly string[]) =>
    `${left(type, TYPE_WIDTH)} ${left(name, nameWidth)} ${right(first, 8)} ${rest.map((text) => right(text, 6)).join(" ")}`;
  const separator = rule([TYPE_WIDTH, nameWidth, 8, ...percentiles.map(() => 6)]);
  const entryRow = (entry: LocustEntry) => {
    const times = percentiles.map(([, q]) => String(percentileMs(entry, q) ?? 0));
    return row(plain(entry.method), plain(entry.name), [...times, String(entry.requests)]);
  };
  return [
    "Response time percentiles (approximated)",
    row("Type", "Name", [...percentiles.map(([title]) => title), "# reqs"]),
    separator,
    ...entries.map(entryRow),
    separator,
    ...(total.requests > 0 ? [entryRow(total)] : []),
    "",
  ];
}

/** Nothing where nothing failed. */
export function errorReport({ failures }: LocustStats, nameWidth: number): string[] {
  if (failures.length === 0) return [];
  const separator = rule([18, 80 + nameWidth - 19]);
  return [
    "Error report",
    `${left("# occurrences", 18)} ${left("Error", ERROR_WIDTH)}`,
    separator,
    ...failures.map(
      ({ method, name, error, occurrences }) =>
        `${left(String(occurrences), 18)} ${left(plain(`${method} ${name}: ${error}`), ERROR_WIDTH)}`,
    ),
    separator,
    "",
  ];
}

function rule(widths: readonly number[]): string {
  return widths.map((width) => "-".repeat(Math.max(0, width))).join("|");
}

function left(text: string, width: number): string {
  return text.padEnd(width);
}

function right(text: string, width: number): string {
  return text.padStart(width);
}
