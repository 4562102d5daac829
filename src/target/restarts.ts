import { type Observation, seriesName } from "../metrics/observation.ts";

/**
 * Notices when a source's counters go back: what counts them started anew. The values stay as they are (a reset is an
 * ordinary thing for a counter). One object for each source, given every good look in turn.
 */
export class Restarts {
  #latest = new Map<string, number>();

  /** What a look shows, for people; undefined while every counter goes on. */
  notice(observations: Observation[]): string | undefined {
    const before = this.#latest;
    this.#latest = new Map();
    const back: string[] = [];
    for (const { metric, labels, type, value } of observations) {
      if (type !== "counter") continue;
      const series = seriesName(metric, labels);
      const earlier = before.get(series);
      this.#latest.set(series, value);
      if (earlier !== undefined && value < earlier) back.push(`${series} went back from ${earlier} to ${value}`);
    }
    const [first, ...more] = back;
    if (first === undefined) return undefined;
    return more.length === 0 ? first : `${first}, and ${more.length} more counters went back`;
  }
}
