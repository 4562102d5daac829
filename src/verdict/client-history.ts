import { mean, quantile } from "../metrics/histogram.ts";
import { seriesName } from "../metrics/observation.ts";
import { fewSamples, type Measured, noData, tooFew } from "./measured.ts";
import { addReadings, noReading, type Reading, readingSince } from "./reading.ts";
import type { Scope } from "./scope.ts";
import { slopeOf } from "./soak-trend.ts";
import type { Threshold } from "./threshold.ts";
import { FEWEST_POINTS, type Point } from "./trend.ts";

/** Marks kept of a window, or of a run for its slope: so the length of a window is true to a hundredth. */
const MOST_MARKS = 120;

/**
 * One threshold on the client over time: it takes the cumulative reading of each tick and keeps what its longest window
 * needs, some hundred readings at most.
 */
export class ClientHistory {
  readonly #threshold: Threshold;
  readonly #scope: Scope;
  #latest: Reading = noReading;
  /** Where no windows are asked for: what was counted in stretches that are over. */
  #closed: Reading = noReading;
  /** The reading at the begin of the stretch that it is in now. */
  #opened: Reading | undefined;
  #marks: Reading[] = [];
  #spacingMs: number;

  constructor(threshold: Threshold, scope: Scope) {
    this.#threshold = threshold;
    this.#scope = scope;
    this.#spacingMs = (scope.windowMs ?? 0) / MOST_MARKS;
    if (scope.base[0]?.fromMs === 0) this.#opened = noReading;
  }

  take(reading: Reading): void {
    const inside = this.#scope.base.some(({ fromMs, toMs }) => fromMs <= reading.ms && reading.ms <= toMs);
    if (this.#opened !== undefined && !inside) {
      this.#closed = addReadings(this.#closed, readingSince(this.#latest, this.#opened));
      this.#opened = undefined;
    } else if (this.#opened === undefined && inside) this.#opened = reading;
    this.#latest = reading;
    if (this.#scope.windowMs !== undefined || this.#threshold.aggregation.kind === "slope") this.#mark(reading);
  }

  #mark(reading: Reading): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && reading.ms - last.ms < this.#spacingMs) return;
    this.#marks.push(reading);
    const { windowMs } = this.#scope;
    if (windowMs !== undefined) {
      const from = reading.ms - windowMs;
      this.#marks = this.#marks.filter(({ ms }) => ms >= from - this.#spacingMs);
    } else if (this.#marks.length > 2 * MOST_MARKS) {
      this.#marks = this.#marks.filter((_, i) => i % 2 === 0);
      this.#spacingMs = Math.max(2 * this.#spacingMs, 1);
    }
  }

  measure(): Measured {
    const view = this.#scope.at(this.#latest.ms);
    if (view.kind === "none") return noData(view.reason);
    const { aggregation } = this.#threshold;
    const [window] = view.kind === "stretches" ? view.stretches : [];
    const counted = this.#scope.windowMs === undefined ? this.#counted() : this.#since(window?.fromMs ?? 0);
    // Each worker's gauge is its own: the greatest is the one that is asked for.
    if (aggregation.kind === "last") {
      return this.#latest.whole === 0 ? noData(this.#nothing()) : { value: this.#latest.part };
    }
    if (aggregation.kind === "slope") return this.#slope(window?.fromMs ?? 0);
    const value = clientFigure(this.#threshold, counted, this.#latest.whole > 0);
    if (value === undefined) return noData(this.#nothing());
    const lacking = tooFew(aggregation, counted.times?.count ?? 0);
    return lacking === undefined ? { value } : { value, lacking };
  }

  #nothing(): string {
    const { metric, filters } = this.#threshold;
    const when = this.#scope.windowMs !== undefined && this.#latest.whole > 0 ? " in its window" : "";
    return `nothing was counted under ${seriesName(metric, filters)}${when}`;
  }

  #counted(): Reading {
    const now = this.#opened === undefined ? noReading : readingSince(this.#latest, this.#opened);
    return addReadings(this.#closed, now);
  }

  /** From the first mark that is not before: nothing that came before the window is counted in it. */
  #since(fromMs: number): Reading {
    const start = fromMs <= 0 ? noReading : this.#marks.find(({ ms }) => ms >= fromMs);
    return start === undefined ? noReading : readingSince(this.#latest, start);
  }

  /** Of the mean from mark to mark. */
  #slope(fromMs: number): Measured {
    const points: Point[] = [];
    let before: Reading | undefined;
    for (const mark of this.#marks) {
      const inside = this.#scope.base.some((stretch) => stretch.fromMs <= mark.ms && mark.ms <= stretch.toMs);
      if (mark.ms < fromMs || !inside) {
        before = undefined;
        continue;
      }
      const between = before === undefined ? undefined : readingSince(mark, before).times;
      const value = between === undefined ? undefined : mean(between);
      if (value !== undefined && before !== undefined) points.push({ at: (mark.ms + before.ms) / 2, value });
      before = mark;
    }
    const trend = slopeOf(points);
    if (trend === undefined) {
      return fewSamples(`a slope needs ${FEWEST_POINTS} seconds with samples, there were ${points.length}`);
    }
    return { value: trend.slope, interval: [trend.low, trend.high] };
  }
}

/** What a threshold asks of a reading. `seen`: something was counted in the run before, so that nothing in a window is a value of 0. */
export function clientFigure(
  { metric, aggregation, custom }: Threshold,
  counted: Reading,
  seen: boolean,
): number | undefined {
  const { ms, part, whole, times } = counted;
  if (times !== undefined) {
    if (times.count === 0) return undefined;
    switch (aggregation.kind) {
      case "quantile":
        return quantile(times, aggregation.q);
      case "avg":
        return mean(times);
      case "min":
        return times.min;
      case "max":
        return times.max;
      default:
        // The grammar asks no other of a duration.
        return undefined;
    }
  }
  const shared = ["errors", "good", "dropped", "checks", "rate_limited"].includes(metric) || custom === "rate";
  if (whole === 0 && (shared || !seen)) return undefined;
  switch (aggregation.kind) {
    case "ratio":
      return part / whole;
    case "rate":
      return ms > 0 ? part / (ms / 1000) : undefined;
    default:
      return part;
  }
}
