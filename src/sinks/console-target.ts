import { type Observation, seriesName } from "../metrics/observation.ts";
import { metricValue } from "../metrics/units.ts";
import type { TargetMetric } from "../metrics/vocabulary.ts";
import type { Piece } from "./console-screen.ts";

/** What tells most of a service under load, first: what is full, then what waits; each with a short name for one line. */
const telling: readonly (readonly [metric: TargetMetric, short: string])[] = [
  ["db_pool_utilization_ratio", "pool"],
  ["db_connections_utilization_ratio", "db connections"],
  ["cpu_utilization_ratio", "cpu"],
  ["memory_utilization_ratio", "memory"],
  ["queue_depth", "queue"],
  ["db_pool_pending_requests", "pool waiting"],
  ["cache_memory_utilization_ratio", "cache memory"],
  ["runtime_eventloop_lag_seconds", "event-loop lag"],
  ["db_locks_waiting", "locks waited for"],
  ["cache_hit_ratio", "cache hits"],
  ["queue_oldest_age_seconds", "oldest message"],
  ["memory_used_bytes", "memory"],
  ["db_pool_overflow", "pool overflow"],
  ["http_connections", "connections"],
  ["load1", "load"],
];
const places = new Map(telling.map(([metric], place): [string, number] => [metric, place]));

const MOST_SHOWN = 4;
const MOST_OF_A_SOURCE = 8;
/** From here on a thing that can be full is as good as full. */
const FULL = 0.9;

/** How telling a metric is: the lower the more. */
export function tellingPlace(metric: string): number {
  return places.get(metric) ?? telling.length;
}

/** The target's health as it now stands, for one line. */
export class TargetGlance {
  readonly #latest = new Map<string, Observation>();

  observe(observations: readonly Observation[]): void {
    for (const observation of observations) {
      this.#latest.set(
        seriesName(observation.metric, { ...observation.labels, source: observation.source }),
        observation,
      );
    }
    for (const source of this.#down()) this.#forget(source);
  }

  /** A line for each source, by the longest of whose names they are aligned: what it tells, the most telling first. */
  sources(names: readonly string[]): Piece[][] {
    const width = Math.max(0, ...names.map((name) => name.length));
    const down = new Set(this.#down());
    return names.map((source) => {
      const name: Piece = { text: `${source.padEnd(width)}  `, style: "dim" };
      if (down.has(source)) return [name, { text: "down", style: "red" }];
      const own = [...this.#latest.values()].filter((one) => one.source === source);
      const pieces = glance(own, MOST_OF_A_SOURCE);
      return [name, ...(pieces.length === 0 ? [{ text: "–" }] : pieces.flatMap((piece) => [piece, { text: "  " }]))];
    });
  }

  /** Sources that are down, then the most telling metrics; of several series of one metric, the highest. */
  pieces(): Piece[] {
    const down = this.#down().map((source): Piece => ({ text: `${source} down`, style: "red" }));
    return [...down, ...glance([...this.#latest.values()], MOST_SHOWN)];
  }

  #down(): string[] {
    return [...this.#latest.values()]
      .filter(({ metric, value }) => metric === "up" && value === 0)
      .map((one) => one.source);
  }

  /** A gap is a gap: what a source said before it went down is not how it stands. */
  #forget(source: string): void {
    for (const [name, one] of this.#latest) {
      if (one.source === source && one.metric !== "up") this.#latest.delete(name);
    }
  }
}

/** The most telling metrics; of several series of one metric, the highest. */
function glance(observations: readonly Observation[], most: number): Piece[] {
  const shown: Piece[] = [];
  for (const [metric, short] of telling) {
    const values = observations.filter((one) => one.metric === metric).map(({ value }) => value);
    if (values.length === 0 || shown.some(({ text }) => text.startsWith(`${short} `))) continue;
    const value = Math.max(...values);
    shown.push({
      text: `${short} ${metricValue(metric, value)}`,
      style: isFull(metric, value) ? "yellow" : undefined,
    });
    if (shown.length === most) break;
  }
  return shown;
}

function isFull(metric: string, value: number): boolean {
  return metric.endsWith("_utilization_ratio") && value >= FULL;
}
