import type { RateStage } from "../scenario/plan.ts";
import { randomFrom } from "./random.ts";

/**
 * When iterations of the open model start, in milliseconds from the load's start: pure arithmetic, in the order of time,
 * lazily. The number of arrivals by a time t is the integral of the rate up to t, so the n-th (from 0) comes when that
 * integral reaches n, the first at once; with `poisson` spacing it comes when it reaches the n-th point of a Poisson process
 * of rate 1 (time change of a Poisson process; Ross, "Introduction to Probability Models", 5.4). Every worker walks the
 * whole sequence, from the same seed, and keeps its part.
 */
export function* arrivals(
  stages: readonly RateStage[],
  spacing: "constant" | "poisson",
  seed: number,
): Generator<number, void, void> {
  const random = randomFrom(seed, ARRIVAL_STREAM);
  const gap = spacing === "constant" ? () => 1 : () => -Math.log(1 - random());
  let due = spacing === "constant" ? 0 : gap();
  let before = 0;
  for (const segment of segmentsOf(stages)) {
    const end = before + arrivalsIn(segment);
    // Rounding must not move an arrival over the end of the last stage: a plan's total is exact.
    while (due < end - 1e-9) {
      yield segment.startMs + timeOf(due - before, segment);
      due += gap();
    }
    before = end;
  }
}

/** No user's stream: those are numbered from 0. */
const ARRIVAL_STREAM = -2;

/** A stretch over which the rate (a millisecond) is linear. */
interface Segment {
  startMs: number;
  lengthMs: number;
  from: number;
  to: number;
}

function segmentsOf(stages: readonly RateStage[]): Segment[] {
  const segments: Segment[] = [];
  let startMs = 0;
  let from = 0;
  for (const { perSecond, overMs, forMs } of stages) {
    const to = perSecond / 1000;
    if (overMs > 0) segments.push({ startMs, lengthMs: overMs, from, to });
    if (forMs > 0) segments.push({ startMs: startMs + overMs, lengthMs: forMs, from: to, to });
    startMs += overMs + forMs;
    from = to;
  }
  return segments;
}

function arrivalsIn({ lengthMs, from, to }: Segment): number {
  return ((from + to) / 2) * lengthMs;
}

/** When so many arrivals have come, from the segment's start: the root of from·t + (to − from)·t²/(2·length) = count. */
function timeOf(count: number, { lengthMs, from, to }: Segment): number {
  if (count <= 0) return 0;
  const slope = (to - from) / lengthMs;
  // The form of the quadratic formula that does not cancel, and holds for slope 0.
  return (2 * count) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * count)));
}

/** The rate that is wanted at a time from the load's start, a second. */
export function rateAt(stages: readonly RateStage[], time: number): number {
  for (const { startMs, lengthMs, from, to } of segmentsOf(stages)) {
    if (time >= startMs && time < startMs + lengthMs)
      return (from + ((to - from) * (time - startMs)) / lengthMs) * 1000;
  }
  return 0;
}
