import { count, duration, rate, runTime, share } from "../metrics/units.ts";
import type { Summary } from "../runs/summary.ts";
import { type ConsoleOptions, type ConsoleOutput, type Line, Screen, type Style } from "./console-screen.ts";
import { type Cell, type Column, table } from "./console-table.ts";

const marks: Record<Summary["verdict"]["state"], [mark: string, style: Style]> = {
  passed: ["✓", "green"],
  failed: ["✗", "red"],
  stopped: ["■", "yellow"],
  inconclusive: ["?", "yellow"],
};

const columns: readonly Column[] = [
  { title: "", align: "left" },
  { title: "profile", align: "left" },
  { title: "", align: "left" },
  { title: "length", droppable: 2 },
  { title: "requests" },
  { title: "failed" },
  { title: "rate" },
  { title: "p50", droppable: 3 },
  { title: "p95" },
  { title: "p99" },
  { title: "max", droppable: 1 },
];

/** A profile's figures, as text: what the console and Markdown show of each. */
export function suiteRow({ run, verdict, totals }: Summary): string[] {
  const { latency, requests, failures } = totals;
  const times =
    latency === null ? ["–", "–", "–", "–"] : [latency.p50, latency.p95, latency.p99, latency.max].map(duration);
  const failed = requests === 0 ? "–" : share(failures / requests);
  return [
    run.profile,
    verdict.state,
    runTime((run.end - run.start) * 1000),
    count(requests),
    failed,
    rate(totals.rate),
    ...times,
  ];
}

/** Prints what several profiles came to, a line each, what broke, and the exit code of all. */
export function printSuite(
  summaries: readonly Summary[],
  notRun: readonly string[],
  exitCode: number,
  out: ConsoleOutput,
  options: ConsoleOptions = {},
): void {
  const screen = new Screen(out, options);
  const rows = summaries.map((summary): Cell[] => {
    const [mark, style] = marks[summary.verdict.state];
    return [{ text: mark, style }, ...suiteRow(summary)];
  });
  const told = summaries.flatMap(({ run, verdict }) =>
    [...verdict.breaches, ...verdict.reasons].map((line): Line => [`  ${run.profile}: ${line}`]),
  );
  screen.print(
    [],
    [{ text: `${summaries[0]?.run.scenario ?? ""}: all profiles`, style: "bold" }],
    ...table(columns, rows, screen.width),
    ...(told.length === 0 ? [] : [[], ...told]),
    ...(notRun.length === 0 ? [] : [[], [{ text: `  not run: ${notRun.join(", ")}`, style: "yellow" } as const]]),
    [],
    [
      { text: exitCode === 0 ? "✓ passed" : "✗ not passed", style: exitCode === 0 ? "green" : "red" },
      `   exit code ${exitCode}`,
    ],
    [],
  );
}
