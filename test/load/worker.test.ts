import { describe, expect, it } from "vitest";
import type { Request } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { type ModelledAnswer, ModelledClient } from "../../src/client/modelled.ts";
import type { Share } from "../../src/load/share.ts";
import { GRACE_MS, Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds, type HistogramData, quantile } from "../../src/metrics/histogram.ts";
import { requestCount, type Snapshot, SnapshotSum } from "../../src/metrics/snapshot.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";
import type { Load, Plan, Stage, Task, UserClass } from "../../src/scenario/plan.ts";
import type { RequestStep } from "../../src/scenario/plan-request.ts";
import { VirtualClock } from "../virtual-clock.ts";

function step(path: string, more: Partial<RequestStep> = {}): RequestStep {
  return {
    kind: "request",
    name: path,
    method: "GET",
    url: `http://target${path}`,
    headers: [],
    expect: { status: [], json: [], body: [] },
    captures: [],
    deadlineMs: 60_000,
    ...more,
  };
}

function task(path: string, weight = 1, steps = [step(path)]): Task {
  return { kind: "steps", name: path, weight, steps };
}

function userClass(more: Partial<UserClass> = {}): UserClass {
  return {
    name: "U",
    weight: 1,
    wait: { kind: "uniform", minMs: 1000, maxMs: 1000 },
    tasks: [task("/a")],
    start: [],
    stop: [],
    ...more,
  };
}

function planOf(load: Stage[] | Load, classes: UserClass[]): Plan {
  return {
    runId: "r",
    version: "0",
    scenario: "s",
    profile: "p",
    target: "target",
    startedAt: 0,
    seed: 1,
    loads: [{ load: Array.isArray(load) ? { kind: "users", stages: load } : load, classes, startMs: 0 }],
    warmUpMs: 0,
    http: { version2: false, timings: "whole" },
    thresholds: [],
    sources: [],
    bounds: [...defaultBounds],
    labels: {},
  };
}

/** A run of one worker or several on one virtual clock, against a service in closed form. */
function start(plan: Plan, model: (request: Request, now: number) => ModelledAnswer, of = 1, real = false) {
  const clock = new VirtualClock();
  const sent: { at: number; request: Request }[] = [];
  const modelled = new ModelledClient(clock, (request, now) => {
    sent.push({ at: now, request });
    return model(request, now);
  });
  const client = real ? new HttpClient(clock) : modelled;
  const workers = Array.from({ length: of }, (_, index) => {
    const share: Share = { index, of };
    const aggregator = new Aggregator(String(index), new ClassicBounds(plan.bounds));
    const secret = (name: string) => `value of ${name}`;
    const worker = new Worker({
      plan,
      share,
      clock,
      client,
      aggregator,
      tracer: undefined,
      secret,
      wallAt: (ms) => ms,
    });
    return { worker, aggregator };
  });
  let ended = false;
  const end = Promise.all(workers.map(({ worker }) => worker.run())).then(() => {
    ended = true;
  });
  const total = (): Snapshot => {
    const sum = new SnapshotSum();
    for (const { aggregator } of workers) sum.take(aggregator.snapshot(clock.now(), true));
    return sum.total(clock.now());
  };
  return { clock, client, sent, workers, end, total, hasEnded: () => ended };
}

const requests = (snapshot: Snapshot) => snapshot.series.reduce((sum, one) => sum + requestCount(one), 0);
const answer = (afterMs: number): ModelledAnswer => ({ afterMs, status: 200, body: "{}" });
const steady = (users: number, forMs: number): Stage[] => [{ users, overMs: 0, forMs }];

describe("a worker", () => {
  it("runs a soak of 40 users for half an hour of virtual time, with the throughput that Little's law gives", async () => {
    const run = start(planOf(steady(40, 1_800_000), [userClass()]), () => answer(250));
    await run.clock.advance(1_800_250);
    expect(run.hasEnded()).toBe(true);
    // Each user's cycle is 1 s of wait and 250 ms of service: 40 users / 1.25 s for 1,800 s.
    expect(requests(run.total())).toBe((40 * 1800) / 1.25);
    const p99 = quantile(run.total().series[0]?.success.response as never, 0.99) as number;
    expect(p99).toBeCloseTo(0.25, 9);
  }, 60_000);

  it("makes the same load whatever the number of workers", async () => {
    const classes = [
      userClass({
        weight: 3,
        wait: { kind: "uniform", minMs: 200, maxMs: 900 },
        tasks: [task("/a", 3), task("/b", 1)],
      }),
      userClass({ name: "V", wait: { kind: "uniform", minMs: 100, maxMs: 100 }, tasks: [task("/v")] }),
    ];
    const stages = [
      { users: 20, overMs: 5000, forMs: 5000 },
      { users: 5, overMs: 2000, forMs: 3000 },
    ];
    const schedules = [];
    for (const of of [1, 2, 3]) {
      const run = start(planOf(stages, classes), ({ path }) => answer(path === "/a" ? 30 : 70), of);
      await run.clock.advance(16_000);
      expect(run.hasEnded()).toBe(true);
      schedules.push(run.sent.map(({ at, request }) => `${at.toFixed(6)} ${request.path}`).toSorted());
    }
    expect(schedules[0]?.length).toBeGreaterThan(300);
    expect(schedules[1]).toEqual(schedules[0]);
    expect(schedules[2]).toEqual(schedules[0]);
  });

  it("chooses tasks by their weights", async () => {
    const tasks = [task("/a", 10), task("/b", 5), task("/c", 1)];
    const run = start(
      planOf(steady(50, 100_000), [userClass({ tasks, wait: { kind: "uniform", minMs: 50, maxMs: 50 } })]),
      () => answer(0),
    );
    await run.clock.advance(100_001);
    const count = (path: string) => run.sent.filter(({ request }) => request.path === path).length;
    const all = run.sent.length;
    for (const [path, share] of [
      ["/a", 10 / 16],
      ["/b", 5 / 16],
      ["/c", 1 / 16],
    ] as const) {
      // Five standard deviations of the binomial distribution.
      expect(Math.abs(count(path) - all * share)).toBeLessThan(5 * Math.sqrt(all * share * (1 - share)));
    }
  });

  it("runs start steps once for each user and fills in what they captured", async () => {
    const login = step("/login", { method: "POST", captures: [{ variable: "token", path: "$.token" }] });
    const call = step("/a", { headers: [["authorization", ["Bearer ", { kind: "variable", path: ["token"] }]]] });
    const classes = [userClass({ start: [login], tasks: [task("/a", 1, [call])] })];
    let logins = 0;
    const run = start(planOf(steady(3, 5000), classes), ({ path }) => ({
      afterMs: 10,
      status: 200,
      body: JSON.stringify(path === "/login" ? { token: `t${logins++}` } : {}),
    }));
    await run.clock.advance(6000);
    expect(logins).toBe(3);
    const tokens = run.sent.filter(({ request }) => request.path === "/a").map(({ request }) => request.headers.at(-1));
    expect(new Set(tokens)).toEqual(new Set(["Bearer t0", "Bearer t1", "Bearer t2"]));
    expect(run.total().counters['plimsoll_iterations_total{outcome="success"}']).toBe(tokens.length);
  });

  it("ends a task at its first failed step, and tells what was expected", async () => {
    const steps = [
      step("/a", {
        expect: { status: [200], json: [{ path: "$.n", check: { kind: "min", value: 5 } }], body: [] },
      }),
      step("/b"),
    ];
    const run = start(planOf(steady(1, 2500), [userClass({ tasks: [task("t", 1, steps)] })]), () => ({
      afterMs: 1,
      status: 200,
      body: '{"n":4}',
    }));
    await run.clock.advance(3000);
    expect(new Set(run.sent.map(({ request }) => request.path))).toEqual(new Set(["/a"]));
    const [series] = run.total().series;
    expect(series?.errors).toEqual({ assertion: run.sent.length });
    expect(series?.details[0]?.detail).toBe("expected $.n to be at least 5, got 4");
    expect(run.total().counters['plimsoll_iterations_total{outcome="failure"}']).toBe(run.sent.length);
  });

  it("backs off when nothing can be sent, and counts it as failed", async () => {
    const broken = step("/a", { url: ["http://target/", { kind: "variable", path: ["id"] }] });
    const classes = [userClass({ wait: { kind: "uniform", minMs: 0, maxMs: 0 }, tasks: [task("t", 1, [broken])] })];
    const run = start(planOf(steady(1, 10_000), classes), () => answer(1));
    await run.clock.advance(10_001);
    expect(run.sent).toEqual([]);
    expect(requests(run.total())).toBe(10);
    expect(run.total().series[0]?.details[0]?.detail).toContain("not sent: {{ id }} has no value");
  });

  it("backs off when undici refuses to send, as it ends the request at once", async () => {
    const broken = step("/a", { headers: [["x", "a\r\nb: c"]] });
    const classes = [userClass({ wait: { kind: "uniform", minMs: 0, maxMs: 0 }, tasks: [task("t", 1, [broken])] })];
    const run = start(planOf(steady(1, 10_000), classes), () => answer(1), 1, true);
    await run.clock.advance(10_001);
    expect(run.hasEnded()).toBe(true);
    expect(requests(run.total())).toBe(10);
  });

  it("keeps its pace when requests fail at once: only what cannot be made backs off", async () => {
    const classes = [userClass({ wait: { kind: "uniform", minMs: 100, maxMs: 100 } })];
    const run = start(planOf(steady(1, 10_000), classes), () => ({ afterMs: 0, status: 500 }));
    await run.clock.advance(10_001);
    expect(run.sent).toHaveLength(100);
  });

  it("on stop lets what is under way finish, and begins nothing more", async () => {
    const run = start(planOf(steady(4, 60_000), [userClass()]), () => answer(5000));
    await run.clock.advance(1000);
    run.workers[0]?.worker.stop();
    await run.clock.advance(3999);
    expect(run.hasEnded()).toBe(false);
    await run.clock.advance(1);
    expect(run.hasEnded()).toBe(true);
    expect(run.total()).toMatchObject({ gauges: { plimsoll_users: 0 } });
    expect(run.total().series[0]?.errors).toEqual({});
    expect(requests(run.total())).toBe(4);
  });

  it("aborts what does not finish within its grace, or at once when told so", async () => {
    for (const abort of [false, true]) {
      const run = start(planOf(steady(2, 1000), [userClass()]), () => ({ afterMs: 1e9 }));
      await run.clock.advance(1000);
      if (abort) run.workers[0]?.worker.abort();
      await run.clock.advance(abort ? 0 : GRACE_MS);
      expect(run.hasEnded()).toBe(true);
      expect(run.total().series[0]?.errors).toEqual({ aborted: 2 });
      expect(run.clock.pending).toBe(0);
    }
  });
});

describe("the open model", () => {
  const arrivals = (more: Partial<Extract<Load, { kind: "arrivals" }>> = {}): Load => ({
    kind: "arrivals",
    stages: [{ perSecond: 100, overMs: 0, forMs: 10_000 }],
    maxUsers: 500,
    spacing: "constant",
    ...more,
  });

  it("sends what was planned or counts it as dropped, and a stall shows in the response times in closed form", async () => {
    // 100/s for 10 s; nothing answers from second 4 to 6.
    for (const of of [1, 2, 3]) {
      const stall = (_: Request, now: number) => answer(now >= 4000 && now < 6000 ? 6000 - now : 0);
      const run = start(planOf(arrivals(), [userClass()]), stall, of);
      await run.clock.advance(10_001);
      expect(run.hasEnded()).toBe(true);
      expect(run.sent).toHaveLength(1000);
      const perSecond = Array.from({ length: 10 }, (_, s) =>
        run.sent.filter(({ at }) => Math.floor(at / 1000 + 1e-9) === s),
      );
      expect(perSecond.map((list) => list.length)).toEqual(new Array(10).fill(100));
      // A fifth of all wait, evenly between 0 and 2 s: the q-quantile is 2 s · (q − 0.8) / 0.2.
      const response = run.total().series[0]?.success.response as HistogramData;
      expect(quantile(response, 0.9)).toBeCloseTo(1, 1);
      expect(Math.abs((quantile(response, 0.99) as number) - 1.9) / 1.9).toBeLessThan(0.02);
    }
  });

  it("drops arrivals that find all users busy, and sent + dropped is the plan, for any number of workers", async () => {
    for (const of of [1, 2, 3]) {
      const run = start(planOf(arrivals({ maxUsers: 7 }), [userClass()]), () => answer(250), of);
      await run.clock.advance(10_251);
      expect(run.hasEnded()).toBe(true);
      const dropped = run.total().counters['plimsoll_dropped_iterations_total{reason="no_free_user"}'] as number;
      expect(run.sent.length + dropped).toBe(1000);
      // Seven users of 250 ms carry 28 a second.
      expect(run.sent.length).toBeGreaterThan(250);
      expect(run.sent.length).toBeLessThan(290);
      expect(run.total().gauges).toMatchObject({ plimsoll_users: 0 });
    }
  });

  it("counts an iteration's delay from its schedule, and its later requests from when they could start", async () => {
    const steps = [step("/first"), step("/second")];
    const run = start(planOf(arrivals(), [userClass({ tasks: [task("t", 1, steps)] })]), () => answer(10));
    await run.clock.advance(5000);
    for (const { request, at } of run.sent) expect(request.intendedAt).toBe(at);
  });

  it("takes each arrival's class by weight, whatever users happen to be free", async () => {
    const classes = [userClass({ weight: 3, tasks: [task("/a")] }), userClass({ name: "V", tasks: [task("/b")] })];
    const run = start(planOf(arrivals({ maxUsers: 3 }), classes), () => answer(1));
    await run.clock.advance(10_001);
    expect(run.sent.filter(({ request }) => request.path === "/b")).toHaveLength(250);
    expect(run.sent).toHaveLength(1000);
  });

  it("runs the start steps once a pooled user", async () => {
    const classes = [userClass({ start: [step("/login")] })];
    const run = start(planOf(arrivals({ maxUsers: 50 }), classes), () => answer(45));
    await run.clock.advance(11_000);
    const logins = run.sent.filter(({ request }) => request.path === "/login").length;
    expect(logins).toBeGreaterThan(4);
    expect(logins).toBeLessThan(15);
    expect(run.sent.length - logins).toBe(1000);
  });
});

describe("pace and iterations", () => {
  it("a paced user is due at fixed times, and a slow answer makes the next ones late, not fewer", async () => {
    const classes = [userClass({ wait: { kind: "pace", everyMs: 1000 } })];
    const slow = (_: Request, now: number) => answer(now === 2000 ? 3500 : 10);
    const run = start(planOf(steady(1, 10_000), classes), slow);
    await run.clock.advance(10_001);
    expect(run.sent.map(({ request }) => request.intendedAt)).toEqual([
      0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000,
    ]);
    const late = run.sent.map(({ at, request }) => at - request.intendedAt);
    expect(late).toEqual([0, 0, 0, 2500, 1510, 520, 0, 0, 0, 0]);
  });

  it.each([1, 2, 3])("%i workers run exactly the iterations that were asked for", async (of) => {
    const load = { kind: "iterations", users: 4, iterations: 101, per: "run", maxMs: 600_000 } as const;
    const shared = start(planOf(load, [userClass()]), () => answer(5), of);
    await shared.clock.advance(600_000);
    expect(shared.hasEnded()).toBe(true);
    expect(shared.sent).toHaveLength(101);
    const each = start(planOf({ ...load, iterations: 5, per: "user" }, [userClass()]), () => answer(5), of);
    await each.clock.advance(60_000);
    expect(each.hasEnded()).toBe(true);
    expect(each.sent).toHaveLength(20);
  });

  it("end when their time is over", async () => {
    const load = { kind: "iterations", users: 1, iterations: 1000, per: "run", maxMs: 5000 } as const;
    const run = start(planOf(load, [userClass()]), () => answer(0));
    await run.clock.advance(5001);
    expect(run.hasEnded()).toBe(true);
    expect(run.sent).toHaveLength(5);
  });
});

it("several loads run at once, each from its own start", async () => {
  const plan = planOf(steady(2, 10_000), [userClass({ tasks: [task("/users")] })]);
  plan.loads.push({
    load: { kind: "arrivals", stages: [{ perSecond: 10, overMs: 0, forMs: 5000 }], maxUsers: 10, spacing: "constant" },
    classes: [userClass({ name: "V", tasks: [task("/arrivals")] })],
    startMs: 3000,
  });
  const run = start(plan, () => answer(0));
  await run.clock.advance(10_001);
  expect(run.hasEnded()).toBe(true);
  const times = run.sent.filter(({ request }) => request.path === "/arrivals").map(({ at }) => at);
  expect(times).toHaveLength(50);
  expect([times[0], times.at(-1)]).toEqual([3000, 7900]);
  expect(run.sent.filter(({ request }) => request.path === "/users")).toHaveLength(20);
});
