import { describe, expect, it } from "vitest";
import { Trust, type TrustResult } from "../../src/verdict/trust.ts";
import { counted } from "./evidence.ts";

/** A run with one tick a second and the given utilisation of worker w1 in each. */
function utilization(values: number[], worker = "w1"): TrustResult {
  const trust = new Trust();
  values.forEach((value, i) => {
    const snapshot = counted(i + 1, [], (one) =>
      one.gauge("plimsoll_eventloop_utilization_ratio", { worker }).set(value),
    );
    trust.observe(snapshot);
  });
  return trust.result();
}

/** A run of one tick, with these values in one histogram. */
function histogram(metric: string, labels: Record<string, string>, seconds: number[]): TrustResult {
  const trust = new Trust();
  trust.observe(
    counted(10, [], (one) => {
      for (const value of seconds) one.histogram(metric, labels).record(value);
    }),
  );
  return trust.result();
}

const mostly = (usual: number, rare: number, rareOf100: number, count = 1000) =>
  Array.from({ length: count }, (_, i) => (i % 100 < rareOf100 ? rare : usual));

describe("Trust", () => {
  it("trusts a generator of which nothing is known, and one at ease", () => {
    expect(new Trust().result()).toEqual({ trusted: true, reasons: [], cpu: 0, lag: 0, delay: 0 });
    const calm = utilization([0.2, 0.4]);
    expect(calm).toMatchObject({ trusted: true, reasons: [] });
    expect(calm.cpu).toBeCloseTo(0.3);
  });

  it.each<[what: string, values: number[], trusted: boolean]>([
    ["0.9 all the time", Array(20).fill(0.9), true],
    ["2 s above it", [...Array(8).fill(0.5), 0.95, 0.95], true],
    ["3 s above it, apart", [0.95, 0.1, 0.95, 0.1, 0.95, 0.1], false],
    ["3 s of 60 s", [...Array(57).fill(0.5), 1, 1, 1], true],
    ["4 s of 60 s", [...Array(56).fill(0.5), 1, 1, 1, 1], false],
  ])("with %s, trusted is %s", (_, values, trusted) => {
    expect(utilization(values).trusted).toBe(trusted);
  });

  it("says how busy, for how long, and what to do", () => {
    const [reason] = utilization(Array(10).fill(0.97)).reasons;
    expect(reason).toContain("more than 90 % busy for 10 s of 10 s");
    expect(reason).toContain("--processes");
  });

  it("looks at each worker, not at their sum", () => {
    const trust = new Trust();
    for (let second = 1; second <= 10; second++) {
      trust.observe(
        counted(second, [], (one) => {
          for (const worker of ["w1", "w2", "w3"])
            one.gauge("plimsoll_eventloop_utilization_ratio", { worker }).set(0.4);
        }),
      );
    }
    expect(trust.result()).toMatchObject({ trusted: true });
    expect(trust.result().cpu).toBeCloseTo(0.4);
  });

  it("is not misled by a tick that comes twice", () => {
    const trust = new Trust();
    const busy = counted(1, [], (one) => one.gauge("plimsoll_eventloop_utilization_ratio", { worker: "w1" }).set(1));
    for (let i = 0; i < 10; i++) trust.observe(busy);
    expect(trust.result().trusted).toBe(true);
  });

  it.each<[metric: string, figure: "lag" | "delay", limitMs: number]>([
    ["plimsoll_eventloop_delay_seconds", "lag", 100],
    ["plimsoll_schedule_delay_seconds", "delay", 50],
  ])("knows %s at p99", (metric, figure, limitMs) => {
    const limit = limitMs / 1000;
    const labels = { worker: "w1" };
    expect(histogram(metric, labels, mostly(0.001, 1, 1)).trusted).toBe(true);
    const late = histogram(metric, labels, mostly(0.001, limit * 2, 2));
    expect(late.trusted).toBe(false);
    expect(late[figure]).toBeCloseTo(limit * 2, 2);
    expect(late.reasons).toHaveLength(1);
    expect(late.reasons[0]).toContain(`limit ${limitMs} ms`);
    expect(late.reasons[0]).toContain("another machine");
    expect(histogram(metric, labels, mostly(limit * 0.9, 0, 0)).trusted).toBe(true);
    // One slow start of fifty is not a percentile: it is told and condemns nothing.
    const few = histogram(metric, labels, mostly(0.001, 1, 1, 50));
    expect(few.trusted).toBe(true);
    expect(few[figure]).toBeCloseTo(1, 1);
  });

  it("takes the worst worker's lag", () => {
    const trust = new Trust();
    trust.observe(
      counted(10, [], (one) => {
        for (let i = 0; i < 2000; i++)
          one.histogram("plimsoll_eventloop_delay_seconds", { worker: "calm" }).record(0.001);
        for (let i = 0; i < 100; i++) one.histogram("plimsoll_eventloop_delay_seconds", { worker: "late" }).record(0.2);
      }),
    );
    expect(trust.result().lag).toBeCloseTo(0.2, 2);
  });

  it.each([
    ["generator_fds", "ulimit -n"],
    ["generator_ports", "ip_local_port_range"],
  ] as const)("does not trust a run with %s, and names the way out", (failure, way) => {
    const trust = new Trust();
    trust.observe(counted(1, [{ count: 99 }, { count: 2, failure }]));
    expect(trust.result()).toMatchObject({ trusted: false });
    expect(trust.result().reasons).toEqual([expect.stringMatching(/^2 requests/)]);
    expect(trust.result().reasons[0]).toContain(way);
  });

  it("does not hold the target's failures against the generator", () => {
    const trust = new Trust();
    trust.observe(counted(1, [{ count: 9, failure: "connect_refused" }]));
    expect(trust.result().trusted).toBe(true);
  });
});
