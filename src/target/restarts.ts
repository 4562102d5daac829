import { type Observation, seriesName } from "../metrics/observation.ts";
import type { TargetMetric } from "../metrics/vocabulary.ts";

const startTime: TargetMetric = "process_start_time_seconds";
const restartCount: TargetMetric = "restarts_total";
/** Clocks that are set a little, and ticks that are rounded, are no restart. */
const LEAST_SECONDS = 2;

/**
 * Notices when what a source looks at started anew: its counters go back, it says that it started later than before, or
 * it counts a restart itself. The values stay as they are (a reset is an ordinary thing for a counter). One object for each
 * source, given every good look in turn.
 */
export class Restarts {
  #latest = new Map<string, number>();

  /** What a look shows, for people; undefined while everything goes on. */
  notice(observations: Observation[]): string | undefined {
    const before = this.#latest;
    this.#latest = new Map();
    const signs: string[] = [];
    for (const { metric, labels, type, value } of observations) {
      if (type !== "counter" && metric !== startTime) continue;
      const series = seriesName(metric, labels);
      const earlier = before.get(series);
      this.#latest.set(series, value);
      if (earlier === undefined) continue;
      if (metric === startTime) {
        const later = value - earlier;
        if (later > LEAST_SECONDS) signs.push(`${series} is ${later.toFixed(0)} s later`);
      } else if (value < earlier) signs.push(`${series} went back from ${earlier} to ${value}`);
      else if (metric === restartCount && value > earlier) signs.push(`${series} rose from ${earlier} to ${value}`);
    }
    const [first, ...more] = signs;
    if (first === undefined) return undefined;
    return more.length === 0 ? first : `${first}, and ${more.length} more series show it`;
  }
}
