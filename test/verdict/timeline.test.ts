import { describe, expect, it } from "vitest";
import { randomFrom } from "../../src/load/random.ts";
import { phasesOf } from "../../src/verdict/phase.ts";
import { thresholds } from "./evidence.ts";
import { type Story, stages, tell } from "./timeline.ts";

/** 500 requests a second, slow in the seconds from `from` up to `to`. */
const slow =
  (from: number, to: number, ms = 3000) =>
  (second: number) => [{ count: 500, ms: second > from && second <= to ? ms : 100 }];
const steady = slow(0, 0);
const between = (from: number, to: number, inside: number, outside: number) => (second: number) =>
  second >= from && second <= to ? inside : outside;

/** Seconds at which a limit was broken: `4..6`. */
function brokenAt(story: Omit<Story, "thresholds">, text: string): string {
  const { states } = tell({ ...story, thresholds: thresholds(text) });
  const seconds = states.flatMap((state, second) => (state === "broken" ? [second] : []));
  return seconds.length === 0 ? "never" : `${seconds[0]}..${seconds.at(-1)}`;
}

describe("windows", () => {
  it.each([
    // A second's stall between 4 and 5 s is in each window that holds it: those ending from 5 s to 4 s + the window.
    ["max(latency) < 2s over 1s", "5..5"],
    ["max(latency) < 2s over 5s", "5..9"],
    ["p95(latency) < 2s over 2s", "5..6"],
    // One second of 25 is below 5 %.
    ["p95(latency) < 2s over 25s", "never"],
    ["avg(latency) < 1s over 2s", "5..6"],
    ["ratio(good, 350ms) > 90% over 5s", "5..9"],
    ["p95(latency) < 2s", "5..18"],
  ])("%s is broken at %s s", (text, seconds) => {
    expect(brokenAt({ seconds: 60, requests: slow(4, 5) }, text)).toBe(seconds);
  });

  it("stay broken at the end, with the worst window and its time", () => {
    const { final, verdict } = tell({
      thresholds: thresholds("max(latency) critical < 2s over 5s"),
      seconds: 30,
      requests: slow(4, 5),
    });
    expect(final).toMatchObject({ state: "broken", broken: { fromMs: 5000, untilMs: 9000 } });
    expect(final.value).toBeCloseTo(3, 1);
    expect(verdict).toMatchObject({
      state: "failed",
      breaches: [expect.stringMatching(/was 3(\.0\d+)?s between 5s and 9s, critical is < 2s/)],
    });
  });

  it("are judged once a whole one is over, and their worst is told where all held", () => {
    const { states, final } = tell({
      thresholds: thresholds("max(queue_depth) < 10 over 5s"),
      seconds: 20,
      look: (second) => (second === 8 ? 9 : 3),
    });
    expect(states.slice(0, 6)).toEqual(["no_data", "no_data", "no_data", "no_data", "no_data", "ok"]);
    expect(final).toMatchObject({ state: "ok", value: 9 });
  });

  it("of a run that is shorter have no answer", () => {
    const { final, verdict } = tell({
      thresholds: thresholds("p95(latency) < 2s over 1m"),
      seconds: 30,
      requests: steady,
    });
    expect(final).toMatchObject({ state: "no_data", reason: "no window of 1m was over" });
    expect(verdict.state).toBe("inconclusive");
  });

  it("with too few samples in more than a tenth of them cannot pass", () => {
    const few = (second: number) => [{ count: second > 20 && second <= 30 ? 1 : 50, ms: 100 }];
    const story = { seconds: 60, requests: few };
    const { final } = tell({ ...story, thresholds: thresholds("p95(latency) < 2s over 5s") });
    expect(final).toMatchObject({ state: "few_samples", reason: expect.stringContaining("moments had no answer") });
    expect(tell({ ...story, thresholds: thresholds("p95(latency) < 2s over 30s") }).final.state).toBe("ok");
  });

  it("see a service that answers nothing as no requests a second, not as no data", () => {
    const stalled = (second: number) => [{ count: second > 4 && second <= 10 ? 0 : 50 }];
    expect(brokenAt({ seconds: 20, requests: stalled }, "rate(requests) > 10/s over 3s")).toBe("7..10");
  });

  it("are true to their length when ticks are missed", () => {
    const story = { seconds: 40, requests: slow(4, 5), skip: (second: number) => second % 3 !== 0 };
    expect(brokenAt(story, "max(latency) < 2s over 6s")).toBe("6..9");
  });

  it("of ten minutes keep a hundred readings, and are true to a hundredth", () => {
    const requests = (second: number) => [{ count: 1, ms: second === 200 ? 3000 : 100 }];
    expect(brokenAt({ seconds: 900, requests }, "max(latency) < 2s over 10m")).toMatch(/^600\.\.79[3-9]$/);
  });
});

describe("for", () => {
  it.each([
    // Latency in windows as long as `for`; broken once it was missed for so long without a break.
    ["max(latency) < 2s over 1s for 2s", 4, 8, "7..8"],
    ["max(latency) < 2s over 1s for 4s", 4, 8, "never"],
    ["max(latency) < 2s over 1s for 3s", 4, 8, "8..8"],
    ["p95(latency) < 2s for 2s", 4, 9, "7..10"],
  ])("%s, slow from %d to %d s, is broken at %s s", (text, from, to, seconds) => {
    expect(brokenAt({ seconds: 30, requests: slow(from, to) }, text)).toBe(seconds);
  });

  it.each([
    // Of a target the newest look: what was once is not what is.
    ["max(queue_depth) < 5 for 3s", 4, 6, "never"],
    ["max(queue_depth) < 5 for 3s", 4, 7, "7..7"],
    ["max(queue_depth) < 5 for 3s", 4, 9, "7..9"],
  ])("%s, deep from %d to %d s, is broken at %s s", (text, from, to, seconds) => {
    expect(brokenAt({ seconds: 30, look: between(from, to, 9, 1) }, text)).toBe(seconds);
  });

  it("counts a gap for neither side", () => {
    const look = (second: number) => (second === 6 ? undefined : between(4, 9, 9, 1)(second));
    // Missed at 4 and 5, unknown at 6, missed from 7: one second, then two more.
    expect(brokenAt({ seconds: 30, look }, "max(queue_depth) < 5 for 3s")).toBe("9..9");
  });

  it("tells from when it was missed", () => {
    const { final } = tell({
      thresholds: thresholds("max(queue_depth) < 5 for 3s"),
      seconds: 30,
      look: between(4, 9, 9, 1),
    });
    expect(final).toMatchObject({ state: "broken", value: 9, broken: { fromMs: 4000, untilMs: 9000 } });
  });
});

describe("after", () => {
  it("judges nothing before its time, but counts it", () => {
    const errors = (second: number) => [
      { count: 10 },
      ...(second === 2 ? [{ count: 1, failure: "reset" as const }] : []),
    ];
    const { states } = tell({
      thresholds: thresholds("count(errors) == 0 after 5s"),
      seconds: 10,
      requests: errors,
    });
    expect(states.slice(3, 7)).toEqual(["no_data", "no_data", "broken", "broken"]);
  });

  it("has no answer in a run that ends before", () => {
    const { final } = tell({ thresholds: thresholds("count(errors) == 0 after 1m"), seconds: 10, requests: steady });
    expect(final).toMatchObject({ state: "no_data", reason: "it is judged after 1m, and the run was shorter" });
  });
});

describe("during", () => {
  const loads = stages([10, 5, 10], [20, 5, 10], [0, 5, 0]);

  it("knows the parts of a load", () => {
    expect(phasesOf(loads).map(({ fromMs, kind, stage }) => [fromMs / 1000, kind, stage])).toEqual([
      [0, "ramp", 1],
      [5, "hold", 1],
      [15, "ramp", 2],
      [20, "hold", 2],
      [30, "ramp", 3],
    ]);
    const both = [...loads, ...stages([5, 2, 30]).map((load) => ({ ...load, startMs: 7000 }))];
    expect(phasesOf(both).map(({ fromMs, toMs, kind, stage }) => [fromMs / 1000, toMs / 1000, kind, stage])).toEqual([
      [0, 5, "ramp", 1],
      [5, 7, "hold", 1],
      [7, 9, "ramp", 2],
      [9, 15, "hold", 2],
      [15, 20, "ramp", 3],
      [20, 30, "hold", 3],
      [30, 35, "ramp", 4],
      [35, 39, "hold", 4],
    ]);
  });

  it.each([
    // Slow while the load rises from 15 to 20 s.
    ["p95(latency) < 2s during hold", 15, 20, "ok"],
    ["p95(latency) < 2s during ramp", 15, 20, "broken"],
    ["p95(latency) < 2s during stage 1", 15, 20, "ok"],
    ["p95(latency) < 2s during stage 2", 15, 20, "broken"],
    // Slow at the end of the second hold.
    ["max(latency) < 2s during hold", 29, 30, "broken"],
    ["max(latency) < 2s during ramp", 29, 30, "ok"],
    ["max(latency) < 2s during stage 3", 29, 30, "ok"],
    ["max(latency) < 2s over 5s during hold", 29, 30, "broken"],
  ])("%s, slow from %d to %d s: %s", (text, from, to, state) => {
    const { final } = tell({ thresholds: thresholds(text), seconds: 35, requests: slow(from, to), loads });
    expect(final.state).toBe(state);
  });

  it.each([
    ["max(queue_depth) < 5 during hold", 16, 19, "ok"],
    ["max(queue_depth) < 5 during ramp", 16, 19, "broken"],
    ["max(queue_depth) < 5 over 5s during hold", 16, 19, "ok"],
    ["max(queue_depth) < 5 for 2s during hold", 22, 25, "broken"],
  ])("%s, deep from %d to %d s: %s", (text, from, to, state) => {
    const { final } = tell({ thresholds: thresholds(text), seconds: 35, look: between(from, to, 9, 1), loads });
    expect(final.state).toBe(state);
  });

  it("counts no increase of a counter from one hold to the next", () => {
    const look = (second: number) => second * 10 + (second >= 16 ? 1000 : 0);
    const { final } = tell({
      thresholds: thresholds("rate(http_requests_total) < 11/s during hold"),
      seconds: 35,
      look,
      metric: "http_requests_total",
      type: "counter",
      loads,
    });
    expect(final).toMatchObject({ state: "ok", value: 10 });
  });

  it("has no answer where the load has no such part, or the window does not fit", () => {
    const story = { seconds: 35, requests: steady, loads };
    expect(tell({ ...story, thresholds: thresholds("p95(latency) < 2s during stage 4") }).final.reason).toBe(
      "the run did not come to stage 4",
    );
    expect(tell({ ...story, thresholds: thresholds("p95(latency) < 2s over 1m during hold") }).final.reason).toBe(
      "no window of 1m lay within a hold of the load",
    );
  });
});

describe("abort", () => {
  it.each([
    ["max(latency) < 2s abort", 5],
    ["max(latency) < 2s abort after 12s", 12],
    ["max(latency) < 2s after 12s abort", 12],
    ["max(latency) < 2s over 5s for 2s abort", 7],
    ["max(latency) < 2s over 1s for 2s abort", undefined],
    ["max(latency) target < 2s critical < 5s abort", undefined],
    ["max(latency) < 2s", undefined],
  ])("%s ends the load at %s s", (text, second) => {
    const [first, ...more] = thresholds(text);
    if (first === undefined || more.length > 0) throw new Error("one threshold");
    const { target: _target, ...critical } = first;
    expect(tell({ thresholds: [critical], seconds: 30, requests: slow(4, 5) }).abortedAt).toBe(second);
  });

  it.each([
    [
      "a pool that is full for 2 s",
      "max(db_pool_utilization_ratio) < 95% for 2s abort",
      "db_pool_utilization_ratio",
      1,
    ],
    ["a busy CPU", "avg(cpu_utilization_ratio) < 90% over 5s abort", "cpu_utilization_ratio", 1.2],
  ])("by the target: %s", (_what, text, metric, value) => {
    const { abortedAt, verdict } = tell({
      thresholds: thresholds(text),
      seconds: 60,
      requests: steady,
      look: between(20, 60, value, 0.3),
      metric,
    });
    expect(abortedAt).toBeGreaterThanOrEqual(22);
    expect(abortedAt).toBeLessThanOrEqual(25);
    expect(verdict).toMatchObject({ state: "failed", breaches: [expect.stringMatching(/^aborted at 2[2-5]s by /)] });
  });

  it("fails the run though the figure recovers before its end", () => {
    const errors = (second: number) => (second <= 1 ? [{ count: 1 }, { count: 1, failure: "reset" as const }] : []);
    const { final, verdict } = tell({
      thresholds: thresholds("ratio(errors) < 10% abort"),
      seconds: 30,
      requests: (second) => (second === 2 ? [{ count: 1000 }] : errors(second)),
    });
    expect(final).toMatchObject({ state: "broken", value: 0.5, abortedMs: expect.any(Number) });
    expect(verdict.state).toBe("failed");
  });
});

describe("slope and changes", () => {
  const noise = (second: number) => (((second * 2654435761) >>> 8) % 13) - 6;

  it("measures growth, and passes no limit within its confidence interval", () => {
    const story = { seconds: 600, look: (second: number) => 1e8 + second * 1000 + noise(second) * 2000 };
    const memory = (text: string) =>
      tell({ ...story, metric: "memory_used_bytes", thresholds: thresholds(text) }).final;
    expect(memory("slope(memory_used_bytes) < 3MB/h").state).toBe("broken");
    const held = memory("slope(memory_used_bytes) < 4MB/h");
    expect(held.state).toBe("ok");
    expect((held.value ?? 0) / 1000).toBeCloseTo(1, 1);
    expect(memory("slope(memory_used_bytes) < 3.6MB/h")).toMatchObject({
      state: "few_samples",
      reason: expect.stringContaining("confidence interval"),
    });
  });

  it("takes no gauge that wanders by itself for one that grows or falls", () => {
    const decided = Array.from({ length: 12 }, (_, n) => {
      const random = randomFrom(1, n);
      let value = 0;
      const look = () => {
        value = 0.95 * value + random() - 0.5;
        return 100 + value;
      };
      const limits = thresholds("slope(queue_depth) < 0/h");
      return tell({ seconds: 300, look, metric: "queue_depth", thresholds: limits }).final.state;
    }).filter((state) => state !== "few_samples");
    // Of a true slope of 0 a 95 % interval leaves the 0 out in one of twenty.
    expect(decided.length).toBeLessThanOrEqual(3);
  });

  it("measures how latency grows, warm-up left out", () => {
    const requests = (second: number) => [{ count: 20, ms: second < 20 ? 900 - second * 30 : 100 + second }];
    const story = { seconds: 300, requests, warmUpMs: 20_000 };
    const { final } = tell({ ...story, thresholds: thresholds("slope(latency) < 2s/h") });
    expect(final.state).toBe("broken");
    expect((final.value ?? 0) * 1000).toBeCloseTo(1, 1);
    expect(tell({ ...story, thresholds: thresholds("slope(latency) < 5s/h") }).final.state).toBe("ok");
  });

  it("sees a crash as a change of the start time, also across a gap", () => {
    const look = (second: number) => (second === 12 ? undefined : second < 12 ? 1000 : 1012);
    const crashed = (seconds: number) =>
      tell({
        thresholds: thresholds("changes(process_start_time_seconds) == 0"),
        seconds,
        look,
        metric: "process_start_time_seconds",
      }).final;
    expect(crashed(30)).toMatchObject({ state: "broken", value: 1 });
    expect(crashed(10)).toMatchObject({ state: "ok", value: 0 });
  });
});

describe("a threshold without an answer", () => {
  it("tells a source that was down, a label that nobody has, and a metric that nobody tells apart", () => {
    const reason = (text: string, look: Story["look"], metric?: string) =>
      tell({
        thresholds: thresholds(text),
        seconds: 20,
        requests: steady,
        ...(look === undefined ? {} : { look }),
        ...(metric === undefined ? {} : { metric }),
      }).final;
    expect(reason("max(queue_depth) < 5", () => undefined)).toMatchObject({
      state: "no_data",
      reason: "no source gave queue_depth (down: app)",
    });
    expect(reason("max(queue_depth) < 5", (second) => (second % 4 === 0 ? undefined : 1))).toMatchObject({
      state: "few_samples",
      reason: "source app did not answer 6 of 21 times",
    });
    expect(reason("max(queue_unacked) < 5", () => 1).reason).toBe(
      "no source gave queue_unacked (every source answered, none has it: is it among what watch: asks for?)",
    );
    expect(reason("max(db_pool_connections) < 5", () => 1, "db_pool_connections_max").reason).toContain(
      "did you mean db_pool_connections_max?",
    );
    expect(reason('max(queue_depth{source="ap"}) < 5', () => 1).reason).toContain('did you mean source="app"?');
    expect(reason('max(queue_depth{queue="mail"}) < 5', () => 1).reason).toContain("have no label queue");
    expect(reason("max(queue_depth) < 5", undefined).reason).toContain("is it among what watch: asks for?");
  });
});
