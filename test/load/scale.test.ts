import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelledClient } from "../../src/client/modelled.ts";
import { levelsAt, scaled, type Wanted } from "../../src/load/scale.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import {
  lengthOf,
  type PlannedLoad,
  type RateStage,
  type Stage,
  type Step,
  type UserClass,
} from "../../src/scenario/plan.ts";
import { plan } from "../runs/example-run.ts";
import { VirtualClock } from "../virtual-clock.ts";

const look: Step = {
  kind: "request",
  name: "/",
  method: "GET",
  url: "http://target/",
  headers: [],
  expect: { status: [], json: [], body: [] },
  captures: [],
  deadlineMs: 60_000,
};
const classes: UserClass[] = [
  {
    name: "Visitor",
    weight: 1,
    wait: { kind: "uniform", minMs: 700, maxMs: 700 },
    tasks: [{ kind: "steps", name: "Look", weight: 1, steps: [look] }],
    start: [],
    stop: [],
  },
];

const usersLoad = (stages: Stage[], startMs = 0): PlannedLoad => ({
  load: { kind: "users", stages },
  classes,
  startMs,
});
const arrivalsLoad = (stages: RateStage[], spacing: "constant" | "poisson" = "constant"): PlannedLoad => ({
  load: { kind: "arrivals", stages, maxUsers: 500, spacing },
  classes,
  startMs: 0,
});

interface Change {
  at: number;
  wanted: Wanted;
}

/**
 * A run of so many workers, changed on the way; each hears of a change 20 ms after the one before it, ahead of its moment.
 * Gives the times of all requests, and how many users there were each 100 ms.
 */
async function run(loads: PlannedLoad[], of: number, changes: Change[]) {
  const clock = new VirtualClock();
  const sent: number[] = [];
  const client = new ModelledClient(clock, (_request, now) => {
    sent.push(now);
    return { afterMs: 50, status: 200 };
  });
  const parts = Array.from({ length: of }, (_, index) => {
    const aggregator = new Aggregator(String(index), new ClassicBounds(plan.bounds));
    const common = { clock, client, aggregator, tracer: undefined, secret: () => "", wallAt: (ms: number) => ms };
    return { aggregator, worker: new Worker({ plan: { ...plan, loads }, share: { index, of }, ...common }) };
  });
  let ended = false;
  void Promise.all(parts.map(({ worker }) => worker.run())).then(() => {
    ended = true;
  });
  let current = loads;
  for (const { at, wanted } of changes) {
    const next = scaled(current, at, wanted);
    if (next === undefined) throw new Error("expected a load to change");
    current = next;
    for (const [i, { worker }] of parts.entries()) clock.at(at - 100 + 20 * i, () => worker.follow(next));
  }
  const users: number[] = [];
  const gauge = () =>
    parts.reduce((sum, { aggregator }) => sum + (aggregator.snapshot(0).gauges["plimsoll_users"] ?? 0), 0);
  for (let elapsed = 0; !ended && elapsed < 600; elapsed++) {
    await clock.advance(100);
    users.push(gauge());
  }
  return { sent: sent.map((at) => at.toFixed(4)).toSorted(), users, ended };
}

describe("a load that is changed while it runs", () => {
  it("has the users that were asked for from then on, and ends when it would have", async () => {
    const loads = [usersLoad([{ users: 10, overMs: 1000, forMs: 9000 }])];
    const { users, ended } = await run(loads, 1, [
      { at: 3000, wanted: { kind: "users", users: 40 } },
      { at: 5000, wanted: { kind: "users", users: 20, spawnRate: 10 } },
      { at: 8000, wanted: { kind: "users", users: 0 } },
    ]);
    const at = (ms: number) => users[ms / 100 - 1];
    expect([1500, 2900, 3100, 4900, 6000, 7100, 7900].map(at)).toEqual([10, 10, 40, 40, expect.anything(), 20, 20]);
    // A user that waits goes at once, one that has sent something when it is answered.
    expect(at(6000)).toBeGreaterThanOrEqual(30);
    expect(at(6000)).toBeLessThanOrEqual(31);
    expect(at(8100)).toBe(0);
    expect(ended).toBe(true);
    expect(users.length).toBeLessThanOrEqual(102);
  });

  it("has the rate that was asked for from then on, exactly", async () => {
    const loads = [arrivalsLoad([{ perSecond: 100, overMs: 0, forMs: 10_000 }])];
    const changes: Change[] = [
      { at: 2000, wanted: { kind: "arrivals", perSecond: 400 } },
      { at: 5000, wanted: { kind: "arrivals", perSecond: 0 } },
      { at: 9000, wanted: { kind: "arrivals", perSecond: 50 } },
    ];
    const times = (await run(loads, 1, changes)).sent.map(Number);
    const between = (from: number, to: number) => times.filter((at) => at >= from - 1e-3 && at < to - 1e-3).length;
    expect([between(0, 2000), between(2000, 5000), between(5000, 9000), between(9000, 10_000)]).toEqual([
      200, 1200, 0, 50,
    ]);
  });

  const usersStages = fc.array(
    fc.record({ users: fc.nat(30), overMs: fc.nat(4000), forMs: fc.integer({ min: 500, max: 4000 }) }),
    { minLength: 1, maxLength: 3 },
  );
  const rateStages = fc.array(
    fc.record({
      perSecond: fc.integer({ min: 1, max: 40 }),
      overMs: fc.nat(4000),
      forMs: fc.integer({ min: 500, max: 4000 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const change = fc.record({
    after: fc.integer({ min: 100, max: 3000 }),
    to: fc.nat(40),
    spawnRate: fc.option(fc.integer({ min: 1, max: 50 })),
  });

  it("is the same for any number of workers, before and after each change", async () => {
    const load = fc.oneof(
      usersStages.map((stages) => usersLoad(stages)),
      fc
        .tuple(rateStages, fc.constantFrom("constant", "poisson"))
        .map(([stages, spacing]) => arrivalsLoad(stages, spacing)),
    );
    await fc.assert(
      fc.asyncProperty(
        load,
        fc.array(change, { maxLength: 3 }),
        fc.integer({ min: 2, max: 4 }),
        async (planned, list, of) => {
          let at = 0;
          const changes = list.flatMap(({ after, to, spawnRate }): Change[] => {
            at += after;
            if (at >= lengthOf(planned.load)) return [];
            const users = { kind: "users", users: to, spawnRate: spawnRate ?? undefined } as const;
            return [{ at, wanted: planned.load.kind === "users" ? users : { kind: "arrivals", perSecond: to } }];
          });
          const [one, many] = [await run([planned], 1, changes), await run([planned], of, changes)];
          expect(many.ended && one.ended).toBe(true);
          // A pool of several workers may have to make more users than one of one.
          if (planned.load.kind === "users") expect(many.users).toEqual(one.users);
          expect(many.sent).toEqual(one.sent);
        },
      ),
      { numRuns: 60, verbose: true },
    );
  }, 60_000);

  it("is shared by its loads as they shared it before, in whole users, and keeps its length", () => {
    fc.assert(
      fc.property(
        fc.array(usersStages, { minLength: 1, maxLength: 4 }),
        fc.nat(3000),
        fc.nat(500),
        (all, at, users) => {
          const loads = [
            ...all.map((stages) => usersLoad(stages)),
            arrivalsLoad([{ perSecond: 5, overMs: 0, forMs: 9000 }]),
          ];
          const going = loads.filter(({ load }) => load.kind === "users" && lengthOf(load) > at);
          const changed = scaled(loads, at, { kind: "users", users });
          expect(changed === undefined).toBe(going.length === 0);
          if (changed === undefined) return;
          expect(levelsAt(changed, at)).toEqual({ users, perSecond: 5 });
          for (const [i, { load }] of changed.entries()) {
            expect(lengthOf(load)).toBeCloseTo(lengthOf((loads[i] as PlannedLoad).load), 6);
          }
          expect(changed.at(-1)).toEqual(loads.at(-1));
        },
      ),
      { numRuns: 300, verbose: true },
    );
  });

  it("is as it was where no load of the kind is under way", () => {
    const loads = [usersLoad([{ users: 3, overMs: 0, forMs: 1000 }], 500)];
    const users: Wanted = { kind: "users", users: 5 };
    expect(scaled(loads, 499, users)).toBeUndefined();
    expect(scaled(loads, 1500, users)).toBeUndefined();
    expect(scaled(loads, 700, { kind: "arrivals", perSecond: 5 })).toBeUndefined();
    expect(levelsAt(loads, 100)).toEqual({ users: undefined, perSecond: undefined });
  });

  it("spawns no faster than asked where its end comes first", () => {
    const [load] =
      scaled([usersLoad([{ users: 4, overMs: 0, forMs: 3000 }])], 1000, { kind: "users", users: 100, spawnRate: 5 }) ??
      [];
    expect(levelsAt(load === undefined ? [] : [load], 2990).users).toBeLessThanOrEqual(4 + 10);
  });
});
