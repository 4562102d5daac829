import { count, duration, rate, runTime, share } from "../metrics/units.ts";
import type { Summary, SummaryRequest, SummaryThreshold } from "../runs/summary.ts";
import { targetCells } from "../runs/target-cells.ts";
import { formatLike } from "../verdict/quantity.ts";
import { evidenceLines } from "./console-evidence.ts";
import { recoveryLines } from "./console-recovery.ts";
import {
  type ConsoleOptions,
  type ConsoleOutput,
  type Line,
  type Piece,
  Screen,
  type Style,
} from "./console-screen.ts";
import { type Cell, type Column, table } from "./console-table.ts";
import { tellingPlace } from "./console-target.ts";

const MOST_ERRORS = 10;
const MOST_TARGET_SERIES = 12;

/** Prints what a run came to: at its end, and again by `plimsoll report`. */
export function printSummary(summary: Summary, out: ConsoleOutput, options: ConsoleOptions = {}): void {
  const screen = new Screen(out, options);
  screen.print(
    [],
    headline(summary),
    ...(summary.run.watchOnly ? [] : requestLines(summary, screen.width)),
    ...errorLines(summary, screen.width),
    ...exceptionLines(summary, screen.width),
    ...judgement(summary, screen.width),
  );
}

/** Prints what a run means, below figures that somebody else has printed: thresholds, target, verdict. */
export function printJudgement(summary: Summary, out: ConsoleOutput, options: ConsoleOptions = {}): void {
  const screen = new Screen(out, options);
  screen.print(...judgement(summary, screen.width).slice(1));
}

function judgement(summary: Summary, width: number): Line[] {
  return [
    ...thresholdLines(summary, width),
    ...targetLines(summary, width),
    ...section("Recovery", recoveryLines(summary, width)),
    ...section("Evidence", evidenceLines(summary)),
    ...(summary.run.watchOnly ? [] : generatorLines(summary)),
    ...findingLines(summary),
    ...warningLines(summary),
    [],
    ...verdictLines(summary),
    [],
  ];
}

function headline({ run, totals }: Summary): Line {
  const figures = [
    runTime((run.end - run.start) * 1000),
    ...(run.watchOnly ? ["no load"] : [`${count(totals.requests)} requests`, rate(totals.rate)]),
    ...(totals.dropped > 0 ? [`${count(totals.dropped)} iterations dropped`] : []),
  ];
  return [
    { text: run.scenario, style: "bold" },
    { text: `  ${run.profile}   ${figures.join("   ")}`, style: "dim" },
  ];
}

function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [[], [{ text: title, style: "bold" }], ...lines];
}

const requestColumns: readonly Column[] = [
  { title: "", align: "left", droppable: 2 },
  { title: "", align: "left", shrinkTo: 12 },
  { title: "requests" },
  { title: "failed" },
  { title: "rate", droppable: 4 },
  { title: "mean", droppable: 5 },
  { title: "p50", droppable: 3 },
  { title: "p95" },
  { title: "p99" },
  { title: "max", droppable: 1 },
];

function requestLines({ requests, totals }: Summary, width: number): Line[] {
  if (requests.length === 0) return section("Requests", [["  none"]]);
  const ordered = requests.toSorted(
    (a, b) => a.user.localeCompare(b.user) || a.task.localeCompare(b.task) || a.name.localeCompare(b.name),
  );
  const classes = new Set(requests.map(({ user }) => user));
  const rows = ordered.map((one) => figureCells(one, one.method, nameOf(one, ordered, classes.size > 1)));
  if (rows.length > 1) rows.push(figureCells(totals, "", "all").map((cell): Cell => emphasised(cell)));
  return section("Requests", table(requestColumns, rows, width));
}

/** The task is told where its name alone would not say which one it is, the class where there are several. */
function nameOf(
  { user, task, name, method }: SummaryRequest,
  all: readonly SummaryRequest[],
  withUser: boolean,
): string {
  const same = all.filter((one) => one.user === user && one.name === name && one.method === method);
  return [...(withUser ? [user] : []), ...(same.length > 1 ? [task] : []), name].join(" › ");
}

function figureCells(of: Summary["totals"] | SummaryRequest, method: string, name: string): Cell[] {
  const { requests, failures, latency } = of;
  const time = (value: number | undefined) => (value === undefined ? "–" : duration(value));
  return [
    { text: method, style: "dim" },
    name,
    count(requests),
    { text: requests === 0 ? "–" : share(failures / requests), style: failures > 0 ? "red" : undefined },
    rate(of.rate),
    time(latency?.mean),
    time(latency?.p50),
    time(latency?.p95),
    time(latency?.p99),
    time(latency?.max),
  ];
}

function emphasised(cell: Cell): Piece {
  return typeof cell === "string" ? { text: cell, style: "bold" } : { ...cell, style: cell.style ?? "bold" };
}

/** The same error of several requests is told once. */
function errorLines({ requests }: Summary, width: number): Line[] {
  const errors = new Map<string, { type: string; detail: string; count: number; names: Set<string> }>();
  for (const { method, name, errors: own } of requests) {
    for (const { type, detail, count: times } of own) {
      const known = errors.get(`${type} ${detail}`) ?? { type, detail, count: 0, names: new Set<string>() };
      known.count += times;
      known.names.add(`${method} ${name}`);
      errors.set(`${type} ${detail}`, known);
    }
  }
  const sorted = [...errors.values()].sort((a, b) => b.count - a.count);
  const shown = sorted.slice(0, MOST_ERRORS);
  const columns: Column[] = [
    { title: "" },
    { title: "", align: "left" },
    { title: "", align: "left", shrinkTo: 20 },
    { title: "", align: "left", shrinkTo: 12 },
  ];
  const rows = shown.map(({ type, detail, count: times, names }): Cell[] => {
    const [first = "", ...others] = names;
    const where = others.length === 0 ? first : `${first} and ${others.length} more`;
    return [count(times), { text: type, style: "red" }, detail === type ? "" : detail, { text: where, style: "dim" }];
  });
  const more = sorted.length - shown.length;
  return section("Errors", [...table(columns, rows, width), ...(more > 0 ? [moreLine(more, "kinds of error")] : [])]);
}

function exceptionLines({ exceptions }: Summary, width: number): Line[] {
  const shown = exceptions.slice(0, MOST_ERRORS);
  const columns: Column[] = [
    { title: "" },
    { title: "", align: "left", shrinkTo: 20 },
    { title: "", align: "left", shrinkTo: 12 },
  ];
  const rows = shown.map(({ user, task, message, count: times }): Cell[] => [
    count(times),
    { text: message, style: "red" },
    { text: `${user} › ${task}`, style: "dim" },
  ]);
  const more = exceptions.length - shown.length;
  return section("Exceptions", [...table(columns, rows, width), ...(more > 0 ? [moreLine(more, "exceptions")] : [])]);
}

function moreLine(number: number, what: string): Line {
  return [{ text: `  and ${number} more ${what} in the JSON summary`, style: "dim" }];
}

/** A threshold's limits are judged one by one, but they are one line of the scenario. */
function thresholdLines({ thresholds }: Summary, width: number): Line[] {
  const expressions = [...new Set(thresholds.map(({ expression }) => expression))];
  const rows = expressions.map((expression): Cell[] => {
    const levels = thresholds.filter((one) => one.expression === expression);
    const [worst] = levels.toSorted((a, b) => severity(b) - severity(a));
    if (worst === undefined) return [];
    const { mark, style } = marks[severity(worst)] ?? marks[0];
    const value = worst.value === null ? "no data" : formatLike(worst.value, worst.limit);
    return [{ text: mark, style }, expression, { text: value, style }, { text: remark(worst), style: "dim" }];
  });
  const columns: Column[] = [
    { title: "", align: "left" },
    { title: "", align: "left", shrinkTo: 24 },
    { title: "" },
    { title: "", align: "left", shrinkTo: 20 },
  ];
  return section("Thresholds", table(columns, rows, width));
}

const marks: readonly [Mark, Mark, Mark, Mark] = [
  { mark: "✓", style: "green" },
  { mark: "?", style: "yellow" },
  { mark: "✗", style: "yellow" },
  { mark: "✗", style: "red" },
];
interface Mark {
  mark: string;
  style: Style;
}

/** A place in `marks`. A critical limit without an answer says more than a target that was missed. */
function severity({ state, level }: SummaryThreshold): 0 | 1 | 2 | 3 {
  if (state === "ok") return 0;
  if (state === "broken") return level === "critical" ? 3 : 2;
  return 1;
}

function remark({ state, level, limit, series, reason, broken, aborted }: SummaryThreshold): string {
  const where = series === undefined ? "" : ` in ${series}`;
  if (state === "broken") {
    const when = broken === undefined ? "" : ` from ${runTime(broken.from * 1000)} to ${runTime(broken.until * 1000)}`;
    const end = aborted === undefined ? "" : ", ended the load";
    return `${level} ${limit.operator} ${limit.text} missed${when}${where}${end}`;
  }
  return state === "ok" ? "" : (reason ?? "");
}

function targetLines({ target, run }: Summary, width: number): Line[] {
  const most = run.watchOnly ? Number.POSITIVE_INFINITY : MOST_TARGET_SERIES;
  const all = Object.entries(target).sort(
    ([a], [b]) => tellingPlace(metricOf(a)) - tellingPlace(metricOf(b)) || a.localeCompare(b),
  );
  const shown = all.slice(0, most);
  const rows = shown.map(([series, figures]): Cell[] => [
    series,
    ...targetCells(metricOf(series), figures, run.end - run.start),
    { text: figures.gaps === 0 ? "" : `${count(figures.gaps)} missing`, style: "yellow" },
  ]);
  const columns: Column[] = [
    { title: "", align: "left", shrinkTo: 24 },
    { title: "min", droppable: 1 },
    { title: "mean" },
    { title: "max" },
    { title: "", align: "left", droppable: 2 },
  ];
  const more = all.length - shown.length;
  return section("Target", [
    ...(rows.length === 0 ? [] : table(columns, rows, width)),
    ...(more > 0 ? [moreLine(more, "series")] : []),
  ]);
}

function metricOf(series: string): string {
  return series.split("{")[0] ?? series;
}

function generatorLines({ generator: { cpu, lag, trusted } }: Summary): Line[] {
  const figures = `  busy ${share(cpu)}, event-loop delay p99 ${duration(lag)}`;
  const trust: Piece = trusted
    ? { text: "  trusted", style: "green" }
    : { text: "  not trusted: the figures may be its own", style: "yellow" };
  return section("Generator", [[figures, trust]]);
}

/** What the run means, the gravest first; then the warning signs that were looked for and not seen. */
function findingLines({ findings, signs }: Summary): Line[] {
  const marks = { critical: ["✗", "red"], warning: ["!", "yellow"], info: ["·", "dim"] } as const;
  const ordered = (["critical", "warning", "info"] as const).flatMap((severity) =>
    findings.filter((one) => one.severity === severity),
  );
  const lines = ordered.map(({ claim, severity }): Line => {
    const [mark, style] = marks[severity];
    return [{ text: `  ${mark} `, style }, claim];
  });
  const named = (state: "absent" | "unknown") => signs.filter((one) => one.state === state).map(({ name }) => name);
  const [not, unknown] = [named("absent"), named("unknown")];
  if (not.length > 0) lines.push([{ text: `  ✓ not seen: ${not.join(", ")}`, style: "dim" }]);
  if (unknown.length > 0) lines.push([{ text: `  ? not known: ${unknown.join(", ")}`, style: "dim" }]);
  return section("Findings", lines);
}

/** What the lines of the thresholds have not said already. */
function warningLines({ verdict: { warnings }, thresholds }: Summary): Line[] {
  const said = thresholds.map(({ expression }) => `${expression}: `);
  const own = warnings.filter((warning) => !said.some((start) => warning.startsWith(start)));
  return section(
    "Warnings",
    own.map((warning) => [{ text: "  ! ", style: "yellow" }, warning]),
  );
}

/** One sentence, and where there is more than one reason, the others below it. */
function verdictLines({ verdict, totals, thresholds, run, findings }: Summary): Line[] {
  const { state, exitCode, breaches, reasons, warnings } = verdict;
  const code: Piece = { text: `   exit code ${exitCode}`, style: "dim" };
  if (state === "passed") {
    const line = findings.find(({ kind }) => kind === "load-line");
    if (run.search && line !== undefined) return [[{ text: `✓ found: ${line.claim}`, style: "green" }, code]];
    const held =
      thresholds.length > 0
        ? "no critical limit was broken"
        : run.watchOnly
          ? "there was no limit to break"
          : allSucceeded(totals);
    const warned =
      warnings.length === 0 ? "" : `, with ${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"}`;
    return [[{ text: `✓ passed: ${held}${warned}`, style: "green" }, code]];
  }
  const [first = "", ...others] = state === "failed" ? breaches : reasons;
  const mark = state === "inconclusive" ? "?" : "✗";
  const style: Style = state === "failed" ? "red" : "yellow";
  return [[{ text: `${mark} ${state}: ${first}`, style }, code], ...others.map((one): Line => [`  ${one}`])];
}

/** In a run that passed without thresholds only what the generator itself broke off has failed. */
function allSucceeded({ requests, failures }: Summary["totals"]): string {
  if (failures === 0) return `all ${count(requests)} requests succeeded`;
  return `all requests succeeded but ${count(failures)} that were broken off at the end`;
}
