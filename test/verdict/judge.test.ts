import { describe, expect, it } from "vitest";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Observation } from "../../src/metrics/observation.ts";
import { emptySnapshot, type Snapshot } from "../../src/metrics/snapshot.ts";
import { Judge } from "../../src/verdict/judge.ts";
import type { ThresholdState } from "../../src/verdict/verdict.ts";
import { bounds, counted, looks, thresholds } from "./evidence.ts";

function judge(text: string, snapshot: Snapshot, ...observations: Observation[][]): ThresholdState[] {
  const one = new Judge({ thresholds: thresholds(text), bounds, warmUpMs: 0, loads: [] });
  for (const some of observations) one.observe(some);
  return one.evaluate(snapshot);
}

function client(text: string, snapshot: Snapshot): ThresholdState {
  const [state] = judge(text, snapshot);
  if (state === undefined) throw new Error("no state");
  return state;
}

function target(text: string, ...observations: Observation[][]): ThresholdState {
  const [state] = judge(text, emptySnapshot(), ...observations);
  if (state === undefined) throw new Error("no state");
  return state;
}

describe("thresholds on the client", () => {
  const run = counted(
    60,
    [
      { count: 900, ms: 100 },
      { count: 60, ms: 350, delayMs: 50, task: "Create a task", method: "POST" },
      { count: 40, ms: 2000, failure: "status" },
    ],
    (aggregator) => {
      aggregator.counter("plimsoll_iterations_total", { scenario: "boss", outcome: "success" }).add(540);
      aggregator.counter("plimsoll_iterations_total", { scenario: "boss", outcome: "failure" }).add(60);
    },
  );

  it.each([
    ["avg(latency) < 1s", 0.191],
    ["min(latency) < 1s", 0.1],
    ["max(latency) < 3s", 2],
    ['max(latency{outcome="success"}) < 1s', 0.35],
    ['max(service{outcome="success"}) < 1s', 0.3],
    ['min(latency{outcome="failure"}) < 3s', 2],
    ['avg(latency{task="Create a task"}) < 1s', 0.35],
    ["count(requests) > 1", 1000],
    ['count(requests{outcome="failure"}) > 1', 40],
    ['count(requests{outcome="success"}) > 1', 960],
    ['count(requests{method="POST"}) > 1', 60],
    ['count(requests{user="Boss",request="List"}) > 1', 940],
    ["rate(requests) > 1/s", 1000 / 60],
    ["count(errors) > 1", 40],
    ["rate(errors) > 1/min", 40 / 60],
    ["ratio(errors) > 1%", 0.04],
    ['ratio(errors{task="Create a task"}) == 0', 0],
    ["ratio(good, 350ms) > 1%", 0.96],
    ["ratio(good, 340ms) > 1%", 0.9],
    ["ratio(good, 300ms) > 1%", 0.9],
    ["ratio(good, 1h) > 1%", 0.96],
    ['ratio(good{task="Create a task"}, 100ms) == 0', 0],
    ["count(iterations) > 1", 600],
    ['rate(iterations{outcome="success"}) > 1/s', 9],
  ])("%s measures %d", (text, value) => {
    const state = client(text, run);
    expect(state.value).toBeCloseTo(value, 9);
    expect(state.state).toBe("ok");
  });

  it.each([
    ["p95(latency) < 1s", 0.35],
    ["p50(service) < 1s", 0.1],
  ])("%s reads the summed histogram: %d within 0.55 %%", (text, value) => {
    expect(Math.abs((client(text, run).value ?? 0) / value - 1)).toBeLessThan(0.0055);
  });

  it.each([
    ["<", "99ms", "broken"],
    ["<", "100ms", "broken"],
    ["<=", "100ms", "ok"],
    [">", "100ms", "broken"],
    [">=", "100ms", "ok"],
    ["==", "100ms", "ok"],
    ["==", "99ms", "broken"],
    ["!=", "100ms", "broken"],
    ["!=", "99ms", "ok"],
  ])("a minimum of 100ms against %s %s is %s", (operator, limit, state) => {
    expect(client(`min(latency) ${operator} ${limit}`, run).state).toBe(state);
  });

  it("judges target and critical each by its limit", () => {
    expect(judge("max(latency) target < 1s critical < 3s", run)).toMatchObject([
      { level: "target", state: "broken", value: 2, limit: { text: "1s" } },
      { level: "critical", state: "ok", value: 2, limit: { text: "3s" } },
    ]);
  });

  it.each([
    "p95(latency) < 1s",
    "max(latency) < 1s",
    "ratio(errors) == 0",
    "count(errors) == 0",
    "ratio(good, 1s) >= 0",
    "rate(requests) >= 0",
    "count(iterations) >= 0",
  ])("%s without a request is no pass", (text) => {
    expect(client(text, counted(60, []))).toMatchObject({ state: "no_data" });
    expect(client(text, counted(60, [])).value).toBeUndefined();
  });

  it("says which filter nothing was counted under", () => {
    expect(client('count(errors{task="Delete"}) == 0', run)).toMatchObject({
      state: "no_data",
      reason: 'nothing was counted under errors{task="Delete"}',
    });
  });

  it.each([
    ["p50", 20],
    ["p90", 100],
    ["p95", 200],
    ["p99", 1000],
    ["p99.9", 10_000],
  ])("%s needs %d samples, whichever side of its limit they are on", (percentile, needed) => {
    const few = counted(60, [{ count: needed - 1, ms: 100 }]);
    const enough = counted(60, [{ count: needed, ms: 100 }]);
    for (const limit of ["10ms", "1s"]) {
      expect(client(`${percentile}(latency) < ${limit}`, few)).toMatchObject({
        state: "few_samples",
        reason: `${percentile} needs ${needed} samples, there are ${needed - 1}`,
      });
    }
    expect(client(`${percentile}(latency) < 1s`, enough).state).toBe("ok");
    expect(client(`${percentile}(latency) < 10ms`, enough).state).toBe("broken");
  });

  it("counts no request as good that may have been slower", () => {
    const between = counted(10, [
      { count: 10, ms: 622.5 },
      { count: 10, ms: 624 },
      { count: 10, ms: 900 },
    ]);
    expect(client("ratio(good, 623ms) >= 0", between).value).toBe(0);
    expect(client("ratio(good, 640ms) >= 0", between).value).toBeCloseTo(2 / 3);
  });

  it("does not blame the target for what the generator failed", () => {
    const exhausted = counted(10, [
      { count: 50 },
      { count: 30, failure: "generator_fds" },
      { count: 10, failure: "generator_ports" },
      { count: 5, failure: "aborted" },
      { count: 5, failure: "reset" },
    ]);
    expect(client("count(errors) < 100", exhausted).value).toBe(5);
    expect(client("count(requests) < 100", exhausted).value).toBe(55);
    expect(client("ratio(errors) < 100%", exhausted).value).toBeCloseTo(5 / 55);
    expect(client("ratio(good, 1s) > 1%", exhausted).value).toBeCloseTo(50 / 55);
    const nothing = counted(10, [{ count: 30, failure: "generator_fds" }]);
    expect(client("ratio(errors) == 0", nothing).state).toBe("no_data");
  });
});

describe("thresholds on the target", () => {
  const ramp = looks(Array.from({ length: 100 }, (_, i) => i + 1));

  it.each([
    ["min(queue_depth) > 0", 1],
    ["avg(queue_depth) < 100", 50.5],
    ["max(queue_depth) < 101", 100],
    ["last(queue_depth) < 101", 100],
    ["p50(queue_depth) < 101", 50],
    ["p90(queue_depth) < 101", 90],
    ["min(up) == 1", 1],
  ])("%s measures %d", (text, value) => {
    expect(target(text, ramp)).toMatchObject({ value, state: "ok" });
  });

  it("counts a counter's increase through restarts", () => {
    const restarts = looks([100, 160, 10, 40], { metric: "http_requests_total", type: "counter" });
    expect(target("count(http_requests_total) > 1", restarts).value).toBe(100);
    expect(target("rate(http_requests_total) > 1/s", restarts).value).toBeCloseTo(100 / 3);
  });

  it("has no rate of a counter seen once", () => {
    const once = looks([7], { metric: "restarts_total", type: "counter" });
    expect(target("rate(restarts_total) == 0", once)).toMatchObject({ state: "few_samples" });
    expect(target("count(restarts_total) == 0", once)).toMatchObject({ state: "few_samples" });
  });

  it("counts the worst of several series, and names it", () => {
    const a = looks([1, 5], { labels: { queue: "mail" } });
    const b = looks([1, 9], { labels: { queue: "index" } });
    const other = looks([1, 99], { source: "rabbit", labels: { queue: "index" } });
    expect(target("max(queue_depth) < 100", a, b)).toMatchObject({
      value: 9,
      series: 'queue_depth{queue="index",source="app"}',
      state: "ok",
    });
    expect(target("max(queue_depth) < 8", a, b, other)).toMatchObject({ value: 99, state: "broken" });
    expect(target('max(queue_depth{source="app"}) < 8', a, b, other)).toMatchObject({ value: 9, state: "broken" });
    expect(target('max(queue_depth{queue="mail"}) < 8', a, b, other)).toMatchObject({ value: 5, state: "ok" });
    expect(target("last(queue_depth) > 7", a, b)).toMatchObject({ value: 5, state: "broken" });
    expect(target("last(queue_depth) == 8", a, b)).toMatchObject({ value: 5, state: "broken" });
  });

  it("passes no several series of which one cannot tell, but fails them if another is broken", () => {
    const holey = looks([1, undefined, undefined, 1], { source: "holey" });
    const whole = looks([9, 9, 9, 9], { source: "whole" });
    expect(target("max(queue_depth) < 10", holey, whole)).toMatchObject({
      state: "few_samples",
      series: 'queue_depth{source="holey"}',
    });
    expect(target("max(queue_depth) < 5", holey, whole)).toMatchObject({
      state: "broken",
      series: 'queue_depth{source="whole"}',
    });
  });

  it("has no data where no source told it, and says which was down", () => {
    expect(target("max(queue_depth) < 5")).toMatchObject({
      state: "no_data",
      reason: expect.stringContaining("watch:"),
    });
    expect(
      target('max(queue_depth{queue="mail"}) < 5', looks([undefined, undefined], { source: "rabbit" })),
    ).toMatchObject({
      state: "no_data",
      reason: 'no source gave queue_depth{queue="mail"} (down: rabbit)',
    });
  });

  it("does not pass over gaps in more than a tenth of the run", () => {
    const withGaps = (gaps: number) => looks(Array.from({ length: 100 }, (_, i) => (i >= 100 - gaps ? undefined : 3)));
    expect(target("max(queue_depth) < 5", withGaps(10)).state).toBe("ok");
    expect(target("max(queue_depth) < 5", withGaps(11))).toMatchObject({
      state: "few_samples",
      value: 3,
      reason: "source app did not answer 11 of 100 times",
    });
    expect(target("max(queue_depth) < 2", withGaps(11)).state).toBe("broken");
    expect(target("min(up) == 1", withGaps(11))).toMatchObject({ state: "broken", value: 0 });
  });

  it("needs samples for a percentile of the target's too", () => {
    expect(target("p95(queue_depth) < 5", looks([1, 2, 3]))).toMatchObject({
      state: "few_samples",
      reason: "p95 needs 200 samples, there are 3",
    });
  });
});

describe("a warm-up", () => {
  it("counts in no threshold, on either side", () => {
    const limits = thresholds("max(queue_depth) < 10", "ratio(errors) < 1%", "rate(requests) >= 5/s");
    const one = new Judge({ thresholds: limits, bounds, warmUpMs: 10_000, loads: [] });
    const owner = new Aggregator("0", new ClassicBounds(bounds));
    const series = owner.series({ user: "U", task: "T", request: "/", method: "GET" });
    const request = (at: number, failed: boolean) =>
      owner.add({
        series,
        intendedAt: at - 5,
        startedAt: at - 5,
        endedAt: at,
        status: failed ? 500 : 200,
        bytesIn: 0,
        bytesOut: 0,
        failure: failed ? { kind: "status", detail: "got 500" } : undefined,
      });
    const depth = (value: number, at: number) =>
      one.observe([{ source: "q", metric: "queue_depth", labels: {}, type: "gauge", value, at }]);

    for (let i = 0; i < 50; i++) request(i * 100, true);
    depth(99, 5000);
    expect(one.evaluate(owner.snapshot(5000, true)).map(({ state, reason }) => [state, reason])).toEqual(
      new Array(3).fill(["no_data", "the run did not outlast its warm-up"]),
    );
    one.evaluate(owner.snapshot(10_000, true));
    for (let i = 0; i < 100; i++) request(10_000 + i * 100, false);
    depth(3, 15_000);
    expect(one.evaluate(owner.snapshot(20_000, true)).map(({ state, value }) => [state, value])).toEqual([
      ["ok", 3],
      ["ok", 0],
      ["ok", 10],
    ]);
  });
});
