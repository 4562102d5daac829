import { duration, metricValue } from "../metrics/units.ts";
import type { Summary } from "../runs/summary.ts";
import type { Line } from "./console-screen.ts";
import { type Cell, type Column, table } from "./console-table.ts";
import { tellingPlace } from "./console-target.ts";

const columns: readonly Column[] = [
  { title: "", align: "left", shrinkTo: 24 },
  { title: "before" },
  { title: "peak" },
  { title: "at the end" },
  { title: "back after", align: "left" },
];

/** How the target came back after the load, series by series; nothing where it was not watched then. */
export function recoveryLines({ recovery }: Summary, width: number): Line[] {
  if (recovery === undefined) return [];
  const metricOf = (series: string) => series.split("{")[0] ?? series;
  const moved = Object.entries(recovery.series).sort(
    ([a], [b]) => tellingPlace(metricOf(a)) - tellingPlace(metricOf(b)) || a.localeCompare(b),
  );
  if (moved.length === 0) return [["  the load moved nothing that is watched"]];
  const rows = moved.map(([series, { baseline, peak, last, seconds }]): Cell[] => {
    const shown = (value: number) => metricValue(metricOf(series), value);
    return [
      series,
      shown(baseline),
      shown(peak),
      last === null ? "–" : shown(last),
      seconds === null
        ? { text: `not within ${duration(recovery.watched)}`, style: "yellow" }
        : { text: duration(seconds), style: "green" },
    ];
  });
  return table(columns, rows, width);
}
