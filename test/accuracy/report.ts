import { type Judged, type WeakSpot, weakSpots } from "./cell.ts";

/** How far the line may lie from the closed form. */
export const LINE_TOLERANCE = 0.1;

export function isNamedRight({ cell: { weak }, named }: Judged): boolean {
  return weak !== "control" && named === weakSpots[weak];
}

/** The error of the load line; undefined where there is none to find. One that was not found is wholly wrong. */
export function lineError({ cell, line }: Judged): number | undefined {
  if (cell.line === undefined) return undefined;
  return line === undefined ? Number.POSITIVE_INFINITY : line / cell.line - 1;
}

/** The line's interval holds the closed form. */
function isHeld({ cell, outcome }: Judged): boolean {
  const { loadLine } = outcome.analysis;
  if (cell.line === undefined || loadLine === undefined) return false;
  const [low, high] = loadLine.interval;
  return low <= cell.line && cell.line <= high;
}

export interface Score {
  named: number;
  cells: number;
  alarms: number;
  controls: number;
  lines: number;
  linesOf: number;
  /** Lines whose interval holds the closed form. */
  held: number;
  requests: number;
}

export function scoreOf(judged: readonly Judged[]): Score {
  const cells = judged.filter(({ cell }) => cell.weak !== "control");
  const controls = judged.filter(({ cell }) => cell.weak === "control" || cell.weak === "none");
  const errors = judged.flatMap((one) => lineError(one) ?? []);
  return {
    named: cells.filter(isNamedRight).length,
    cells: cells.length,
    alarms: controls.filter(({ alarms }) => alarms.length > 0).length,
    controls: controls.length,
    lines: errors.filter((error) => Math.abs(error) <= LINE_TOLERANCE).length,
    linesOf: errors.length,
    held: judged.filter(isHeld).length,
    requests: judged.reduce((sum, { outcome }) => sum + outcome.requests, 0),
  };
}

/** docs/accuracy.md. */
export function accuracyPage(judged: readonly Judged[]): string {
  const score = scoreOf(judged);
  const leaks = judged.filter(({ cell }) => cell.weak === "leak");
  const sawteeth = judged.filter(({ cell }) => cell.weak === "control" && cell.sizes.sawtoothS > 0);
  return `# How right the findings are

Written by \`npm run accuracy\`. Each cell is a whole run of the engine in virtual time (the same plan, executor, aggregator,
judge and findings, on a clock that does not wait) against a modelled service whose weak spot is chosen, so that the right
answer is known: ${(score.requests / 1e6).toFixed(1)} million requests. The service has a database pool behind a cache, a lock, a job queue, a CPU, a
rate limit and a memory, and tells them all; arrivals are Poisson, times exponential.

| what | asked | measured |
| --- | --- | --- |
| the right resource named first | ≥ 95 % | ${share(score.named, score.cells)} |
| false alarms on healthy services | 0 | ${score.alarms} of ${score.controls} |
| the load line within ±10 % of the closed form | ≥ 90 % | ${share(score.lines, score.linesOf)} |
| the closed form within the load line's interval | ≥ 90 % | ${share(score.held, score.linesOf)} |
| leaks of 1 % an hour and more found | all | ${share(leaks.filter(isNamedRight).length, leaks.length)} |
| a sawtooth memory called a leak | 0 | ${sawteeth.filter(({ alarms }) => alarms.length > 0).length} of ${sawteeth.length} |

The closed form is the rate at which p95 of an M/M/c queue reaches its limit (Erlang's C), or the workers of the queue, or the
rate that is admitted. Loads climb to 1.4 of it in steps of a tenth, each of 4,000 requests but no shorter than 40 s and no
longer than 3 min, or for the third seed in a ramp as long; a leak is soaked for two hours. Real load on a real service is
[further down](#under-real-load).

| weak spot | size | load line, arrivals/s | error of three seeds | named first |
| --- | --- | --- | --- | --- |
${(Object.keys(weakSpots) as WeakSpot[]).flatMap((weak) => rowsOf(judged, weak)).join("\n")}

## Healthy services

| load | runs | false alarms |
| --- | --- | --- |
${controlRows(judged).join("\n")}
`;
}

export function signedPercent(error: number): string {
  return `${error >= 0 ? "+" : "−"}${Math.abs(100 * error).toFixed(1)} %`;
}

function share(part: number, whole: number): string {
  return `${part} of ${whole} (${((100 * part) / Math.max(1, whole)).toFixed(1)} %)`;
}

function rowsOf(judged: readonly Judged[], weak: WeakSpot): string[] {
  const own = judged.filter(({ cell }) => cell.weak === weak);
  return [...new Set(own.map(({ cell }) => cell.size))].map((size) => {
    const seeds = own.filter(({ cell }) => cell.size === size);
    const [first] = seeds;
    const line = first?.cell.line;
    const errors = seeds.map((one) => {
      const error = lineError(one);
      return error === undefined ? "–" : signedPercent(error);
    });
    const names = [...new Set(seeds.map(({ named = "nothing" }) => named))].join(", ");
    return `| ${weak} | ${first?.cell.words} | ${line?.toFixed(1) ?? "–"} | ${errors.join(", ")} | ${names} |`;
  });
}

function controlRows(judged: readonly Judged[]): string[] {
  const own = judged.filter(({ cell }) => cell.weak === "control");
  return [...new Set(own.map(({ cell }) => cell.words))].map((words) => {
    const runs = own.filter(({ cell }) => cell.words === words);
    const alarms = runs.flatMap((one) => one.alarms.map(({ claim }) => claim));
    return `| ${words} | ${runs.length} | ${alarms.length === 0 ? "none" : alarms.join("; ")} |`;
  });
}
