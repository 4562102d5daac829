import type { RateStage } from "../scenario/plan.ts";
import { randomFrom } from "./random.ts";

/**
 * When iterations of the open model start, in milliseconds from the load's start: pure arithmetic, in the order of time. The
 * number of arrivals by a time t is the integral of the rate up to t, so the n-th (from 0) comes when that integral reaches
 * n, the first at once; with `poisson` spacing it comes when it reaches the n-th point of a Poisson process of rate 1 (time
 * change of a Poisson process; Ross, "Introduction to Probability Models", 5.4). Every worker walks the whole sequence, from
 * the same seed, and keeps its part.
 */
export class Arrivals {
  readonly #gap: () => number;
  #segments: Segment[];
  /** The segment that is walked, and the integral up to its start. */
  #at = 0;
  #before = 0;
  /** What the integral is when the next one comes. */
  #due: number;
  /** The next one's number in the whole load. */
  n = 0;

  constructor(stages: readonly RateStage[], spacing: "constant" | "poisson", seed: number) {
    const random = randomFrom(seed, ARRIVAL_STREAM);
    this.#gap = spacing === "constant" ? () => 1 : () => -Math.log(1 - random());
    this.#due = spacing === "constant" ? 0 : this.#gap();
    this.#segments = segmentsOf(stages);
  }

  /** When the next one comes; undefined if all have. */
  get time(): number | undefined {
    for (let segment = this.#segments[this.#at]; segment !== undefined; segment = this.#segments[++this.#at]) {
      const end = this.#before + arrivalsIn(segment);
      // Rounding must not move an arrival over the end of the last stage: a plan's total is exact.
      if (this.#due < end - 1e-9) return segment.startMs + timeOf(this.#due - this.#before, segment);
      this.#before = end;
    }
    return undefined;
  }

  advance(): void {
    this.n++;
    this.#due += this.#gap();
  }

  /** Goes on by other stages, which are the same up to some moment; what has come has come. */
  follow(stages: readonly RateStage[]): void {
    this.#segments = segmentsOf(stages);
    this.#at = 0;
    this.#before = 0;
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
