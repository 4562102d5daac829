import type { Stretch } from "./phase.ts";
import { slopeOf } from "./soak-trend.ts";
import type { Point, Trend } from "./trend.ts";

/** The values of a target series in certain stretches of a run. What lies between two stretches counts for nothing. */
export class TargetPoints {
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** How much a counter rose, restarts included. */
  readonly increase: number;
  /** The seconds over which it did. */
  readonly #seconds: number;
  /** How often a value was another than the one before it. */
  readonly changes: number;

  /** `times` rise; both are of the same length. */
  constructor(times: readonly number[], values: readonly number[], stretches: readonly Stretch[]) {
    const inTime: number[] = [];
    const inValue: number[] = [];
    let [increase, ms, changes] = [0, 0, 0];
    for (const { fromMs, toMs } of stretches) {
      const from = firstAtOrAfter(times, fromMs);
      for (let i = from; i < times.length && (times[i] as number) < toMs; i++) {
        const value = values[i] as number;
        if (i > from) {
          const before = values[i - 1] as number;
          // A counter that restarted lower has counted up to its value from 0.
          increase += value < before ? value : value - before;
          ms += (times[i] as number) - (times[i - 1] as number);
          if (value !== before) changes++;
        }
        inTime.push(times[i] as number);
        inValue.push(value);
      }
    }
    this.times = inTime;
    this.values = inValue;
    this.increase = increase;
    this.#seconds = ms / 1000;
    this.changes = changes;
  }

  get count(): number {
    return this.values.length;
  }

  get min(): number {
    return this.values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  }

  get max(): number {
    return this.values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  }

  get mean(): number {
    return this.values.reduce((a, b) => a + b, 0) / this.values.length;
  }

  get first(): number {
    return this.values[0] ?? Number.NaN;
  }

  get last(): number {
    return this.values.at(-1) ?? Number.NaN;
  }

  /** A counter's increase a second; undefined before it was seen at two moments. */
  get rate(): number | undefined {
    return this.#seconds > 0 ? this.increase / this.#seconds : undefined;
  }

  /** The smallest value that at least `q` (0..1) of all values do not exceed; exact. */
  quantile(q: number): number {
    const sorted = Float64Array.from(this.values).sort();
    return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN;
  }

  get points(): Point[] {
    return this.values.map((value, i) => ({ at: this.times[i] as number, value }));
  }

  trend(): Trend | undefined {
    return slopeOf(this.points);
  }
}

/** Binary search in times that rise. */
function firstAtOrAfter(times: readonly number[], at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
