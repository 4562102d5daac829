import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation } from "../../src/metrics/observation.ts";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import {
  compacted,
  emptyView,
  extendView,
  loadColumns,
  MOST_ROWS,
  type RunView,
  type ViewTick,
  workersOf,
} from "../../src/runs/view.ts";
import { ViewSink } from "../../src/runs/view-sink.ts";
import type { Source } from "../../src/scenario/plan-source.ts";
import { ExampleWorker, plan } from "./example-run.ts";

const run = {
  id: "r",
  scenario: "shop",
  profile: "light",
  target: "localhost",
  startedAt: 0,
  plannedMs: null,
  labels: {},
  thresholds: [],
};

function tick(time: number, value: number, more: Partial<ViewTick> = {}): ViewTick {
  const load = Object.fromEntries(loadColumns.map((name) => [name, value])) as ViewTick["load"];
  return { time, state: "running", load, errors: {}, target: {}, events: [], ...more };
}

/** Every column has as many rows as there are times. */
function lengths(view: RunView): number[] {
  const columns = [
    ...Object.values(view.load),
    ...Object.values(view.errors),
    ...Object.values(view.target).map(({ values }) => values),
  ];
  return columns.map((column) => column.length);
}

describe("a run's view", () => {
  it("gives a late column its gaps, and an error kind that is new its zeros", () => {
    const view = emptyView(run);
    extendView(view, tick(1, 5));
    const cpu = { source: "app", metric: "cpu", labels: {}, type: "gauge", value: 0.5 } as const;
    extendView(view, tick(2, 6, { errors: { reset: 3 }, target: { cpu } }));
    extendView(view, tick(3, 7));
    expect(view.times).toEqual([1, 2, 3]);
    expect(view.load.p95).toEqual([5, 6, 7]);
    expect(view.errors["reset"]).toEqual([0, 3, 0]);
    expect(view.target["cpu"]?.values).toEqual([null, 0.5, null]);
  });

  it("stays small without losing a peak or a dip, however long the run", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 * MOST_ROWS }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 16, max: 400 }),
        (rows, peakAt, dipAt, gapFrom) => {
          const view = emptyView(run);
          for (let at = 0; at < rows; at++) {
            const value = at === peakAt % rows ? 99 : at === dipAt % rows ? 1 : 10;
            const cpu = { source: "app", metric: "cpu", labels: {}, type: "gauge", value } as const;
            extendView(view, tick(at, value, at < gapFrom ? {} : { target: { cpu } }));
          }
          expect(view.times.length).toBeLessThanOrEqual(MOST_ROWS);
          expect(new Set(lengths(view))).toEqual(new Set([view.times.length]));
          expect(view.times).toEqual(view.times.toSorted((a, b) => a - b));
          expect(view.times.at(-1)).toBe(rows - 1);
          expect(Math.max(...view.load.p99.map((value) => value ?? 0))).toBe(99);
          if (peakAt % rows !== dipAt % rows) expect(Math.min(...view.load.rate.map((value) => value ?? 9))).toBe(1);
          if (rows > gapFrom) expect(view.target["cpu"]?.values[0]).toBeNull();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is compacted to few rows without losing a peak or a dip", () => {
    const values = fc.array(fc.option(fc.integer({ min: -1000, max: 1000 }), { nil: null }), { maxLength: 200 });
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 60 }), (all, most) => {
        const view = emptyView(run);
        for (const [second, value] of all.entries()) {
          extendView(view, { ...tick(second, 0), load: { ...tick(second, 0).load, users: value } });
        }
        const small = compacted(view, most);
        expect(new Set(lengths(small))).toEqual(new Set([small.times.length]));
        expect(small.times.length).toBeLessThanOrEqual(most);
        expect(small.times).toEqual(small.times.toSorted((a, b) => a - b));
        const seen = (column: (number | null)[]) => column.filter((value) => value !== null);
        const extremes = (column: number[]) => [Math.min(...column), Math.max(...column)];
        expect(extremes(seen(small.load.users))).toEqual(extremes(seen(view.load.users)));
        expect([small.times[0], small.times.at(-1)]).toEqual([view.times[0], view.times.at(-1)]);
      }),
      { numRuns: 200 },
    );
  });

  it("lists the workers that gauges tell of", () => {
    const gauges = {
      'plimsoll_worker_up{worker="0"}': 1,
      'plimsoll_worker_up{worker="1"}': 0,
      'plimsoll_eventloop_utilization_ratio{worker="0"}': 0.4,
      'plimsoll_worker_connections_open{worker="0"}': 12,
    };
    expect(workersOf(gauges)).toEqual([
      { id: "0", up: true, busy: 0.4, connections: 12 },
      { id: "1", up: false, busy: null, connections: null },
    ]);
  });
});

describe("the view's sink", () => {
  const source: Source = {
    kind: "json",
    name: "app",
    everyMs: 2000,
    timeoutMs: 1000,
    url: { parts: [] } as never,
    headers: [],
    metrics: [],
  };

  function observation(metric: string, value: number, at: number, type: Observation["type"] = "gauge"): Observation {
    return { source: "app", metric, labels: {}, type, value, at };
  }

  it("shows each second's own latencies and rates, and what sources said", async () => {
    const trust = { trusted: true, reasons: [], cpu: 0.2, lag: 0.001, delay: 0 };
    const sink = new ViewSink(() => ({ target: {}, trust }));
    sink.start({ ...plan, sources: [source] });
    const seen: number[] = [];
    const end = sink.watch({ tick: ({ time }) => seen.push(time), renewed: () => seen.push(-1) });
    const worker = new ExampleWorker("0");
    const sum = new SnapshotSum();
    const write = (at: number, observations: Observation[] = []) => {
      sum.take(worker.snapshot(at));
      sink.write({ snapshot: sum.total(at), observations, events: [], thresholds: [] });
    };
    worker.gauges(3);
    for (let n = 0; n < 10; n++) worker.request("list", 900, 100);
    write(1000, [observation("cpu_utilization_ratio", 0.5, 900), observation("restarts_total", 5, 900, "counter")]);
    for (let n = 0; n < 20; n++) worker.request("list", 1900, 400);
    worker.request("pay", 1900, 400, { failure: { kind: "reset", detail: "" } });
    // What sources say of themselves is no health.
    write(2000, [observation("info", 1, 1900), observation("scrapes_total", 3, 1900, "counter")]);
    write(3000, [observation("cpu_utilization_ratio", 0.7, 2900), observation("restarts_total", 9, 2900, "counter")]);
    end();
    write(4000, [observation("up", 0, 3900)]);
    await sink.stop({ state: "passed", warnings: [] });

    const { view, standing } = sink.shown() ?? {};
    expect(seen).toEqual([1, 2, 3]);
    expect(view?.state).toBe("passed");
    expect(standing?.verdict).toMatchObject({ state: "passed", exitCode: 0 });
    expect(standing?.requests.map(({ name, meanBytes, current }) => ({ name, meanBytes, current }))).toEqual([
      { name: "/api/list", meanBytes: 512, current: { rate: 0, failures: 0 } },
      { name: "/api/pay", meanBytes: 512, current: { rate: 0, failures: 0 } },
    ]);
    expect(view?.load.users).toEqual([3, 3, 3, 3]);
    expect(view?.load.rate).toEqual([10, 21, 0, 0]);
    expect(view?.load.failures).toEqual([0, 1, 0, 0]);
    expect(view?.errors).toEqual({ reset: [0, 1, 0, 0] });
    expect(view?.load.p95[0]).toBeCloseTo(0.1, 2);
    expect(view?.load.p95[1]).toBeCloseTo(0.4, 1);
    expect(view?.load.p95[2]).toBeNull();
    expect(Object.keys(view?.target ?? {}).sort()).toEqual(
      ["cpu_utilization_ratio", "restarts_total", "up"].map((metric) => `${metric}{source="app"}`),
    );
    // Held while its source need not have spoken; gone at once when the source is down.
    expect(view?.target['cpu_utilization_ratio{source="app"}']?.values).toEqual([0.5, 0.5, 0.7, null]);
    expect(view?.target['restarts_total{source="app"}']?.values).toEqual([null, null, 2, null]);
    expect(view?.target['up{source="app"}']?.values).toEqual([null, null, null, 0]);
  });
});
