import { describe, expect, it } from "vitest";
import { responseTail, solveRate } from "../accuracy/truth.ts";
import { type Pool, virtualSearch } from "./virtual-search.ts";

interface Cell extends Pool {
  spacing: "constant" | "poisson";
  limitMs: number;
}

const cells: Cell[] = [
  { connections: 1, holdMs: 50, hold: "fixed", spacing: "constant", limitMs: 500 },
  { connections: 10, holdMs: 50, hold: "fixed", spacing: "constant", limitMs: 500 },
  { connections: 10, holdMs: 200, hold: "fixed", spacing: "constant", limitMs: 600 },
  { connections: 30, holdMs: 20, hold: "fixed", spacing: "constant", limitMs: 200 },
  { connections: 10, holdMs: 50, hold: "random", spacing: "constant", limitMs: 500 },
  { connections: 1, holdMs: 50, hold: "random", spacing: "poisson", limitMs: 500 },
  { connections: 10, holdMs: 50, hold: "random", spacing: "poisson", limitMs: 300 },
  { connections: 10, holdMs: 50, hold: "random", spacing: "poisson", limitMs: 500 },
  { connections: 30, holdMs: 20, hold: "random", spacing: "poisson", limitMs: 100 },
];

/** What the pool carries; for random arrivals where p95 meets its limit, by Erlang C. */
function lineOf({ connections, holdMs, spacing, limitMs }: Cell): number {
  const capacity = connections / (holdMs / 1000);
  if (spacing === "constant") return capacity;
  const late = (load: number) => responseTail(load, connections, holdMs / 1000, limitMs / 1000);
  return solveRate(late, 0.05, capacity);
}

describe("a search in virtual time, from 10/s", () => {
  it.each(
    cells.flatMap((cell) => [1, 2, 3].map((seed) => ({ ...cell, seed }))),
  )("$connections connections held $holdMs ms ($hold), $spacing arrivals, p95 < $limitMs ms, seed $seed", async ({
    seed,
    ...cell
  }) => {
    const { connections, holdMs, hold, spacing, limitMs } = cell;
    const scenario = `
name: pool
users: { U: { tasks: { Get: { get: "http://pool/" } } } }
profiles: { open: { arrivals: 10/s, duration: 1m, spacing: ${spacing} } }
watch: { app: { prometheus: "http://pool/metrics" } }
thresholds: ["p95(latency) < ${limitMs}ms", ratio(errors) < 1%]
`;
    const { found, seconds, most } = await virtualSearch(scenario, {}, { connections, holdMs, hold }, { seed });
    const line = lineOf(cell);
    const error = (found.line?.arrivalsPerSecond ?? 0) / line - 1;
    const words = `${line.toFixed(1)}/s: ${(error * 100).toFixed(1)} % off in ${seconds} s, at most ${(most / line).toFixed(2)} times the line`;
    process.stdout.write(`${words}\n`);
    // The work that arrives in a step of ten seconds varies by the number of arrivals and by how long each takes.
    const chance = hold === "random" ? Math.sqrt(2 / (line * 10)) : 0;
    expect(Math.abs(error)).toBeLessThanOrEqual(Math.max(0.05, 2 * chance));
    expect(found.reasons).toEqual([]);
    expect(seconds).toBeLessThan(300);
    expect(most / line).toBeLessThanOrEqual(2);
  });
});
