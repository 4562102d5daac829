import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { owns, userSequence } from "../../src/load/share.ts";

interface Class {
  weight: number;
  fixedCount?: number;
}

const weighted: fc.Arbitrary<Class> = fc.record({ weight: fc.integer({ min: 1, max: 12 }) });
const fixed: fc.Arbitrary<Class> = fc.record({ weight: fc.constant(1), fixedCount: fc.integer({ min: 1, max: 30 }) });
const classes = fc.array(fc.oneof(weighted, fixed), { minLength: 1, maxLength: 6 });

/** How many of the first n users each class has. */
function counts(of: readonly Class[], n: number): number[] {
  const { classOf } = userSequence(of);
  const found = of.map(() => 0);
  for (let user = 0; user < n; user++) found[classOf(user)] = (found[classOf(user)] ?? 0) + 1;
  return found;
}

describe("the classes of users", () => {
  it("are first those of a fixed number, exactly so many, and the rest by weight", () => {
    fc.assert(
      fc.property(classes, fc.nat(300), (of, more) => {
        const first = of.reduce((sum, { fixedCount = 0 }) => sum + fixedCount, 0);
        expect(counts(of, first).filter((_, i) => of[i]?.fixedCount !== undefined)).toEqual(
          of.flatMap(({ fixedCount }) => fixedCount ?? []),
        );
        const others = of.filter(({ fixedCount }) => fixedCount === undefined);
        const total = others.reduce((sum, { weight }) => sum + weight, 0);
        if (others.length === 0) return;
        for (const [i, count] of counts(of, first + more).entries()) {
          const { fixedCount, weight = 0 } = of[i] ?? {};
          if (fixedCount !== undefined) expect(count).toBe(fixedCount);
          else expect(Math.abs(count - (more * weight) / total)).toBeLessThanOrEqual(Math.max(1, others.length / 2));
        }
      }),
    );
  });

  it("are the same whatever the number of workers", () => {
    fc.assert(
      fc.property(classes, fc.integer({ min: 1, max: 7 }), fc.nat(200), (of, workers, n) => {
        const together = of.map(() => 0);
        for (let index = 0; index < workers; index++) {
          const { classOf } = userSequence(of);
          for (let user = 0; user < n; user++) {
            if (owns({ index, of: workers }, user)) together[classOf(user)] = (together[classOf(user)] ?? 0) + 1;
          }
        }
        expect(together).toEqual(counts(of, n));
      }),
    );
  });

  it("are exact where the fixed numbers are large", () => {
    expect(counts([{ weight: 1, fixedCount: 1 }, { weight: 1, fixedCount: 20_000 }, { weight: 1 }], 20_011)).toEqual([
      1, 20_000, 10,
    ]);
  });
});
