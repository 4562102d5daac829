import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addHistograms,
  BUCKETS,
  bucketOf,
  ClassicBounds,
  emptyHistogram,
  Histogram,
  mean,
  quantile,
  subtractHistograms,
  upperBound,
} from "../../src/metrics/histogram.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";

const bounds = new ClassicBounds(defaultBounds);
/** 1 µs to 1 h, evenly over the octaves. */
const duration = fc.double({ min: Math.log(1e-6), max: Math.log(3600), noNaN: true }).map(Math.exp);

function recorded(values: readonly number[]): Histogram {
  const histogram = new Histogram(bounds);
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("histogram", () => {
  it("reads any quantile within 0.55 % of the exact one, from 1 µs to 1 h", () => {
    fc.assert(
      fc.property(
        fc.array(duration, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number;
          const read = quantile(recorded(values).data(), q) as number;
          expect(Math.abs(read - exact) / exact).toBeLessThanOrEqual(0.0055);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("puts each bound into the bucket that it ends, as Prometheus's schema 6 does", () => {
    for (let bucket = 0; bucket < BUCKETS - 1; bucket++) {
      expect(bucketOf(upperBound(bucket))).toBe(bucket);
      expect(bucketOf(upperBound(bucket) * (1 + 1e-12))).toBe(bucket + 1);
    }
    expect(upperBound(64 * 20 - 1)).toBe(1);
  });

  it("keeps what lies outside its range in its first and last bucket", () => {
    expect([0, -1, Number.NaN, 1e-9].map(bucketOf)).toEqual([0, 0, 0, 0]);
    expect([5000, 1e9, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual([BUCKETS - 1, BUCKETS - 1, BUCKETS - 1]);
  });

  it("counts classic buckets exactly, also on a bound", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(duration, fc.constantFrom(...defaultBounds)), { maxLength: 200 }), (values) => {
        const { classic } = recorded(values).data();
        let below = 0;
        for (const [index, bound] of defaultBounds.entries()) {
          below += classic[index] as number;
          expect(below).toBe(values.filter((value) => value <= bound).length);
        }
        expect(below + (classic[defaultBounds.length] as number)).toBe(values.length);
      }),
    );
  });

  it("adds up to the whole, however the values are divided", () => {
    fc.assert(
      fc.property(fc.array(duration, { maxLength: 200 }), fc.nat({ max: 200 }), (values, cut) => {
        const whole = recorded(values).data();
        const sum = addHistograms(recorded(values.slice(0, cut)).data(), recorded(values.slice(cut)).data());
        expect({ ...sum, sum: 0 }).toEqual({ ...whole, sum: 0 });
        expect(sum.sum).toBeCloseTo(whole.sum, 6);
      }),
      { numRuns: 1000 },
    );
  });

  it("gives an interval back as the difference of two states", () => {
    fc.assert(
      fc.property(
        fc.array(duration, { maxLength: 100 }),
        fc.array(duration, { minLength: 1, maxLength: 100 }),
        (before, during) => {
          const histogram = recorded(before);
          const earlier = histogram.data();
          for (const value of during) histogram.record(value);
          const interval = subtractHistograms(histogram.data(), earlier);
          expect(interval.count).toBe(during.length);
          for (const q of [0.5, 0.95, 1]) {
            const alone = quantile(recorded(during).data(), q) as number;
            expect(Math.abs((quantile(interval, q) as number) - alone) / alone).toBeLessThan(0.011);
          }
        },
      ),
    );
  });

  it("has no quantile and no mean of nothing", () => {
    const empty = emptyHistogram(bounds.seconds.length + 1);
    expect(quantile(empty, 0.5)).toBeUndefined();
    expect(mean(empty)).toBeUndefined();
    expect(addHistograms(empty, recorded([1]).data())).toEqual(recorded([1]).data());
  });
});
