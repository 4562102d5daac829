import { describe, expect, it } from "vitest";
import { flagsOf } from "../../src/demo/flags.ts";
import type { Spot, TruthTold } from "../../src/demo/truth.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { chosenCells, climbOf, closedForm, realCells, scenarioOf } from "./real-cell.ts";
import { withRealSection } from "./real-report.ts";
import { agrees, isConclusive, merged, type RealResult } from "./real-result.ts";

const pool = cellOf("pool-1");

function cellOf(id: string) {
  const [cell] = chosenCells(id);
  if (cell === undefined) throw new Error(`there is no cell ${id}`);
  return cell;
}

describe("cells", () => {
  it("are at least twelve with a weak spot and two without, each told apart", () => {
    expect(realCells.filter(({ weak }) => weak !== "none").length).toBeGreaterThanOrEqual(12);
    expect(chosenCells("none")).toHaveLength(2);
    expect(new Set(realCells.map(({ id }) => id)).size).toBe(realCells.length);
    expect(chosenCells("pool").map(({ id }) => id)).toEqual(["pool-1", "pool-2"]);
    expect(chosenCells("poul")).toEqual([]);
  });

  it.each(realCells.map((cell) => [cell.id, cell] as const))("%s: flags and scenario are valid", (_, cell) => {
    expect(flagsOf(cell.flags).weak).toBe(cell.weak);
    const text = scenarioOf(cell, "http://127.0.0.1:8000");
    expect(readScenario("scenario.yaml", text, {})).toHaveProperty("scenario");
  });

  it.each(
    realCells.map((cell) => [cell.id, cell] as const),
  )("%s: climbs past what it carries, and not far", (_, cell) => {
    const rates = climbOf(cell).map(({ perSecond }) => (100 * perSecond) / cell.nominal);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(rates[0]).toBeLessThan(50);
    expect(rates.at(-1)).toBeGreaterThan(108);
    expect(rates.at(-1)).toBeLessThan(150);
  });
});

describe("the closed form", () => {
  it("is of what was measured between two looks, by what an arrival asks", () => {
    // 100 queries of 60 ms before, then 1,000 of 50 ms: 5 connections carry 100 queries a second, and two arrivals ask for one.
    const before = truth({ pool: spot(5, 60, 100) });
    const after = truth({ pool: spot(5, (100 * 60 + 1000 * 50) / 1100, 1100) });
    expect(closedForm(pool, before, after, 2000)).toBeCloseTo(200, 6);
    expect(closedForm(pool, before, before, 2000)).toBeUndefined();
  });

  it("is the rate that is admitted, and none of a healthy service", () => {
    const told = truth({ rate_limit: { admitted_per_second: 80, refused: 3 } });
    expect(closedForm(cellOf("rate-limit-1"), told, told, 1)).toBe(80);
    expect(closedForm(cellOf("none-1"), told, told, 1)).toBeUndefined();
  });
});

describe("judging", () => {
  it.each<[string, Partial<RealResult>, boolean]>([
    ["the same name, both lines near", {}, true],
    ["a line 11 % off", { line: 111 }, false],
    ["a line that was not found", { line: null }, false],
    ["another name", { named: "cache" }, false],
    ["a twin that is off", { twinError: -0.2 }, false],
    [
      "two controls without a line",
      { named: "nothing", twinNamed: "nothing", closedForm: null, twinError: null },
      true,
    ],
  ])("%s", (_, given, expected) => {
    expect(agrees(result(given))).toBe(expected);
  });

  it("puts new results in place of old ones, in the order of the cells", () => {
    const [a, b, again] = [result({ id: "pool-2" }), result({ id: "cpu-1" }), result({ id: "pool-2", line: 90 })];
    const order = realCells.map(({ id }) => id);
    expect(merged([b, a], [again], order)).toEqual([again, b]);
    expect(isConclusive(result({ doubts: "late" }))).toBe(false);
  });
});

describe("the page", () => {
  const page = "# How right\n\n| a | table |\n";

  it("has its last section written anew, and the rest left as it is", () => {
    const once = withRealSection(page, [result({})]);
    expect(once.startsWith(page)).toBe(true);
    expect(once).toContain(
      "| pool | 5 connections | 100.0 | 95.0 | −5.0 % | database pool | 3 % | database pool, +2.0 % | yes |",
    );
    const again = withRealSection(once, [result({ line: 120 })]);
    expect(again).not.toContain("95.0");
    expect(again).toContain("+20.0 % | database pool | 3 % | database pool, +2.0 % | no |");
    expect(withRealSection(again, [result({})])).toBe(once);
  });

  it("counts no inconclusive cell as right or wrong, and says why", () => {
    const told = withRealSection(page, [result({}), result({ id: "pool-2", doubts: "users started late" })]);
    expect(told).toContain("| the right resource named first | all | 1 of 1 |");
    expect(told).toContain("1 of 2 |");
    expect(told).toContain("pool-2 is inconclusive: users started late.");
  });

  it("shows a false alarm on a healthy service", () => {
    const healthy = { id: "none-1", weak: "none", closedForm: null, named: "nothing", alarms: "Cache misses" } as const;
    const told = withRealSection(page, [result(healthy)]);
    expect(told).toContain("| false alarms on healthy services | 0 | 1 of 1 |");
    expect(told).toContain("Alarms of none-1: Cache misses.");
  });

  it("says that nothing was measured", () => {
    expect(withRealSection(page, [])).toContain("Not measured yet");
  });
});

function result(given: Partial<RealResult>): RealResult {
  return {
    id: "pool-1",
    weak: "pool",
    words: "5 connections",
    closedForm: 100,
    line: 95,
    named: "database pool",
    alarms: "",
    doubts: "",
    waited: 0.03,
    requests: 1000,
    twinNamed: "database pool",
    twinError: 0.02,
    on: "A machine.",
    ...given,
  };
}

function spot(servers: number, meanMs: number, served: number): Spot {
  return { servers, nominal_ms: 50, mean_ms: meanMs, served, capacity_per_second: (1000 * servers) / meanMs };
}

function truth(given: Partial<TruthTold>): TruthTold {
  const idle = spot(1, 1, 1);
  return {
    weak: "pool",
    pool: idle,
    cpu: idle,
    queue: idle,
    locks: idle,
    rate_limit: { admitted_per_second: null, refused: 0 },
    cache: { ttl_ms: 5000, max_keys: 1000, hits: 0, misses: 0 },
    leak: { bytes_per_request: 0, leaked_bytes: 0 },
    ...given,
  };
}
