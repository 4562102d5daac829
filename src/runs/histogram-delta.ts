import type { HistogramData } from "../metrics/histogram.ts";

/**
 * Counts that were added, by index: a number that is not negative moves so many places on and counts one there; a
 * negative one counts so many more at the same place. `[712, 3, -2]` is one at 712 and three at 715. Of the plain forms it
 * is the shortest: most buckets that a second touches are touched once.
 */
export type Added = number[];

/** Buckets and classic buckets as `Added`; then the new sum, and the new minimum and maximum if they changed. Seconds. */
export type HistogramDelta = [buckets: Added, le: Added, sum: number, min?: number, max?: number];

/** What was added; null if nothing was. */
export function histogramDelta(before: HistogramData, after: HistogramData): HistogramDelta | null {
  if (before === after || (before.count === after.count && before.sum === after.sum)) return null;
  const buckets = added(before.counts, before.from, after.counts, after.from);
  const le = added(before.classic, 0, after.classic, 0);
  const extremes = before.count > 0 && before.min === after.min && before.max === after.max;
  return extremes ? [buckets, le, after.sum] : [buckets, le, after.sum, after.min, after.max];
}

/** The later histogram; the earlier one is not changed. */
export function applyHistogram(before: HistogramData, delta: HistogramDelta | null): HistogramData {
  if (delta === null) return before;
  const [buckets, le, sum, min = before.min, max = before.max] = delta;
  let first = Number.POSITIVE_INFINITY;
  let last = -1;
  let count = before.count;
  each(buckets, (index, n) => {
    if (index < first) first = index;
    if (index > last) last = index;
    count += n;
  });
  const empty = before.counts.length === 0;
  const from = last < 0 ? before.from : empty ? first : Math.min(first, before.from);
  const to = empty ? last : Math.max(last, before.from + before.counts.length - 1);
  const counts = new Float64Array(Math.max(0, to - from + 1));
  counts.set(before.counts, empty ? 0 : before.from - from);
  each(buckets, (index, n) => {
    counts[index - from] = (counts[index - from] ?? 0) + n;
  });
  const classic = before.classic.slice();
  each(le, (index, n) => {
    classic[index] = (classic[index] ?? 0) + n;
  });
  return { count, sum, min, max, from, counts, classic };
}

function added(before: Float64Array, beforeFrom: number, after: Float64Array, afterFrom: number): Added {
  const list: Added = [];
  let place = 0;
  const shift = afterFrom - beforeFrom;
  for (let i = 0; i < after.length; i++) {
    const n = (after[i] as number) - (before[i + shift] ?? 0);
    if (n === 0) continue;
    list.push(afterFrom + i - place);
    place = afterFrom + i;
    if (n !== 1) list.push(1 - n);
  }
  return list;
}

function each(list: Added, visit: (index: number, n: number) => void): void {
  let index = 0;
  for (let i = 0; i < list.length; i++) {
    index += list[i] as number;
    const more = list[i + 1];
    if (more !== undefined && more < 0) i++;
    visit(index, more !== undefined && more < 0 ? 1 - more : 1);
  }
}

/** Whether both say the same, as response and service times of the closed model do. */
export function sameDelta(a: HistogramDelta | null, b: HistogramDelta | null): boolean {
  if (a === null || b === null) return a === b;
  return a[2] === b[2] && a[3] === b[3] && a[4] === b[4] && sameNumbers(a[0], b[0]) && sameNumbers(a[1], b[1]);
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** Whether a count is less than it was: what took something back cannot be told as added. */
export function falls(before: HistogramData | undefined, after: HistogramData): boolean {
  if (before === undefined || before === after || before.count === 0) return false;
  return (
    after.count < before.count ||
    below(after.counts, before.counts, before.from - after.from) ||
    below(after.classic, before.classic, 0)
  );
}

/** Whether a count is less than the one it was; `before` starts `shift` places further on. */
function below(after: Float64Array, before: Float64Array, shift: number): boolean {
  for (let i = 0; i < before.length; i++) {
    if ((before[i] as number) > (after[i + shift] ?? 0)) return true;
  }
  return false;
}
