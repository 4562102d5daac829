import { describe, expect, it } from "vitest";
import { loadLine } from "../../../src/verdict/findings/load-line.ts";
import { settledFrom } from "../../../src/verdict/steady.ts";
import { seriesOf, steps, type Told } from "./series.ts";

/** The same each time, between −1 and 1. */
function noise(i: number): number {
  const mixed = Math.imul(i ^ (i >>> 16), 0x45d9f3b);
  const again = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return ((again ^ (again >>> 16)) >>> 0) / 2 ** 31 - 1;
}

/** Steps of 50/s of 20 s each, of which each second's latency is given. */
function stepped(count: number, ms: (load: number, second: number) => number, more: Partial<Told> = {}): Told {
  const { loads, at } = steps(50, count, 20);
  return {
    loads,
    seconds: 20 * count,
    arrivals: at,
    thresholds: ["p95(latency) < 500ms"],
    requests: (second) => [{ count: at(second - 1), ms: ms(at(second - 1), second) }],
    ...more,
  };
}

describe("what has settled", () => {
  it("is no faster than the whole, where nothing but chance comes and goes", () => {
    const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
    let ratio = 0;
    const runs = 200;
    for (let run = 0; run < runs; run++) {
      let wave = 0;
      const times = Array.from({ length: 60 }, (_, i) => {
        wave = 0.9 * wave + 0.4 * (noise(1000 * run + i) + noise(1000 * run + i + 500));
        return 0.1 * Math.exp(wave);
      });
      ratio += Math.log(mean(times.slice(settledFrom(times))) / mean(times)) / runs;
    }
    expect(Math.exp(ratio)).toBeGreaterThan(0.94);
  });
});

describe("the load line's interval", () => {
  it("holds the levels that chance may have put on either side of the limit", () => {
    // 150/s holds and 200/s does not, but both by less than their seconds differ.
    const comesAndGoes = [1.6, 0.4, 1.4, 0.6, 1];
    const wide = (load: number, second: number) => (load * 1.8 + 185) * (comesAndGoes[Math.floor(second / 2) % 5] ?? 1);
    const { line } = loadLine(seriesOf(stepped(8, wide, { thresholds: ["avg(latency) < 500ms"] })), true);
    expect(line?.interval[0]).toBeLessThan(150);
    expect(line?.interval[1]).toBeGreaterThan(200);
    expect(line?.arrivalsPerSecond).toBeGreaterThan(150);
    expect(line?.arrivalsPerSecond).toBeLessThan(200);
  });

  it("is the two levels beside the line where there is no doubt", () => {
    const { line } = loadLine(seriesOf(stepped(8, (load) => (load > 200 ? 900 : 50))), true);
    expect(line?.interval).toEqual([200, 250]);
  });
});

describe("the load line", () => {
  it("is seen in percentiles of few samples, too", () => {
    const { loads, at } = steps(2, 8, 20);
    const few: Told = {
      loads,
      seconds: 160,
      arrivals: at,
      thresholds: ["p99(latency) < 500ms"],
      requests: (second) => [{ count: at(second - 1), ms: at(second - 1) > 8 ? 900 : 50 }],
    };
    expect(loadLine(seriesOf(few), true).line).toMatchObject({ interval: [8, 10], limitedBy: "p99(latency) < 500ms" });
  });

  it("of a queue is what is consumed, though its age breaks the limit only far above", () => {
    // 100 jobs a second are done; the oldest is as old as what waits takes.
    const { loads, at } = steps(10, 20, 10);
    let [published, consumed] = [0, 0];
    const told = Array.from({ length: 201 }, (_, second) => {
      published += second === 0 ? 0 : at(second - 1);
      consumed = Math.min(published, consumed + 100);
      return { published, consumed, age: (published - consumed) / 100 };
    });
    const queue: Told = {
      loads,
      seconds: 200,
      arrivals: at,
      thresholds: ["max(queue_oldest_age_seconds) < 12s"],
      requests: (second) => [{ count: at(second - 1), ms: 20 }],
      gauges: (second) => ({ queue_oldest_age_seconds: told[second]?.age ?? 0 }),
      counters: (second) => ({
        queue_published_total: told[second]?.published ?? 0,
        queue_consumed_total: told[second]?.consumed ?? 0,
      }),
    };
    const { line } = loadLine(seriesOf(queue), true);
    expect(line?.arrivalsPerSecond).toBeGreaterThan(95);
    expect(line?.arrivalsPerSecond).toBeLessThan(105);
    expect(line?.interval[0]).toBeLessThanOrEqual(100);
  });
});
