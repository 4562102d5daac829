import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../../src/load/random.ts";
import { classSequence, owns } from "../../src/load/share.ts";
import { endOf, userChanges, usersAt } from "../../src/load/stages.ts";

const stages = fc.array(
  fc.record({
    users: fc.nat({ max: 60 }),
    overMs: fc.oneof(fc.constant(0), fc.nat({ max: 60_000 })),
    forMs: fc.nat({ max: 60_000 }),
  }),
  { minLength: 1, maxLength: 6 },
);

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

describe("user classes", () => {
  it("are spread by weight: any first n users hold each class within one of its due", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 500 }),
        (weights, n) => {
          const classOf = classSequence(weights);
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
    const classOf = classSequence([10, 1]);
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
