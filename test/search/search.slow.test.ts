import fc from "fast-check";
import { expect, it } from "vitest";
import { chanceOf, lineOf, search, type Target } from "./targets.ts";

const plan = { kind: "arrivals", from: 10, upTo: 4000, precision: 0.05, forMs: 10_000 } as const;
const CASES = 1000;

const targets = fc.record({
  target: fc
    .record({
      kind: fc.constantFrom<Target["kind"]>("M/M/c", "cliff"),
      // From 10/s to 2,000/s, each order of magnitude as often.
      capacity: fc.double({ min: Math.log(12), max: Math.log(2000), noNaN: true }).map(Math.exp),
      servers: fc.integer({ min: 1, max: 200 }),
      patience: fc.double({ min: 1.5, max: 10, noNaN: true }),
      watched: fc.boolean(),
      // A service takes a second at most: what takes longer shows nothing in a step of ten.
    })
    .map((target) => ({ ...target, servers: Math.max(1, Math.min(target.servers, Math.floor(target.capacity))) })),
  seed: fc.integer({ min: 0, max: 2 ** 30 }),
});

it(`finds the line of ${CASES} targets of unknown scale in less than 5 minutes of load, never past twice the line`, () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`${CASES} searches, seed ${seed}\n`);
  const errors: number[] = [];
  const figures = { steps: 0, seconds: 0, past: 0 };
  fc.assert(
    fc.property(targets, ({ target, seed: own }) => {
      const line = lineOf(target);
      // One that breaks at once is searched below where it was begun: there is no other way to begin.
      fc.pre(line > plan.from);
      const { end, trials, seconds, most } = search(plan, target, own);
      expect(end.kind).toBe("found");
      if (end.kind !== "found") return;
      expect(end.high / end.low).toBeLessThanOrEqual(1 + plan.precision + 1e-3);
      expect(most / line).toBeLessThanOrEqual(2);
      expect(seconds).toBeLessThan(300);
      const chance = target.kind === "cliff" ? 0.005 : chanceOf(line, plan.forMs / 1000);
      const error = Math.abs(Math.sqrt(end.low * end.high) / line - 1);
      expect(error).toBeLessThanOrEqual(0.05 + 5 * chance);
      errors.push(error / Math.max(0.05, 2 * chance));
      figures.steps = Math.max(figures.steps, trials.length);
      figures.seconds = Math.max(figures.seconds, seconds);
      figures.past = Math.max(figures.past, most / line);
    }),
    { numRuns: CASES, seed },
  );
  const within = errors.filter((error) => error <= 1).length / errors.length;
  const { steps, seconds, past } = figures;
  const most = `at most ${steps} steps, ${seconds} s, ${past.toFixed(2)} times the line`;
  process.stdout.write(`within 5 % or two standard errors: ${(within * 100).toFixed(1)} %; ${most}\n`);
  expect(within).toBeGreaterThan(0.95);
});
