import { changeOf, metricValue, rate } from "../metrics/units.ts";
import type { Comparison, Difference, RunName } from "../runs/comparison.ts";
import { type ConsoleOptions, type ConsoleOutput, type Line, Screen, type Style } from "./console-screen.ts";
import { type Cell, type Column, table } from "./console-table.ts";

const columns: readonly Column[] = [
  { title: "", align: "left" },
  { title: "", align: "left", shrinkTo: 24 },
  { title: "", align: "left" },
  { title: "before" },
  { title: "after" },
  { title: "change" },
  { title: "95 % confidence", droppable: 1 },
  { title: "", align: "left" },
];

const styles: Partial<Record<Difference["verdict"], Style>> = {
  worse: "red",
  better: "green",
  rose: "yellow",
  fell: "yellow",
};
const marks: Record<Difference["verdict"], string> = {
  worse: "✗",
  better: "✓",
  rose: "↑",
  fell: "↓",
  same: "=",
  unclear: "~",
  unknown: "?",
};

/** Prints what changed between two groups of runs, what matters first. */
export function printComparison(comparison: Comparison, out: ConsoleOutput, options: ConsoleOptions = {}): void {
  const screen = new Screen(out, options);
  const rows = comparison.differences.toSorted((a, b) => rank(a) - rank(b)).map(cells);
  screen.print(
    [],
    ...names("before", comparison.before),
    ...names("after", comparison.after),
    [],
    ...table(columns, rows, screen.width),
    [],
    ...comparison.remarks.map((remark): Line => [{ text: `! ${remark}`, style: "yellow" }]),
    [verdictOf(comparison)],
    [],
  );
}

function names(title: string, runs: readonly RunName[]): Line[] {
  return runs.map(({ id, labels }, i): Line => {
    const told = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return [{ text: `  ${(i === 0 ? title : "").padEnd(7)} `, style: "dim" }, [id, ...told].join("  ")];
  });
}

/** What changed comes first, then the order of the runs. */
function rank({ verdict }: Difference): number {
  return ["worse", "better", "rose", "fell", "unclear", "unknown", "same"].indexOf(verdict);
}

function cells({ of, figure, unit, before, after, change, relative, interval, verdict }: Difference): Cell[] {
  const show = unit === "rate" ? rate : (value: number) => metricValue(unit, value);
  const style = styles[verdict];
  const between = interval === null ? "–" : interval.map((end) => changeOf(end, relative)).join(" … ");
  return [
    { text: marks[verdict], style },
    of,
    figure,
    show(before),
    show(after),
    { text: changeOf(change, relative), style },
    between,
    { text: verdict, style },
  ];
}

function verdictOf({ differences }: Comparison): string {
  const number = (wanted: Difference["verdict"]) => differences.filter(({ verdict }) => verdict === wanted).length;
  const told = (["worse", "better", "rose", "fell", "unclear", "unknown", "same"] as const)
    .map((verdict) => [verdict, number(verdict)] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`);
  return told.length === 0 ? "Nothing that both have can be compared." : told.join(", ");
}
