import { describe, expect, it } from "vitest";
import { virtualSearch } from "./virtual-search.ts";

const scenario = (profile: string, threshold = "p95(latency) < 500ms") => `
name: pool
users: { U: { wait: 500ms..1500ms, tasks: { Get: { get: "http://pool/" } } } }
profiles: { only: ${profile} }
watch: { app: { prometheus: "http://pool/metrics" } }
thresholds: ["${threshold}", ratio(errors) < 1%]
`;
const arrivals = scenario("{ arrivals: 10/s, duration: 1m }");
/** It carries 50 a second. */
const pool = { connections: 5, holdMs: 100, hold: "fixed" } as const;

describe("a search", () => {
  it("finds the load line and says what is above it, its figures, and how its thresholds stood there", async () => {
    const { found, told } = await virtualSearch(arrivals, {}, pool);
    expect(found.reasons).toEqual([]);
    const { arrivalsPerSecond = 0, interval } = found.line ?? { interval: [0, 0] };
    expect(Math.abs(arrivalsPerSecond / 50 - 1)).toBeLessThan(0.05);
    expect(interval[1] / interval[0]).toBeLessThanOrEqual(1.051);
    expect(found.finding.claim).toMatch(
      /^The load line is \d.* arrivals\/s \(between .* and .*\); above it: .* At .*: \d/,
    );
    expect(found.finding.evidence).toHaveLength(told.length);
    expect(found.states.map(({ expression, state }) => [expression, state])).toEqual([
      ["p95(latency) < 500ms", "ok"],
      ["ratio(errors) < 1%", "ok"],
    ]);
    expect(told[0]).toMatch(/^10 arrivals\/s: p95 100 ms, \d+\.\d requests\/s, holds$/);
  });

  it("waits after a step that broke until the target is back: no step begins with what the one before left", async () => {
    const { found } = await virtualSearch(arrivals, { from: 20 }, pool);
    const steps = found.finding.evidence.map(({ figures }) => figures);
    const held = steps.filter(({ outcome, load }) => outcome === "held" && Number(load) < 49);
    expect(held.length).toBeGreaterThanOrEqual(3);
    for (const { p95 } of held) expect(p95).toBeLessThan(0.12);
    const first = steps.findIndex(({ outcome }) => outcome === "broken");
    for (const [i, step] of steps.slice(first + 1).entries()) {
      expect(Number(step["from"]) - Number(steps[first + i]?.["until"])).toBeGreaterThanOrEqual(2);
    }
  });

  it("searches by users: up to where they wait", async () => {
    const { found } = await virtualSearch(scenario("{ users: 5, duration: 1m }"), {}, pool);
    // By the response time law N = X (R + Z): nobody waits up to 55 users, and from 75 on the mean is at the limit.
    const users = found.line?.users ?? 0;
    expect(users).toBeGreaterThanOrEqual(55);
    expect(users).toBeLessThanOrEqual(75);
    expect(found.line?.limitedBy).toBe("p95(latency) < 500ms");
  });

  it("counts arrivals where the profile has users, if it is asked to", async () => {
    const { found } = await virtualSearch(scenario("{ users: 5, duration: 1m }"), { kind: "arrivals" }, pool);
    expect(Math.abs((found.line?.arrivalsPerSecond ?? 0) / 50 - 1)).toBeLessThan(0.05);
  });

  it("keeps what is asked of the target, too", async () => {
    const full = scenario("{ arrivals: 10/s, duration: 1m }", "avg(db_pool_utilization_ratio) < 50%");
    const { found } = await virtualSearch(full, {}, pool);
    expect(Math.abs((found.line?.arrivalsPerSecond ?? 0) / 25 - 1)).toBeLessThan(0.1);
    expect(found.line?.limitedBy).toBe("avg(db_pool_utilization_ratio) < 50%");
  });

  it("says that nothing gave way, and never goes past the most", async () => {
    const { found, most } = await virtualSearch(arrivals, { upTo: 40 }, pool);
    expect(most).toBe(40);
    expect(found.line).toEqual({
      arrivalsPerSecond: 40,
      interval: [40, 40],
      limitedBy: "nothing: it is the most that was loaded",
    });
    expect(found.reasons[0]).toContain("nothing gave way up to 40 arrivals/s");
  });

  it("says when the line lies below what it may try", async () => {
    const { found } = await virtualSearch(arrivals, { from: 1000 }, { ...pool, holdMs: 10_000 }, { maxMs: 900_000 });
    expect(found.line).toBeUndefined();
    expect(found.reasons[0]).toMatch(/^the load line lies below .*: search with a lower --from$/);
  });

  it("says when the time was over", async () => {
    const { found, seconds } = await virtualSearch(arrivals, {}, pool, { maxMs: 45_000 });
    expect(seconds).toBeLessThanOrEqual(45);
    expect(found.reasons[0]).toContain("give it more --max-time");
    expect(found.finding.severity).toBe("warning");
  });

  it("does not hold against the target what a generator did that was too busy", async () => {
    const busy = { gauges: 'plimsoll_eventloop_utilization_ratio{worker="0"}' };
    const { found, told } = await virtualSearch(arrivals, {}, pool, {
      health: ({ gauges, at }) => {
        gauges[busy.gauges] = at < 5000 ? 0.2 : 0.99;
      },
    });
    expect(found.line?.limitedBy).toBe("the generator");
    expect(found.reasons[0]).toMatch(
      /the limit was the generator, not the target: a worker of the generator was more than 90 % busy/,
    );
    expect(told.at(-1)).toContain("the generator could not keep up");
    expect(told.filter((line) => line.includes("breaks"))).toEqual([]);
  });
});
