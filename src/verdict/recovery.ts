import { type Observation, seriesName } from "../metrics/observation.ts";
import type { TargetMetric } from "../metrics/vocabulary.ts";

/** What rises under load and should fall when it ends: recovery is waited for. */
const draining: ReadonlySet<string> = new Set<TargetMetric>([
  "cpu_utilization_ratio",
  "db_connections_utilization_ratio",
  "db_locks_waiting",
  "db_longest_transaction_seconds",
  "db_pool_overflow",
  "db_pool_pending_requests",
  "db_pool_utilization_ratio",
  "queue_depth",
  "queue_oldest_age_seconds",
  "queue_unacked",
  "runtime_eventloop_lag_seconds",
]);
/** What a service may well keep, such as memory for the next time: told, and not waited for. */
const lasting: ReadonlySet<string> = new Set<TargetMetric>([
  "cache_memory_utilization_ratio",
  "http_connections",
  "memory_used_bytes",
  "memory_utilization_ratio",
  "open_fds",
  "runtime_heap_used_bytes",
  "threads",
]);

/** Back is within this share of the way from the baseline to the peak. */
const BACK = 0.1;
/** So many looks in a row: one may fall between two waves. */
const LOOKS_BACK = 2;

/** One series that the load moved. Values in base units. */
export interface RecoveredSeries {
  /** The most it was before the load. */
  baseline: number;
  /** The most it was under it. */
  peak: number;
  /** What it was when it was no longer watched; null if it was not seen after the load. */
  last: number | null;
  /** After the load's end; null if it did not come back. */
  seconds: number | null;
}

/** How the target came back after a load. */
export interface RecoveryFigures {
  /** Seconds until everything that drains was back; null if that did not happen while it was watched. */
  seconds: number | null;
  /** For how many seconds after the load's end it was watched at most. */
  watched: number;
  /** By series name, its source among the labels: what the load moved. */
  series: Record<string, RecoveredSeries>;
}

interface Followed {
  metric: string;
  baseline: number | undefined;
  peak: number | undefined;
  last: number | undefined;
  /** Since when it has been back; the run's milliseconds. */
  backAt: number | undefined;
  looksBack: number;
}

/**
 * Follows the target's gauges from before the load to after it. The baseline is the most that was seen before time 0, or
 * without that the first value; a series is back when it is within a tenth of the way from there to its peak, and stays.
 */
export class Recovery {
  readonly #series = new Map<string, Followed>();
  #loadEndedAt: number | undefined;

  /** `at` is the run's milliseconds; what is observed later is after the load. */
  loadEnded(at: number): void {
    this.#loadEndedAt = at;
  }

  observe(observations: readonly Observation[]): void {
    for (const { metric, labels, source, value, at } of observations) {
      if (!(draining.has(metric) || lasting.has(metric)) || !Number.isFinite(value)) continue;
      const name = seriesName(metric, { ...labels, source });
      let one = this.#series.get(name);
      if (one === undefined) {
        one = { metric, baseline: undefined, peak: undefined, last: undefined, backAt: undefined, looksBack: 0 };
        this.#series.set(name, one);
      }
      if (this.#loadEndedAt !== undefined && at > this.#loadEndedAt) after(one, value, at);
      else if (at < 0) one.baseline = Math.max(one.baseline ?? value, value);
      else {
        one.baseline ??= value;
        one.peak = Math.max(one.peak ?? value, value);
      }
    }
  }

  /** Whether everything that drains is back. */
  get isBack(): boolean {
    const awaited = [...this.#series.values()].filter(({ metric }) => draining.has(metric));
    return awaited.every(({ looksBack }) => looksBack >= LOOKS_BACK);
  }

  /** `until` is when watching ended, the run's milliseconds. */
  figures(until: number): RecoveryFigures {
    const endedAt = this.#loadEndedAt ?? until;
    const secondsOf = (one: Followed) => {
      return one.looksBack >= LOOKS_BACK && one.backAt !== undefined ? (one.backAt - endedAt) / 1000 : null;
    };
    const moved = [...this.#series].filter(([, one]) => isMoved(one));
    const awaited = moved.filter(([, { metric }]) => draining.has(metric)).map(([, one]) => secondsOf(one));
    const known = awaited.filter((seconds) => seconds !== null);
    return {
      seconds: known.length < awaited.length ? null : Math.max(0, ...known),
      watched: Math.max(0, until - endedAt) / 1000,
      series: Object.fromEntries(
        moved.map(([name, one]) => {
          const { baseline = 0, peak = 0, last = null } = one;
          return [name, { baseline, peak, last, seconds: secondsOf(one) }];
        }),
      ),
    };
  }
}

function after(one: Followed, value: number, at: number): void {
  one.last = value;
  // What came only after the load has nothing to come back to.
  const baseline = one.baseline ?? value;
  const peak = one.peak ?? baseline;
  if (value <= Math.max(baseline + BACK * (peak - baseline), baseline + leastMove(one.metric, baseline))) {
    one.backAt ??= at;
    one.looksBack++;
  } else {
    one.backAt = undefined;
    one.looksBack = 0;
  }
}

function isMoved({ metric, baseline, peak }: Followed): boolean {
  return baseline !== undefined && peak !== undefined && peak - baseline > leastMove(metric, baseline);
}

/** Less than this is what a gauge does by itself. */
function leastMove(metric: string, baseline: number): number {
  const floor = metric.endsWith("_ratio") ? 0.05 : metric.endsWith("_seconds") ? 0.02 : 1;
  return Math.max(floor, Math.abs(baseline) * 0.1);
}

/** What was observed while the load went on: neither before it nor after its end, if that is known. */
export function duringLoad(observations: Observation[], loadEndedAt = Number.POSITIVE_INFINITY): Observation[] {
  return observations.filter(({ at }) => at >= 0 && at <= loadEndedAt);
}
