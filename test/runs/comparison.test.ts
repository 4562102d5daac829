import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Comparison, compareRuns, hasRegression } from "../../src/runs/comparison.ts";
import type { LatencyFigures, RequestFigures, Summary } from "../../src/runs/summary.ts";
import { studentCdf, studentQuantile } from "../../src/verdict/student.ts";
import { overloadedRun } from "../sinks/overloaded-run.ts";

const { summary: example } = overloadedRun();

/** From 0 to below 1: Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** By Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A run of three requests whose latencies differ from run to run by `noise`, and by `slower` from the others'. */
function run(random: () => number, { noise = 0.03, slower = 0, failures = 0 } = {}): Summary {
  const figures = (): RequestFigures => {
    const vary = () => Math.exp(noise * normal(random));
    const times = [1, 2, 4, 8, 16, 32, 64, 128].map((times) => 0.01 * times * vary() * (1 + slower));
    const [min = 0, mean = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0] = times;
    const latency: LatencyFigures = { min, mean, p50, p90, p95, p99, p999, max };
    return { requests: 5000, failures, rate: 100 * vary(), latency, service: latency };
  };
  const [first] = example.requests;
  if (first === undefined) throw new Error("the example has requests");
  const requests = ["a", "b", "c"].map((name) => ({ ...first, name, ...figures() }));
  const pool = {
    source: "app",
    min: 0,
    mean: 0.5 * Math.exp(noise * normal(random)),
    max: 1,
    first: 0,
    last: 0,
    gaps: 0,
  };
  return {
    ...example,
    verdict: { ...example.verdict, state: "passed" },
    totals: { ...example.totals, ...figures() },
    requests,
    target: { 'db_pool_utilization_ratio{source="app"}': pool },
  };
}

const group = (n: number, random: () => number, options = {}) => Array.from({ length: n }, () => run(random, options));
const called = ({ differences }: Comparison) =>
  differences.filter(({ verdict }) => ["worse", "better", "rose", "fell"].includes(verdict));

describe("Student's t", () => {
  // Abramowitz and Stegun, table 26.10.
  it.each([
    [0.975, 1, 12.706],
    [0.975, 4, 2.776],
    [0.95, 10, 1.812],
    [0.995, 30, 2.75],
    [0.025, 4, -2.776],
  ])("has the quantile %d with %d degrees of freedom at %d", (p, freedom, value) => {
    expect(studentQuantile(p, freedom)).toBeCloseTo(value, 3);
    expect(studentCdf(studentQuantile(p, freedom), freedom)).toBeCloseTo(p, 8);
  });

  it("is symmetric", () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), fc.integer({ min: 1, max: 200 }), (t, freedom) => {
        expect(studentCdf(t, freedom) + studentCdf(-t, freedom)).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe("comparing runs", () => {
  it("calls nothing better or worse that is noise", () => {
    let alarms = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomFrom(seed);
      if (called(compareRuns(group(4, random), group(4, random))).length > 0) alarms++;
    }
    // Without any effect, a false discovery is any call at all.
    expect(alarms).toBeLessThanOrEqual(10);
  });

  it("finds what became a fifth slower, and only that", () => {
    let found = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const random = randomFrom(seed);
      const comparison = compareRuns(group(4, random), group(4, random, { slower: 0.2 }));
      const times = comparison.differences.filter(({ unit }) => unit === "latency_seconds");
      found += times.filter(({ verdict }) => verdict === "worse").length / times.length;
      expect(times.filter(({ verdict }) => verdict === "better")).toEqual([]);
      expect(hasRegression(comparison)).toBe(true);
    }
    expect(found / 50).toBeGreaterThan(0.9);
  });

  it("tells what became better and what fell from what became worse and rose", () => {
    const random = randomFrom(7);
    const slow = group(3, random, { slower: 0.5, noise: 0.01 });
    const comparison = compareRuns(slow, group(3, random, { noise: 0.01 }));
    const p95 = comparison.differences.find(({ of, figure }) => of === "all requests" && figure === "p95");
    expect(p95).toMatchObject({ verdict: "better", relative: true });
    expect(p95?.change).toBeCloseTo(-1 / 3, 1);
    expect(hasRegression(comparison)).toBe(false);
    const lower = slow.map((one) => {
      const [name = "", figures] = Object.entries(one.target)[0] ?? [];
      return figures === undefined ? one : { ...one, target: { [name]: { ...figures, mean: figures.mean / 2 } } };
    });
    const pool = compareRuns(slow, lower).differences.find(
      ({ figure, unit }) => figure === "mean" && unit.endsWith("ratio"),
    );
    expect(pool).toMatchObject({ verdict: "fell" });
  });

  it("compares shares of failures by their difference", () => {
    const random = randomFrom(3);
    const comparison = compareRuns(group(3, random), group(3, random, { failures: 100 }));
    const failed = comparison.differences.find(({ of, figure }) => of === "all requests" && figure === "failed");
    expect(failed).toMatchObject({ verdict: "worse", relative: false, before: 0 });
    expect(failed?.change).toBeCloseTo(0.02, 9);
  });

  it("says that one run on a side can show nothing, and calls nothing", () => {
    const random = randomFrom(1);
    const comparison = compareRuns(group(1, random), group(1, random, { slower: 3 }));
    expect(new Set(comparison.differences.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
    expect(comparison.differences.every(({ interval }) => interval === null)).toBe(true);
    expect(comparison.remarks.join()).toContain("three runs or more");
    expect(hasRegression(comparison)).toBe(false);
  });

  it("remarks that loads differ, or that a run is not to be trusted", () => {
    const random = randomFrom(1);
    const other = group(3, random).map((one) => ({ ...one, run: { ...one.run, profile: "heavy" } }));
    const lame = group(3, random).map((one) => ({ ...one, generator: { ...one.generator, trusted: false } }));
    expect(compareRuns(group(3, random), other).remarks.join()).toContain("shop light, shop heavy");
    expect(compareRuns(group(3, random), lame).remarks.join()).toContain("limited by the generator");
  });
});
