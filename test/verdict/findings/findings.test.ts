import { describe, expect, it } from "vitest";
import { analyse } from "../../../src/verdict/findings/analysis.ts";
import { changes } from "../../../src/verdict/findings/change.ts";
import { drifts } from "../../../src/verdict/findings/drift.ts";
import { gaveWay } from "../../../src/verdict/findings/gave-way.ts";
import { loadLine } from "../../../src/verdict/findings/load-line.ts";
import { partialCorrelation } from "../../../src/verdict/findings/partial-correlation.ts";
import { recoveries } from "../../../src/verdict/findings/recovery.ts";
import { scalabilityOf } from "../../../src/verdict/findings/scalability.ts";
import { warningSigns } from "../../../src/verdict/findings/sign.ts";
import { FindingsSoFar } from "../../../src/verdict/findings/so-far.ts";
import { isSteady, settledFrom } from "../../../src/verdict/steady.ts";
import { trendOf } from "../../../src/verdict/trend.ts";
import type { ThresholdState } from "../../../src/verdict/verdict.ts";
import { stages } from "../timeline.ts";
import { seriesOf, steps, type Told } from "./series.ts";

/** The same each time, between −1 and 1. */
function noise(i: number): number {
  const mixed = Math.imul(i ^ (i >>> 16), 0x45d9f3b);
  const again = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return ((again ^ (again >>> 16)) >>> 0) / 2 ** 31 - 1;
}

describe("trends", () => {
  it("finds the slope among noise and outliers, with an interval that holds it", () => {
    const points = Array.from({ length: 200 }, (_, i) => {
      return { at: i * 1000, value: 5 + 0.02 * i + noise(i) + (i % 10 === 0 ? 40 : 0) };
    });
    const trend = trendOf(points);
    expect(trend?.slope).toBeCloseTo(0.02, 2);
    expect(trend?.low).toBeLessThan(0.02);
    expect(trend?.high).toBeGreaterThan(0.02);
    expect(trend?.p).toBeLessThan(0.001);
  });

  it("takes a slow wave for no trend, as without allowance for autocorrelation it would", () => {
    const wave = Array.from({ length: 120 }, (_, i) => ({ at: i * 1000, value: Math.sin(i / 12) + 0.1 * noise(i) }));
    expect(trendOf(wave)?.p).toBeGreaterThan(0.01);
    expect(trendOf(wave.slice(0, 7))).toBeUndefined();
  });

  it("knows when a start is over, and that a growing queue is not steady", () => {
    const warming = Array.from({ length: 60 }, (_, i) => (i < 12 ? 900 - i * 65 : 100 + 5 * noise(i)));
    expect(settledFrom(warming)).toBeGreaterThanOrEqual(11);
    expect(settledFrom(warming)).toBeLessThanOrEqual(16);
    const points = (value: (i: number) => number) =>
      Array.from({ length: 60 }, (_, i) => ({ at: i * 1000, value: value(i) }));
    expect(isSteady(points((i) => 100 + 5 * noise(i)))).toBe(true);
    expect(isSteady(points((i) => 10 + i))).toBe(false);
  });
});

describe("partial correlation", () => {
  const load = Array.from({ length: 80 }, (_, i) => i);
  const shared = load.map((i) => noise(i * 3));

  it("takes out what both have from the load", () => {
    const a = load.map((i) => i + 3 * noise(i));
    const b = load.map((i) => i + 3 * noise(i + 500));
    expect(Math.abs(partialCorrelation(a, b, load)?.rho ?? 1)).toBeLessThan(0.35);
    const c = load.map((i) => i + 3 * (shared[i] ?? 0));
    const d = load.map((i) => i * i + 300 * (shared[i] ?? 0));
    const found = partialCorrelation(c, d, load);
    expect(found?.rho).toBeGreaterThan(0.6);
    expect(found?.p).toBeLessThan(0.05);
  });

  it("says nothing of a few values", () => {
    expect(partialCorrelation(shared.slice(0, 10), shared.slice(0, 10), load.slice(0, 10))).toBeUndefined();
  });
});

describe("the Universal Scalability Law", () => {
  const law = (sigma: number, kappa: number) => (n: number) => {
    return { n, throughput: (50 * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1)) };
  };
  const loads = [1, 2, 4, 8, 12, 16, 24, 32];

  it("gives back what made the figures, and the peak that was loaded", () => {
    const fit = scalabilityOf(loads.map(law(0.05, 0.004)));
    expect(fit?.lambda).toBeCloseTo(50, 6);
    expect(fit?.sigma).toBeCloseTo(0.05, 6);
    expect(fit?.kappa).toBeCloseTo(0.004, 6);
    expect(fit?.r2).toBeCloseTo(1, 6);
    expect(fit?.peak?.n).toBeCloseTo(Math.sqrt(0.95 / 0.004), 3);
  });

  it("does not extrapolate a peak, nor fit a few loads, nor take a coefficient below 0", () => {
    expect(scalabilityOf(loads.map(law(0.02, 0.0001)))?.peak).toBeUndefined();
    expect(scalabilityOf(loads.slice(0, 4).map(law(0.05, 0.004)))).toBeUndefined();
    const better = scalabilityOf(loads.map((n) => ({ n, throughput: 50 * n ** 1.05 })));
    expect(better?.sigma).toBeGreaterThanOrEqual(0);
    expect(better?.kappa).toBeGreaterThanOrEqual(0);
  });
});

/** Steps of 50/s up to 500/s on a pool that does 300/s: latency grows beyond, and the pool is full. */
function pooled(more: Partial<Told> = {}): Told {
  const { loads, at } = steps(50, 10, 20);
  return {
    loads,
    seconds: 200,
    arrivals: at,
    thresholds: ["p95(latency) < 500ms"],
    requests: (second) => {
      const rate = at(second - 1);
      return [{ count: Math.min(rate, 300), ms: rate > 300 ? 900 + 10 * (second % 20) : 50 + noise(second) }];
    },
    gauges: (second) => ({
      db_pool_utilization_ratio: Math.min(1, at(second) / 300 + 0.02 * noise(second)),
      cpu_utilization_ratio: Math.min(0.6, at(second) / 900 + 0.02 * noise(second)),
      memory_used_bytes: 1e8 + 1e5 * noise(second),
    }),
    ...more,
  };
}

describe("the load line", () => {
  it("is what the service still does, between the level that held and the one that did not", () => {
    const { line, findings } = loadLine(seriesOf(pooled()), true);
    expect(line).toMatchObject({ interval: [300, 350], limitedBy: "p95(latency) < 500ms" });
    expect(line?.arrivalsPerSecond).toBeCloseTo(300, -1);
    expect(findings[0]?.claim).toMatch(/The load line is 300 arrivals\/s \(between 300 and 350\)/);
    expect(findings[0]?.evidence.filter(({ of }) => of.startsWith("level"))).toHaveLength(10);
  });

  it("is by a threshold on the target as by one on the client", () => {
    const { line } = loadLine(seriesOf(pooled({ thresholds: ["max(db_pool_utilization_ratio) < 60%"] })), true);
    expect(line?.interval).toEqual([150, 200]);
    expect(line?.arrivalsPerSecond).toBeGreaterThan(150);
    expect(line?.arrivalsPerSecond).toBeLessThan(200);
  });

  it("does not trip over one bad level with good ones above it", () => {
    const { at } = steps(50, 10, 20);
    const requests = (second: number) => [
      { count: at(second - 1), ms: at(second - 1) === 200 || at(second - 1) > 400 ? 900 : 50 },
    ];
    const { line } = loadLine(seriesOf(pooled({ requests })), true);
    expect(line?.arrivalsPerSecond).toBeGreaterThanOrEqual(400);
    expect(line?.interval).toEqual([150, 450]);
  });

  it("says what was the most where nothing gave way, that it lies below all, and whose line it may be", () => {
    const { at } = steps(50, 10, 20);
    const even = (ms: number) => ({ requests: (second: number) => [{ count: at(second - 1), ms }] });
    expect(loadLine(seriesOf(pooled(even(50))), true).line).toMatchObject({
      arrivalsPerSecond: 500,
      interval: [500, 500],
    });
    const slow = loadLine(seriesOf(pooled(even(900))), true);
    expect(slow.line).toBeUndefined();
    expect(slow.findings[0]?.claim).toContain("lies below 50 arrivals/s");
    expect(loadLine(seriesOf(pooled()), false).findings[0]?.claim).toContain("its own line");
  });

  it("has nothing to say of a load that stays level", () => {
    const level = seriesOf({
      loads: stages([10, 0, 60]),
      seconds: 60,
      users: () => 10,
      requests: () => [{ count: 20 }],
    });
    expect(loadLine(level, true)).toEqual({ findings: [] });
  });
});

describe("what gave way first", () => {
  it("is what was full, not what only rose with the load", () => {
    const [finding] = gaveWay(seriesOf(pooled()), []);
    expect(finding?.severity).toBe("critical");
    expect(finding?.claim).toMatch(
      /^The database pool gave way first: db_pool_utilization_ratio.* was at (9\d(\.\d)?|100) %/,
    );
    expect(finding?.evidence[0]).toMatchObject({ of: "p95(latency) < 500ms" });
    expect(finding?.evidence[1]?.figures).toMatchObject({ resource: "database pool", saturated: 1 });
    expect(finding?.evidence[2]?.figures).toMatchObject({ resource: "CPU", saturated: 0 });
  });

  it("is the cache that misses, not the pool that its misses fill", () => {
    const { at } = steps(50, 10, 20);
    const gauges = (second: number) => ({
      db_pool_utilization_ratio: Math.min(1, at(second) / 300),
      cache_hit_ratio: 0.05,
    });
    expect(gaveWay(seriesOf(pooled({ gauges })), [])[0]?.claim).toContain("The cache gave way first");
    const idle = (second: number) => ({ cache_hit_ratio: 0.05, cpu_utilization_ratio: at(second) / 5000 });
    expect(gaveWay(seriesOf(pooled({ gauges: idle })), [])[0]?.claim).toContain("no target metric explains it");
  });

  it("may be nothing that is watched, and is silent where nothing broke", () => {
    const { at } = steps(50, 10, 20);
    const [finding] = gaveWay(seriesOf(pooled({ gauges: () => ({}) })), []);
    expect(finding).toMatchObject({
      severity: "warning",
      claim: expect.stringContaining("nothing is watched that could"),
    });
    const fine = { requests: (second: number) => [{ count: at(second - 1), ms: 50 }] };
    expect(gaveWay(seriesOf(pooled(fine)), [])).toEqual([]);
  });

  it("is told while the run goes on, once a limit is broken, and looked for again when another is", () => {
    const soFar = new FindingsSoFar(seriesOf(pooled()));
    const state = (state: "ok" | "broken") => ({ state }) as ThresholdState;
    expect(soFar.of([state("ok")], 1000)?.findings).toEqual([]);
    const first = soFar.of([state("broken"), state("ok")], 2000);
    expect(first?.findings[0]?.claim).toContain("The database pool gave way first");
    expect(soFar.of([state("broken"), state("ok")], 3000)).toBe(first);
    expect(soFar.of([state("broken"), state("broken")], 4000)).not.toBe(first);
  });
});

describe("drift", () => {
  const soak = (memory: (second: number) => number, ms: (second: number) => number = () => 100) =>
    drifts(
      seriesOf({
        loads: stages([10, 0, 1200]),
        seconds: 1200,
        users: () => 10,
        requests: (second) => [{ count: 5, ms: ms(second) }],
        gauges: (second) => ({ memory_used_bytes: memory(second), memory_limit_bytes: 2e8 }),
      }),
    ).map(({ claim }) => claim);

  it("is told with its interval, and when it is full", () => {
    const [claim] = soak((second) => 1e8 * (1 + second / 36_000) + 1e5 * noise(second));
    expect(claim).toMatch(/^Memory grows (9\.\d+|10(\.\d+)?) MB ± [\d.]+ kB an hour, full in (9\.\d+|10(\.\d+)?) h$/);
  });

  it("is of latency, too", () => {
    expect(
      soak(
        () => 1e8,
        (second) => 100 + second / 10 + 3 * noise(second),
      )[0],
    ).toMatch(/^Latency grows 3\d\d ms/);
  });

  it.each([
    ["level", (second: number) => 1e8 + 1e6 * noise(second)],
    ["a sawtooth of many teeth", (second: number) => 1e8 + 1e6 * (second % 60)],
    ["a sawtooth of a few", (second: number) => 1e8 + 1e5 * (second % 380)],
    ["a slow wave", (second: number) => 1e8 + 1e6 * Math.sin(second / 150)],
    ["a start that settles", (second: number) => 1e8 * (1 - Math.exp(-second / 20))],
  ])("is none where memory is %s", (_what, memory) => {
    expect(soak(memory)).toEqual([]);
  });

  it("shows through a sawtooth whose floor rises", () => {
    const [claim] = soak((second) => 1e8 * (1 + second / 36_000) + 1e6 * (second % 40));
    expect(claim).toMatch(/^Memory grows (9\.\d+|10(\.\d+)?) MB/);
  });
});

describe("recovery", () => {
  const spike = (backAt: number | undefined) =>
    recoveries(
      seriesOf({
        loads: stages([10, 0, 60], [100, 2, 30], [10, 0, 60]),
        seconds: 152,
        users: (second) => (second >= 62 && second < 92 ? 100 : 10),
        requests: (second) => [{ count: 10, ms: second > 62 && second <= (backAt ?? 999) ? 900 : 100 + noise(second) }],
        gauges: (second) => ({ queue_depth: second > 62 && second < 95 ? 300 : 2 }),
      }),
    );

  it("is told by how long it took, the slowest last", () => {
    const [finding] = spike(104);
    expect(finding).toMatchObject({
      severity: "info",
      claim: expect.stringMatching(/^Recovered 13 s after .* last: latency$/),
    });
  });

  it("is not told where it did not come", () => {
    const [finding] = spike(undefined);
    expect(finding).toMatchObject({
      severity: "warning",
      claim: expect.stringContaining("Not recovered within the 60 s"),
    });
    expect(finding?.claim).toContain("latency (before: 100 ms)");
  });

  it("takes a spike", () => {
    const level = seriesOf({
      loads: stages([10, 0, 90]),
      seconds: 90,
      users: () => 10,
      requests: () => [{ count: 5 }],
    });
    expect(recoveries(level)).toEqual([]);
  });
});

describe("changes", () => {
  const run = (ms: (second: number) => number) =>
    changes(
      seriesOf({
        loads: stages([10, 0, 300]),
        seconds: 300,
        users: () => 10,
        requests: (second) => [{ count: 20, ms: ms(second) }],
        events: [{ at: 151_000, kind: "source", message: 'source "app" restarted' }],
      }),
    );

  it("are told with what happened next to them", () => {
    const [finding] = run((second) => (second > 150 ? 180 : 100) + 5 * noise(second));
    expect(finding?.claim).toMatch(/p50\(latency\) rose from [\d.]+ ms to 1\d\d(\.\d)? ms at 2:3[01] while/);
    expect(finding?.claim).toContain('source "app" restarted');
  });

  it("are none in noise, nor where the level is as good as the same", () => {
    expect(run((second) => 100 + 20 * noise(second))).toEqual([]);
    expect(run((second) => (second > 150 ? 110 : 100))).toEqual([]);
  });
});

describe("warning signs", () => {
  it("are each seen, not seen, or not known", () => {
    const series = seriesOf({
      ...pooled(),
      counters: (second) => ({ cache_evictions_total: second > 100 ? second : 0 }),
      requests: (second) => [{ count: 50 }, ...(second > 150 ? [{ count: 10, failure: "deadline" as const }] : [])],
    });
    const { signs, findings } = warningSigns(series, []);
    const state = (name: string) => signs.find((sign) => sign.name === name)?.state;
    expect(state("Database connection pool exhausted")).toBe("present");
    expect(state("Cache evictions")).toBe("present");
    expect(state("Timeouts")).toBe("present");
    expect(state("Sudden failure spike")).toBe("present");
    expect(state("High CPU usage")).toBe("absent");
    expect(state("Rate limits hit")).toBe("absent");
    expect(state("Circuit breakers open")).toBe("unknown");
    expect(state("No quick recovery")).toBe("unknown");
    expect(findings.map(({ claim }) => claim.split(":")[0])).toContain("Cache evictions");
  });

  it("of requests are not known where none was sent", () => {
    const gauges = () => ({ cpu_utilization_ratio: 0.2, process_start_time_seconds: 1 });
    const { signs } = warningSigns(seriesOf({ loads: [], seconds: 60, gauges, requests: () => [] }), []);
    expect(signs.filter(({ state }) => state !== "unknown").map(({ name }) => name)).toEqual([
      "High CPU usage",
      "Crashes or restarts",
    ]);
    expect(signs.find(({ name }) => name === "Timeouts")?.detail).toBe("no request was sent");
  });

  it("are all told of each run, and say nothing twice", () => {
    const { findings, signs } = analyse(seriesOf(pooled()), [], true);
    expect(new Set(signs.map(({ name }) => name)).size).toBe(signs.length);
    expect(new Set(findings.map(({ claim }) => claim)).size).toBe(findings.length);
    expect(findings[0]?.kind).toBe("gave-way");
  });
});
