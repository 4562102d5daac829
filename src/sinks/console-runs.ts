import { bytes, runTime } from "../metrics/units.ts";
import type { ListedRun } from "../runs/run-list.ts";
import { type ConsoleOptions, type ConsoleOutput, Screen, type Style } from "./console-screen.ts";
import { type Cell, table } from "./console-table.ts";

const styles: Record<ListedRun["state"], Style> = {
  passed: "green",
  failed: "red",
  stopped: "yellow",
  inconclusive: "yellow",
};

/** Prints the runs of a folder, a line each. */
export function printRuns(runs: readonly ListedRun[], out: ConsoleOutput, options: ConsoleOptions = {}): void {
  const screen = new Screen(out, options);
  const columns = [
    { title: "run", align: "left" as const },
    { title: "scenario", align: "left" as const, shrinkTo: 10 },
    { title: "profile", align: "left" as const },
    { title: "length" },
    { title: "", align: "left" as const },
    { title: "size", droppable: 1 },
    { title: "labels", align: "left" as const, shrinkTo: 6 },
  ];
  const rows = runs.map(({ id, scenario, profile, durationMs, state, bytes: size, labels }): Cell[] => [
    id,
    scenario,
    profile,
    runTime(durationMs),
    { text: state, style: styles[state] },
    bytes(size),
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ]);
  screen.print(...(runs.length === 0 ? [["There are no runs here."]] : table(columns, rows, screen.width)));
}
