import { expect, it } from "vitest";
import { randomFrom } from "../../../src/load/random.ts";
import { soakTrend } from "../../../src/verdict/soak-trend.ts";
import { trendOf } from "../../../src/verdict/trend.ts";

/** A series that remembers: each value is so much of the one before, the rest is new. Its deviation is 1. */
function wandering(seed: number, count: number, memory: number): (i: number) => number {
  const uniform = randomFrom(seed, 0);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  let value = normal();
  const values = Array.from({ length: count }, () => {
    value = memory * value + Math.sqrt(1 - memory ** 2) * normal();
    return value;
  });
  return (i) => values[i] ?? 0;
}

const RUNS = 100;

/** Of the runs of a healthy service, 120 looks each, the share in which a trend is seen with a chance below 0.1 %. */
function alarms(memory: number): number {
  let seen = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const value = wandering(seed, 120, memory);
    const trend = soakTrend(Array.from({ length: 120 }, (_, i) => ({ at: i * 5000, value: value(i) })));
    if (trend !== undefined && trend.p < 0.001) seen++;
  }
  return seen / RUNS;
}

it.each([0, 0.8, 0.95])("takes what wanders by itself (memory %f) for no drift", (memory) => {
  expect(alarms(memory)).toBeLessThanOrEqual(0.03);
});

it("still sees what grows by six deviations over the soak, with an interval that holds the slope", () => {
  let [seen, held] = [0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    const value = wandering(seed, 120, 0.5);
    const points = Array.from({ length: 120 }, (_, i) => ({ at: i * 5000, value: value(i) + i / 20 }));
    const trend = soakTrend(points);
    if (trend !== undefined && trend.p < 0.001) seen++;
    if (trend !== undefined && trend.low <= 0.01 && trend.high >= 0.01) held++;
  }
  expect(seen / RUNS).toBeGreaterThan(0.75);
  expect(held / RUNS).toBeGreaterThan(0.9);
});

it("tells nothing of too few", () => {
  expect(trendOf([])).toBeUndefined();
  expect(soakTrend(Array.from({ length: 7 }, (_, i) => ({ at: i * 1000, value: i })))).toBeUndefined();
});
