import { count, share } from "../metrics/units.ts";
import { type Endpoint, type Judged, meanOf, percentileOf } from "../verdict/bench.ts";
import { type ConsoleOptions, type ConsoleOutput, Screen, type Style } from "./console-screen.ts";

/** Prints what one endpoint came to, in milliseconds. Scripts read these lines: their words and order stay. */
export function printEndpoint(
  n: number,
  endpoint: Endpoint,
  concurrent: number,
  out: ConsoleOutput,
  options: ConsoleOptions = {},
): void {
  new Screen(out, options).print(
    [{ text: `${n}. ${endpoint.name}`, style: "bold" }],
    [`   Concurrent Requests: ${concurrent}`],
    [`   Mean: ${ms(meanOf(endpoint))}`],
    [`   P95: ${ms(percentileOf(endpoint, 0.95))}`],
    [`   P99: ${ms(percentileOf(endpoint, 0.99))}`],
    [`   Failures: ${endpoint.failures}`],
    [],
  );
}

const marks: Record<Judged["state"], [mark: string, style: Style]> = {
  ok: ["✓", "green"],
  broken: ["✗", "red"],
  few_samples: ["?", "yellow"],
};

/** Prints whether the criteria hold for every endpoint; `doubts` are why the figures may be the generator's own. */
export function printCriteria(
  judged: readonly Judged[],
  doubts: readonly string[],
  out: ConsoleOutput,
  options: ConsoleOptions = {},
): void {
  const screen = new Screen(out, options);
  screen.print([{ text: "Success Criteria:", style: "bold" }]);
  for (const { what, limit, state, worst } of judged) {
    const [mark, style] = marks[state];
    const isErrors = what.kind === "errors";
    const name = isErrors ? "Failures" : `P${Number((what.q * 100).toFixed(3))}`;
    const wanted = isErrors
      ? `${Number((limit.value * 100).toFixed(3))}%`
      : `${count(limit.value * 1000).replaceAll(",", "")}ms`;
    const value = worst === undefined ? "" : ` (${isErrors ? share(worst.value) : ms(worst.value)} in ${worst.name})`;
    const few = state === "few_samples" ? " (too few requests: --requests)" : "";
    screen.print([`  ${name} ${limit.operator} ${wanted}: `, { text: mark, style }, value + few]);
  }
  for (const doubt of doubts) screen.print([{ text: `  ? ${doubt}`, style: "yellow" }]);
}

function ms(seconds: number | undefined): string {
  return seconds === undefined ? "–" : `${(seconds * 1000).toFixed(2)}ms`;
}
