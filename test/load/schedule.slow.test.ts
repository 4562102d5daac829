import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../../src/load/random.ts";
import { owns, userSequence } from "../../src/load/share.ts";
import { userChanges } from "../../src/load/stages.ts";
import { arrivalRateAt, timelineOf } from "../../src/load/timeline.ts";
import type { PlannedLoad, RateStage, Stage } from "../../src/scenario/plan.ts";
import { arrivals } from "./arrival-times.ts";

const endOf = (plan: { overMs: number; forMs: number }[]) =>
  plan.reduce((sum, { overMs, forMs }) => sum + overMs + forMs, 0);

const stages = fc.array(
  fc.record({
    users: fc.nat({ max: 60 }),
    overMs: fc.oneof(fc.constant(0), fc.nat({ max: 60_000 })),
    forMs: fc.nat({ max: 60_000 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** How many users a load wants at a time. */
function usersAt(stages: readonly Stage[], time: number): number {
  let from = 0;
  let start = 0;
  for (const { users, overMs, forMs } of stages) {
    if (time < start + overMs) return from + ((users - from) * (time - start)) / overMs;
    if (time < start + overMs + forMs) return users;
    from = users;
    start += overMs + forMs;
  }
  return 0;
}

describe("the schedule of users", () => {
  it("spawns Locust's way: the first at once, then one each 1/rate seconds", () => {
    const changes = [...userChanges([{ users: 5, overMs: 500, forMs: 1000 }])];
    expect(changes).toEqual([0, 100, 200, 300, 400].map((at, user) => ({ at, user, active: true })));
  });

  it("has at each moment the users that its stages want", () => {
    fc.assert(
      fc.property(stages, fc.double({ min: 0, max: 1, noNaN: true }), (plan, part) => {
        const time = part * endOf(plan);
        const active = new Set<number>();
        for (const { at, user, active: on } of userChanges(plan)) {
          if (at > time) break;
          if (on) active.add(user);
          else active.delete(user);
        }
        const wanted = usersAt(plan, time);
        // Whole users follow a line that passes between them.
        if (time < endOf(plan)) expect(Math.abs(active.size - wanted)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });

  it("is in the order of time, and its shares add up to it for any number of workers", () => {
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: 9 }), (plan, of) => {
        const whole = [...userChanges(plan)];
        for (const [i, change] of whole.entries()) expect(change.at).toBeGreaterThanOrEqual(whole[i - 1]?.at ?? 0);
        const shares = Array.from({ length: of }, (_, index) => whole.filter(({ user }) => owns({ index, of }, user)));
        expect(shares.flat().toSorted((a, b) => whole.indexOf(a) - whole.indexOf(b))).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });
});

const rates = fc.array(
  fc.record({
    perSecond: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 200, noNaN: true })),
    overMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 })),
    forMs: fc.nat({ max: 20_000 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** The integral of the rate from 0 to `time`: the area of each stage's trapezoid and rectangle, cut off at `time`. */
function expected(plan: RateStage[], time: number): number {
  let area = 0;
  let start = 0;
  let from = 0;
  for (const { perSecond, overMs, forMs } of plan) {
    const ramp = Math.min(Math.max(0, time - start), overMs);
    const reached = overMs === 0 ? perSecond : from + ((perSecond - from) * ramp) / overMs;
    const hold = Math.min(Math.max(0, time - start - overMs), forMs);
    area += ((from + reached) / 2) * ramp + perSecond * hold;
    start += overMs + forMs;
    from = perSecond;
  }
  return area / 1000;
}

describe("the schedule of arrivals", () => {
  it("at a constant rate is exact: 2,000/s for 10 s are 20,000, half a millisecond apart", () => {
    const times = arrivals([{ perSecond: 2000, overMs: 0, forMs: 10_000 }], "constant", 1);
    expect(times).toHaveLength(20_000);
    expect(times.every((time, n) => Math.abs(time - n / 2) < 1e-6)).toBe(true);
  });

  it("follows the integral of the rate at each moment, in the order of time", () => {
    fc.assert(
      fc.property(rates, fc.double({ min: 0, max: 1, noNaN: true }), (plan, part) => {
        const times = arrivals(plan, "constant", 1);
        for (let n = 1; n < times.length; n++) expect(times[n]).toBeGreaterThanOrEqual(times[n - 1] as number);
        const time = part * endOf(plan);
        const come = times.filter((at) => at < time).length;
        // The n-th comes when the integral reaches n: so many have come as it has passed whole numbers, the first at 0.
        expect(come - expected(plan, time)).toBeGreaterThan(-1e-3);
        expect(come - expected(plan, time)).toBeLessThan(1 + 1e-3);
      }),
      { numRuns: 1000 },
    );
  });

  it("at random has the mean and the spread of a Poisson process, and is the same for its seed", () => {
    const plan = [{ perSecond: 50, overMs: 0, forMs: 1000 }];
    const counts = Array.from({ length: 2000 }, (_, seed) => arrivals(plan, "poisson", seed).length);
    const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
    const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (counts.length - 1);
    // Of 2,000 counts the mean has a standard error of 0.16, the variance of 1.6: five of each.
    expect(Math.abs(mean - 50)).toBeLessThan(0.8);
    expect(Math.abs(variance - 50)).toBeLessThan(8);
    expect(arrivals(plan, "poisson", 7)).toEqual(arrivals(plan, "poisson", 7));
  });
});

describe("user classes", () => {
  it("are spread by weight: any first n users hold each class within one of its due", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 500 }),
        (weights, n) => {
          const { classOf } = userSequence(weights.map((weight) => ({ weight })));
          const counts = weights.map(() => 0);
          for (let user = 0; user < n; user++) counts[classOf(user)] = (counts[classOf(user)] ?? 0) + 1;
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          for (const [i, weight] of weights.entries()) {
            expect(Math.abs((counts[i] as number) - (n * weight) / total)).toBeLessThanOrEqual(weights.length / 2);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("of weights 10 and 1 come ten to one", () => {
    const { classOf } = userSequence([{ weight: 10 }, { weight: 1 }]);
    const first = Array.from({ length: 22 }, (_, user) => classOf(user));
    expect(first.filter((one) => one === 1)).toHaveLength(2);
  });
});

describe("random numbers", () => {
  it("are the same for a seed and a user, and differ between users", () => {
    const draw = (seed: number, user: number) => Array.from({ length: 5 }, randomFrom(seed, user));
    expect(draw(7, 3)).toEqual(draw(7, 3));
    const firsts = new Set(Array.from({ length: 1000 }, (_, user) => draw(7, user)[0]));
    expect(firsts.size).toBeGreaterThan(995);
  });

  it("are evenly spread", () => {
    const counts = new Array(10).fill(0);
    const random = randomFrom(1, 1);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(random() * 10)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe("the timeline", () => {
  it("tells each change of the plan once, whatever load it is of", () => {
    const loads: PlannedLoad[] = [
      {
        load: {
          kind: "users",
          stages: [
            { users: 10, overMs: 0, forMs: 0 },
            { users: 1, overMs: 1000, forMs: 2000 },
            { users: 5, overMs: 0, forMs: 3000 },
          ],
        },
        classes: [],
        startMs: 0,
      },
      {
        load: {
          kind: "arrivals",
          stages: [{ perSecond: 4 / 3, overMs: 0, forMs: 2000 }],
          maxUsers: 1,
          spacing: "constant",
        },
        classes: [],
        startMs: 3000,
      },
    ];
    expect(timelineOf(loads)).toEqual([
      { at: 0, wanted: "1 user" },
      { at: 3000, wanted: "5 users, 1.33 arrivals/s" },
    ]);
    expect([2999, 3000, 4999, 5000].map((at) => arrivalRateAt(loads, at))).toEqual([0, 4 / 3, 4 / 3, 0]);
    expect(arrivalRateAt(loads.slice(0, 1), 0)).toBeUndefined();
  });
});
