import { addHistograms, type HistogramData, quantile, subtractHistograms } from "../metrics/histogram.ts";
import { metricSeries } from "../metrics/observation.ts";
import type { FailureKind } from "../metrics/sample.ts";
import type { SeriesData, Snapshot } from "../metrics/snapshot.ts";

/**
 * Above it a worker's event loop has no room left to start the next request on time: queueing delay grows as
 * 1 / (1 − utilisation), tenfold at 0.9. The same limit as the alert PlimsollSaturated.
 */
export const BUSY_UTILIZATION = 0.9;
/** A worker may be busy for this share of the run, and for this long: a garbage collection is not a saturation. */
export const BUSY_SHARE = 0.05;
export const BUSY_MS = 3_000;
/** p99 of how late an event loop ran a timer: each latency can be that much too long. Alert PlimsollEventLoopLag. */
export const LAG_SECONDS = 0.1;
/** p99 of how late users and iterations started: the load was not the one that was asked for. Alert PlimsollScheduleDelay. */
export const DELAY_SECONDS = 0.05;
/** Of fewer values, p99 is the maximum: one slow start would condemn a run. */
const FEWEST_FOR_P99 = 100;

/** Failures that the target had no part in. */
const ownKinds = ["generator_fds", "generator_ports", "aborted"] as const satisfies FailureKind[];

/** Requests that never left this machine or that it broke off itself: they say nothing of the target. */
export function ownFailures(series: SeriesData): number {
  return ownKinds.reduce((sum, kind) => sum + (series.errors[kind] ?? 0), 0);
}

/** Whether the figures are the target's, or the generator's own. */
export interface TrustResult {
  trusted: boolean;
  /** Why not, and what to do; for people. */
  reasons: string[];
  /** The busiest worker's mean event-loop utilisation, 0 to 1. */
  cpu: number;
  /** The worst worker's p99 of event-loop delay, seconds. */
  lag: number;
  /** p99 of schedule delay, seconds. */
  delay: number;
}

interface Worker {
  busyMs: number;
  /** Utilisation times milliseconds. */
  work: number;
  seenMs: number;
}

/**
 * The generator's own health over a run, or from one of its snapshots on. It takes each tick's: utilisation is told of the
 * last interval only.
 */
export class Trust {
  readonly #workers = new Map<string, Worker>();
  readonly #since: Snapshot | undefined;
  #latest: Snapshot | undefined;

  constructor(since?: Snapshot) {
    this.#since = since;
    this.#latest = since;
  }

  observe(snapshot: Snapshot): void {
    const elapsed = snapshot.at - (this.#latest?.at ?? 0);
    if (elapsed < 0) return;
    this.#latest = snapshot;
    if (elapsed === 0) return;
    for (const [name, utilization] of metricSeries(snapshot.gauges, "plimsoll_eventloop_utilization_ratio")) {
      const worker = this.#workers.get(name) ?? { busyMs: 0, work: 0, seenMs: 0 };
      this.#workers.set(name, worker);
      worker.seenMs += elapsed;
      worker.work += utilization * elapsed;
      if (utilization > BUSY_UTILIZATION) worker.busyMs += elapsed;
    }
  }

  result(): TrustResult {
    const snapshot = this.#latest;
    if (snapshot === undefined) return { trusted: true, reasons: [], cpu: 0, lag: 0, delay: 0 };
    const own = (metric: "plimsoll_eventloop_delay_seconds" | "plimsoll_schedule_delay_seconds") =>
      metricSeries(snapshot.histograms, metric).map(([name, data]) => {
        const before = this.#since?.histograms[name];
        return before === undefined ? data : subtractHistograms(data, before);
      });
    const lags = own("plimsoll_eventloop_delay_seconds");
    const delays = together(own("plimsoll_schedule_delay_seconds"));
    const cpu = Math.max(0, ...[...this.#workers.values()].map(({ work, seenMs }) => work / seenMs));
    const lag = worstP99(lags);
    const delay = worstP99(delays);
    const reasons = [
      ...this.#saturation(snapshot.at - (this.#since?.at ?? 0)),
      ...exhaustion(snapshot.series, this.#since?.series ?? []),
    ];
    if (worstP99(lags.filter(tells)) > LAG_SECONDS) {
      reasons.push(
        `the generator's event loop ran ${ms(lag)} late at p99 (limit ${ms(LAG_SECONDS)}), which its latencies contain: use more --processes, fewer users, or another machine`,
      );
    }
    if (worstP99(delays.filter(tells)) > DELAY_SECONDS) {
      reasons.push(
        `users started ${ms(delay)} behind their schedule at p99 (limit ${ms(DELAY_SECONDS)}): use more --processes, fewer users, or another machine`,
      );
    }
    return { trusted: reasons.length === 0, reasons, cpu, lag, delay };
  }

  #saturation(runMs: number): string[] {
    const busiest = Math.max(0, ...[...this.#workers.values()].map(({ busyMs }) => busyMs));
    if (busiest < BUSY_MS || busiest <= BUSY_SHARE * runMs) return [];
    const limit = `${BUSY_UTILIZATION * 100} %`;
    const seconds = `${Math.round(busiest / 1000)} s of ${Math.round(runMs / 1000)} s`;
    return [
      `a worker of the generator was more than ${limit} busy for ${seconds}: use more --processes, fewer users, or another machine`,
    ];
  }
}

function exhaustion(series: readonly SeriesData[], before: readonly SeriesData[]): string[] {
  const total = (of: readonly SeriesData[], kind: FailureKind) =>
    of.reduce((sum, { errors }) => sum + (errors[kind] ?? 0), 0);
  const count = (kind: FailureKind) => total(series, kind) - total(before, kind);
  const reasons: string[] = [];
  const fds = count("generator_fds");
  if (fds > 0) {
    reasons.push(
      `${fds} requests failed because the generator had no file descriptors left: raise its limit (ulimit -n), use fewer users, or another machine`,
    );
  }
  const ports = count("generator_ports");
  if (ports > 0) {
    reasons.push(
      `${ports} requests failed because this machine had no local ports left: keep connections open, widen net.ipv4.ip_local_port_range, use fewer users, or another machine`,
    );
  }
  return reasons;
}

/** Seconds; of few values it is their maximum, and 0 of none. */
function worstP99(of: readonly HistogramData[]): number {
  return Math.max(0, ...of.map((data) => quantile(data, 0.99) ?? 0));
}

function together(of: readonly HistogramData[]): HistogramData[] {
  return of.length === 0 ? [] : [of.reduce(addHistograms)];
}

function tells({ count }: HistogramData): boolean {
  return count >= FEWEST_FOR_P99;
}

function ms(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
