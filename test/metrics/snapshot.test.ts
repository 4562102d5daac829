import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Aggregator, LABEL_LIMIT, OTHER } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Failure, Sample } from "../../src/metrics/sample.ts";
import { requestCount, type Snapshot, SnapshotSum } from "../../src/metrics/snapshot.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";

const bounds = new ClassicBounds(defaultBounds);
const names = ["a", "b", "c"];

interface Event {
  worker: number;
  name: number;
  /** Binary fractions, so that sums do not depend on the order. */
  ms: number;
  failure: Failure | undefined;
  /** Take a snapshot after it. */
  snapshot: boolean;
}

const event: fc.Arbitrary<Event> = fc.record({
  worker: fc.nat({ max: 2 }),
  name: fc.nat({ max: 2 }),
  ms: fc.integer({ min: 1, max: 4000 }).map((n) => (n * 1000) / 1024),
  failure: fc.option(
    fc.constantFrom<Failure>({ kind: "reset", detail: "ECONNRESET" }, { kind: "status", detail: "got 503" }),
    {
      nil: undefined,
      freq: 3,
    },
  ),
  snapshot: fc.boolean(),
});

function sample(series: number, { ms, failure }: Event, endedAt = 4000): Sample {
  const status = failure === undefined ? 200 : failure.kind === "status" ? 503 : undefined;
  return {
    series,
    intendedAt: endedAt - ms,
    startedAt: endedAt - ms,
    endedAt,
    status,
    bytesIn: 10,
    bytesOut: 1,
    failure,
  };
}

function aggregator(worker: string): {
  add: (event: Event, endedAt?: number) => void;
  snapshot: (full?: boolean) => Snapshot;
} {
  const owner = new Aggregator(worker, bounds);
  const series = names.map((request) => owner.series({ user: "U", task: request, request, method: "GET" }));
  const iterations = owner.counter("plimsoll_iterations_total", { outcome: "success" });
  return {
    add: (one, endedAt) => {
      owner.add(sample(series[one.name] as number, one, endedAt));
      iterations.add(1);
    },
    snapshot: (full = false) => owner.snapshot(0, full),
  };
}

/** What a sum says, without what may differ: order and sequence numbers. */
function content(snapshot: Snapshot): unknown {
  const series = snapshot.series
    .filter((one) => requestCount(one) > 0)
    .map((one) => ({ ...one, details: one.details.toSorted((a, b) => a.type.localeCompare(b.type)) }))
    .toSorted((a, b) => a.key.request.localeCompare(b.key.request));
  return { series, counters: snapshot.counters };
}

describe("snapshots", () => {
  it("give the same sum whatever is dropped, doubled or reordered, once each worker's last full one is there", () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 80 }),
        fc.array(fc.nat()),
        fc.array(fc.boolean()),
        (events, order, dropped) => {
          const workers = [0, 1, 2].map((one) => aggregator(String(one)));
          const whole = aggregator("whole");
          const sent: Snapshot[] = [];
          for (const [i, one] of events.entries()) {
            workers[one.worker]?.add(one, 4000 + i);
            whole.add(one, 4000 + i);
            if (one.snapshot) sent.push((workers[one.worker] as (typeof workers)[number]).snapshot());
          }
          const last = workers.map((one) => one.snapshot(true));
          const arriving = [...sent.filter((_, i) => dropped[i] !== true), ...last, ...sent.slice(0, 5), ...last]
            .map((snapshot, i) => ({ snapshot, key: order[i] ?? i }))
            .toSorted((a, b) => a.key - b.key);
          const sum = new SnapshotSum();
          for (const { snapshot } of arriving) sum.take(structuredClone(snapshot));
          const all = new SnapshotSum();
          all.take(whole.snapshot(true));
          expect(content(sum.total(0))).toEqual(events.length === 0 ? content(sum.total(0)) : content(all.total(0)));
          expect(sum.total(0).series.reduce((n, one) => n + requestCount(one), 0)).toBe(events.length);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("carry only what changed, unless they are full", () => {
    const one = aggregator("0");
    one.snapshot();
    one.add({ worker: 0, name: 1, ms: 1, failure: undefined, snapshot: false });
    expect(one.snapshot().series.map(({ key }) => key.request)).toEqual(["b"]);
    expect(one.snapshot().series).toEqual([]);
    expect(one.snapshot(true).series).toHaveLength(3);
  });

  it("forget a lost worker's gauges and keep what it counted", () => {
    const owner = new Aggregator("0", bounds);
    owner.gauge("plimsoll_users").set(7);
    owner.counter("plimsoll_iterations_total").add(3);
    const sum = new SnapshotSum();
    sum.take(owner.snapshot(0, true));
    expect(sum.total(0).gauges).toEqual({ plimsoll_users: 7 });
    sum.forgetGauges("0");
    expect(sum.total(0).gauges).toEqual({});
    expect(sum.total(0).counters).toEqual({ plimsoll_iterations_total: 3 });
  });
});

describe("aggregator", () => {
  it("counts names past the limit under __other__, and says so", () => {
    const owner = new Aggregator("0", bounds);
    const numbers = Array.from({ length: LABEL_LIMIT + 50 }, (_, i) =>
      owner.series({ user: "U", task: "T", request: `/item/${i}`, method: "GET" }),
    );
    for (const series of numbers)
      owner.add(sample(series, { worker: 0, name: 0, ms: 1, failure: undefined, snapshot: false }));
    const { series, counters } = owner.snapshot(0, true);
    expect(series).toHaveLength(LABEL_LIMIT + 1);
    const other = series.find(({ key }) => key.request === OTHER);
    expect(other && requestCount(other)).toBe(50);
    expect(counters).toEqual({ 'plimsoll_label_overflow_total{label="request"}': 50 });
  });

  it("keeps a bounded number of failure messages, and counts every failure", () => {
    const owner = new Aggregator("0", bounds);
    const series = owner.series({ user: "U", task: "T", request: "/", method: "GET" });
    for (let i = 0; i < 500; i++) {
      const failure: Failure = { kind: "assertion", detail: `got ${i} ${"x".repeat(1000)}` };
      owner.add(sample(series, { worker: 0, name: 0, ms: 1, failure, snapshot: false }));
    }
    const [data] = owner.snapshot(0, true).series;
    expect(data?.errors).toEqual({ assertion: 500 });
    expect(data?.details.length).toBeLessThanOrEqual(51);
    expect(data?.details.reduce((sum, { count }) => sum + count, 0)).toBe(500);
    expect(Math.max(...(data?.details.map(({ detail }) => detail.length) ?? []))).toBeLessThanOrEqual(300);
  });
});
