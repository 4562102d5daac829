import { Aggregator } from "../../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../../src/metrics/histogram.ts";
import type { Observation } from "../../../src/metrics/observation.ts";
import type { PlannedLoad } from "../../../src/scenario/plan.ts";
import { Judge } from "../../../src/verdict/judge.ts";
import { type NotedEvent, RunSeries } from "../../../src/verdict/run-series.ts";
import { bounds, type Requests, thresholds } from "../evidence.ts";

export interface Told {
  loads: PlannedLoad[];
  seconds: number;
  thresholds?: string[];
  /** The requests that end in a second; each is one iteration. */
  requests: (second: number) => Requests[];
  /** Gauges of the target at a second. */
  gauges?: (second: number) => Record<string, number>;
  counters?: (second: number) => Record<string, number>;
  users?: (second: number) => number;
  arrivals?: (second: number) => number;
  events?: NotedEvent[];
}

/** A run as findings see it, told second by second. */
export function seriesOf(told: Told): RunSeries {
  const plan = { thresholds: thresholds(...(told.thresholds ?? [])), bounds, warmUpMs: 0, loads: told.loads };
  const judge = new Judge({ ...plan, loads: told.loads });
  const series = new RunSeries(plan, judge);
  const aggregator = new Aggregator("0", new ClassicBounds(bounds));
  const iterations = aggregator.counter("plimsoll_iterations_total", { outcome: "success" });
  for (let second = 0; second <= told.seconds; second++) {
    for (const { count, ms = 100, task = "List", failure } of second === 0 ? [] : told.requests(second)) {
      const number = aggregator.series({ user: "Boss", task, request: task, method: "GET" });
      const sample = { series: number, intendedAt: 0, startedAt: 0, endedAt: ms, bytesIn: 0, bytesOut: 0 };
      for (let i = 0; i < count; i++) {
        aggregator.add(failure === undefined ? sample : { ...sample, failure: { kind: failure, detail: "" } });
        iterations.add(1);
      }
    }
    const at = second * 1000;
    const observation = (type: Observation["type"], [metric, value]: [string, number]): Observation => {
      return { source: "app", metric, labels: {}, type, value, at };
    };
    judge.observe([
      ...Object.entries(told.gauges?.(second) ?? {}).map((one) => observation("gauge", one)),
      ...Object.entries(told.counters?.(second) ?? {}).map((one) => observation("counter", one)),
      observation("gauge", ["up", 1]),
    ]);
    const snapshot = aggregator.snapshot(at, true);
    snapshot.gauges["plimsoll_users"] = told.users?.(second) ?? 0;
    if (told.arrivals !== undefined) snapshot.gauges["plimsoll_arrival_rate_target"] = told.arrivals(second);
    const events = (told.events ?? []).filter((event) => event.at > at - 1000 && event.at <= at);
    series.take(snapshot, events);
  }
  return series;
}

/** Arrivals in steps of equal length, from `by` to `steps × by` a second. */
export function steps(
  by: number,
  count: number,
  eachS: number,
): { loads: PlannedLoad[]; at: (second: number) => number } {
  const stages = Array.from({ length: count }, (_, i) => ({ perSecond: by * (i + 1), overMs: 0, forMs: eachS * 1000 }));
  const load = { kind: "arrivals", maxUsers: 1000, spacing: "constant", stages } as const;
  const at = (second: number) => by * Math.min(count, Math.floor(second / eachS) + 1);
  return { loads: [{ load: { ...load, stages: [...stages] }, classes: [], startMs: 0 }], at };
}
