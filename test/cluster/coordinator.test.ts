import { describe, expect, it } from "vitest";
import { Coordinator } from "../../src/cluster/coordinator.ts";
import type { FromWorker, LinkListener, ToWorker } from "../../src/cluster/protocol.ts";
import { Threads } from "../../src/cluster/thread-link.ts";
import { scaled } from "../../src/load/scale.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { monotonicMs } from "../../src/metrics/clock.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { requestCount, type Snapshot } from "../../src/metrics/snapshot.ts";
import { plan } from "../runs/example-run.ts";

/** Workers in the hand of the test: it says what they say, and sees what they are told. */
function hands() {
  const told = new Map<string, ToWorker[]>();
  const lost: [worker: string, reason: string, replacedBy: string | undefined][] = [];
  let listener: LinkListener | undefined;
  const coordinator = new Coordinator(
    (worker, to) => {
      listener = to;
      told.set(worker, []);
      return { worker, send: (message) => told.get(worker)?.push(message), close: async () => {} };
    },
    { snapshot() {}, spans() {}, lost: (...loss) => lost.push(loss) },
  );
  const say = (worker: string, message: FromWorker) => listener?.message(worker, message);
  const gone = (worker: string, reason = "its thread ended") => listener?.gone(worker, reason);
  return { coordinator, told, lost, say, gone };
}

function snapshot(worker: string, requests: number): Snapshot {
  const aggregator = new Aggregator(worker, new ClassicBounds(plan.bounds));
  const series = aggregator.series({ user: "U", task: "T", request: "/", method: "GET" });
  for (let i = 0; i < requests; i++) {
    aggregator.add({ series, intendedAt: 0, startedAt: 0, endedAt: 1, status: 200, bytesIn: 0, bytesOut: 0 });
  }
  aggregator.counter("plimsoll_iterations_total", { outcome: "success" }).add(requests);
  aggregator.gauge("plimsoll_users").set(5);
  return aggregator.snapshot(0, true);
}

const requests = (total: Snapshot) => total.series.reduce((sum, one) => sum + requestCount(one), 0);
const says = (worker: string, count: number): FromWorker => ({
  kind: "snapshot",
  snapshot: snapshot(worker, count),
  spans: [],
  spansDropped: 0,
  spansUnsampled: 0,
});

const provisions = { feeds: [], variables: [] };

describe("the coordinator", () => {
  it("gives each worker its share when all are ready, and ends when all are done", async () => {
    const { coordinator, told, say } = hands();
    coordinator.open(2);
    const prepared = coordinator.prepare(plan, provisions);
    say("0", { kind: "ready" });
    say("1", { kind: "ready" });
    await prepared;
    coordinator.start({ originMs: monotonicMs(), startedAt: plan.startedAt });
    for (const index of [0, 1]) {
      expect(told.get(String(index))).toMatchObject([
        { kind: "prepare", plan, share: { index, of: 2 } },
        { kind: "start", startedAt: plan.startedAt, resume: { fromMs: 0, iterations: 0 } },
      ]);
    }
    say("0", says("0", 3));
    say("1", says("1", 4));
    say("0", { kind: "done" });
    say("1", { kind: "done" });
    await coordinator.done;
    expect(requests(coordinator.total(0))).toBe(7);
    expect(coordinator.total(0).gauges).toMatchObject({ plimsoll_users: 10 });
  });

  it("replaces a lost worker: its share moves, what it counted stays, what was due before is not done again", async () => {
    const { coordinator, told, lost, say, gone } = hands();
    coordinator.open(2);
    const prepared = coordinator.prepare(plan, provisions);
    say("0", { kind: "ready" });
    say("1", { kind: "ready" });
    await prepared;
    coordinator.start({ originMs: monotonicMs() - 7000, startedAt: plan.startedAt });
    say("0", says("0", 3));
    say("1", says("1", 4));
    gone("1", "out of memory");
    expect(lost).toEqual([["1", "out of memory", "2"]]);
    expect(coordinator.total(0).gauges).toMatchObject({ plimsoll_users: 5, 'plimsoll_worker_up{worker="1"}': 0 });
    say("2", { kind: "ready" });
    const [prepare, start] = told.get("2") ?? [];
    expect(prepare).toMatchObject({ kind: "prepare", share: { index: 1, of: 2 } });
    expect(start).toMatchObject({ kind: "start", resume: { iterations: 4 } });
    expect(start?.kind === "start" && start.resume.fromMs).toBeGreaterThanOrEqual(7000);
    say("2", says("2", 10));
    say("2", { kind: "done" });
    say("0", { kind: "done" });
    await coordinator.done;
    expect(requests(coordinator.total(0))).toBe(17);
  });

  it("tells all workers of a load that was changed, and one that takes a share up later", async () => {
    const { coordinator, told, say, gone } = hands();
    coordinator.open(2);
    const prepared = coordinator.prepare(plan, provisions);
    say("0", { kind: "ready" });
    say("1", { kind: "ready" });
    await prepared;
    coordinator.start({ originMs: monotonicMs(), startedAt: plan.startedAt });
    const loads = scaled(plan.loads, 20_000, { kind: "users", users: 7 }) ?? [];
    coordinator.follow(loads);
    for (const worker of ["0", "1"]) expect(told.get(worker)?.at(-1)).toEqual({ kind: "follow", loads });
    gone("1");
    say("2", { kind: "ready" });
    expect(told.get("2")?.map(({ kind }) => kind)).toEqual(["prepare", "start", "follow"]);
    expect(told.get("2")?.at(-1)).toEqual({ kind: "follow", loads });
  });

  it("gives up on a share whose workers die again and again, and the run still ends", async () => {
    const { coordinator, lost, say, gone } = hands();
    coordinator.open(1);
    const prepared = coordinator.prepare(plan, provisions);
    say("0", { kind: "ready" });
    await prepared;
    coordinator.start({ originMs: monotonicMs(), startedAt: plan.startedAt });
    for (let worker = 0; worker < 6; worker++) {
      say(String(worker), { kind: "ready" });
      gone(String(worker));
    }
    await coordinator.done;
    expect(lost.map(([, , replacedBy]) => replacedBy)).toEqual(["1", "2", "3", "4", "5", undefined]);
  });

  it("hears of a real thread that is ended", async () => {
    const gone = Promise.withResolvers<string>();
    const ready = Promise.withResolvers<void>();
    const link = new Threads().open("0", {
      message: (_, { kind }) => kind === "ready" && ready.resolve(),
      gone: (_, reason) => gone.resolve(reason),
    });
    link.send({ kind: "prepare", plan, provisions, share: { index: 0, of: 1 } });
    await ready.promise;
    await link.close();
    expect(await gone.promise).toBe("its thread ended");
  });
});
