import { describe, expect, it } from "vitest";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import type { RunEvent } from "../../src/runs/sink.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { LocustConsole } from "../../src/sinks/locust-console.ts";
import { LocustJson } from "../../src/sinks/locust-json.ts";
import { ExampleWorker, plan } from "../runs/example-run.ts";
import { describeSink } from "./conformance.ts";

function makeConsole(options: { liveTable?: boolean; columns?: number; resetAtMs?: number } = {}) {
  let text = "";
  const said: string[] = [];
  const { columns } = options;
  const out = { write: (more: string) => (text += more), ...(columns === undefined ? {} : { isTTY: true, columns }) };
  const sink = new LocustConsole(out, {
    liveTable: options.liveTable ?? true,
    log: (level, part, message) => said.push(`${level} ${part}: ${message}`),
    classCounts: (load, n) => ({ [load.classes[0]?.name ?? ""]: n }),
    resetAtMs: options.resetAtMs,
  });
  return { sink, said, text: () => text };
}

describeSink("Locust's console", () => {
  const { sink, text } = makeConsole({ liveTable: false });
  return {
    sink,
    counted: () => {
      sink.finish();
      return text();
    },
  };
});

describeSink("Locust's JSON", () => {
  const sink = new LocustJson();
  const whenUnknown = { num_reqs_per_sec: 0, num_fail_per_sec: 0, last_request_timestamp: 0 };
  return {
    sink,
    // In which second a request is counted depends on the ticks that were told.
    counted: () => (JSON.parse(sink.text()) as object[]).map((one) => ({ ...one, ...whenUnknown })),
  };
});

/** So many users a second, each with one request of 20 ms; every tenth second one that fails. */
function play(sink: LocustConsole | LocustJson, about: Plan, users: (second: number) => number, seconds: number) {
  const worker = new ExampleWorker("0");
  const sum = new SnapshotSum();
  sink.start(about);
  for (let second = 1; second <= seconds; second++) {
    const at = second * 1000;
    for (let i = 0; i < users(second); i++) worker.request("hello", at, 20);
    if (second % 10 === 5)
      worker.request("hello", at, 117, { failure: { kind: "status", detail: "Service Unavailable" } });
    worker.gauges(users(second));
    sum.take(worker.snapshot(at));
    sink.write({ snapshot: sum.total(at), observations: [], events: [], thresholds: [] });
  }
}

const ramp: Plan = {
  ...plan,
  loads: plan.loads.map((load) => ({
    ...load,
    load: { kind: "users", stages: [{ users: 10, overMs: 2000, forMs: 4000 }] },
  })),
};

describe("the console", () => {
  it("says the lines that scripts look for", () => {
    const { sink, said } = makeConsole();
    play(sink, ramp, (second) => Math.min(10, second * 5), 6);
    expect(said).toEqual([
      "INFO main: Run time limit set to 6 seconds",
      "INFO runner: Ramping to 10 users at a rate of 5.00 per second",
      'INFO runner: All users spawned: {"Shopper": 10} (10 total users)',
    ]);
  });

  it("says when users go, and when their number was changed", () => {
    const { sink, said } = makeConsole();
    play(sink, plan, (second) => Math.min(100, second * 10), 12);
    sink.scaled(plan, 30, 100);
    const worker = new ExampleWorker("0");
    const sum = new SnapshotSum();
    for (const [at, users] of [
      [13_000, 60],
      [14_000, 30],
    ] as const) {
      worker.gauges(users);
      sum.take(worker.snapshot(at));
      const event: RunEvent = { at, kind: "scale", message: "The load was changed." };
      sink.write({ snapshot: sum.total(at), observations: [], events: [event], thresholds: [] });
    }
    expect(said.slice(-2)).toEqual([
      "INFO runner: Ramping to 30 users at a rate of 100.00 per second",
      'INFO runner: All users spawned: {"Shopper": 30} (30 total users)',
    ]);
  });

  it("warns once when a worker is busy, as Locust words it", () => {
    const { sink, said } = makeConsole();
    sink.start(ramp);
    for (const at of [1000, 2000]) {
      const gauges = { 'plimsoll_eventloop_utilization_ratio{worker="0"}': 0.95 };
      const snapshot = { ...new SnapshotSum().total(at), gauges };
      sink.write({ snapshot, observations: [], events: [], thresholds: [] });
    }
    expect(said.filter((line) => line.includes("CPU usage above 90%!"))).toHaveLength(1);
  });

  it("prints Locust's tables: each two seconds of the last ones, at the end of all", async () => {
    const { sink, text } = makeConsole({ columns: 123 });
    play(sink, ramp, () => 5, 6);
    const live = text();
    sink.finish();
    await expect(`${live}=== the end ===\n${text().slice(live.length)}`).toMatchFileSnapshot(
      "../golden/locust-console.txt",
    );
  });

  it("gives names the room that the terminal has, at least what Locust's columns need", () => {
    const header = (columns?: number) => {
      const { sink, text } = makeConsole(columns === undefined ? {} : { columns });
      sink.finish();
      return text().split("\n")[0];
    };
    const columns = (width: number) =>
      `Type     ${"Name".padEnd(width)}  # reqs      # fails |    Avg     Min     Max    Med |   req/s  failures/s`;
    expect(header()).toBe(columns(76));
    expect(header(123)).toBe(columns(39));
    expect(header(300)).toBe(columns(76));
    expect(header(60)).toBe(columns(4));
  });

  it("counts from when all users were there, if asked to", () => {
    const { sink, said, text } = makeConsole({ liveTable: false, resetAtMs: 2000 });
    play(sink, ramp, () => 5, 6);
    sink.finish();
    expect(said).toContain("INFO runner: Resetting stats");
    expect(text()).toMatch(/GET +\/api\/hello +21 +1\(4\.76%\) .* 5\.25 +0\.25$/m);
  });
});

describe("JSON", () => {
  it("has Locust's fields, counts by second among them", () => {
    const sink = new LocustJson();
    play(sink, ramp, () => 5, 6);
    const start = plan.startedAt / 1000;
    expect(JSON.parse(sink.text())).toEqual([
      {
        name: "/api/hello",
        method: "GET",
        last_request_timestamp: start + 6,
        start_time: start,
        num_requests: 31,
        num_none_requests: 0,
        num_failures: 1,
        total_response_time: expect.closeTo(30 * 20 + 117, 3),
        max_response_time: expect.closeTo(117, 3),
        min_response_time: expect.closeTo(20, 3),
        total_content_length: 31 * 512,
        response_times: { 20: 30, 120: 1 },
        num_reqs_per_sec: {
          [start]: 5,
          [start + 1]: 5,
          [start + 2]: 5,
          [start + 3]: 5,
          [start + 4]: 6,
          [start + 5]: 5,
        },
        num_fail_per_sec: { [start + 4]: 1 },
      },
    ]);
  });

  it("counts from when it was reset", () => {
    const sink = new LocustJson(2000);
    play(sink, ramp, () => 5, 6);
    const start = plan.startedAt / 1000 + 2;
    expect(JSON.parse(sink.text())).toMatchObject([
      { start_time: start, num_requests: 21, num_reqs_per_sec: { [start]: 5 } },
    ]);
  });
});
