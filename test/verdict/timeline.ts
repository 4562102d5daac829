import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { PlannedLoad } from "../../src/scenario/plan.ts";
import { Judge } from "../../src/verdict/judge.ts";
import type { Threshold } from "../../src/verdict/threshold.ts";
import { decide, type ThresholdState, type Verdict } from "../../src/verdict/verdict.ts";
import { bounds, looks, type Requests } from "./evidence.ts";

/** What happens in each second of a run, and how long it lasts. */
export interface Story {
  thresholds: Threshold[];
  seconds: number;
  /** The requests that end in the second before this tick. */
  requests?: (second: number) => Requests[];
  /** What a look at the target's `metric` finds at this second; undefined where it fails. */
  look?: (second: number) => number | undefined;
  metric?: string;
  type?: "gauge" | "counter";
  warmUpMs?: number;
  loads?: PlannedLoad[];
  /** Ticks that the main thread missed. */
  skip?: (second: number) => boolean;
}

export interface Told {
  /** By second, from 0: the first limit's state. */
  states: (ThresholdState["state"] | undefined)[];
  /** Whether it had ended the load by then. */
  abortedAt: number | undefined;
  final: ThresholdState;
  verdict: Verdict;
}

export function stages(...levels: [users: number, overS: number, forS: number][]): PlannedLoad[] {
  const list = levels.map(([users, over, hold]) => ({ users, overMs: over * 1000, forMs: hold * 1000 }));
  return [{ load: { kind: "users", stages: list }, classes: [], startMs: 0 }];
}

/** Tells a judge a run second by second, as `run.ts` would, until its end or its abort. */
export function tell(story: Story): Told {
  const { thresholds, seconds, requests, look, metric = "queue_depth", type = "gauge", skip } = story;
  const judge = new Judge({ thresholds, bounds, warmUpMs: story.warmUpMs ?? 0, loads: story.loads ?? [] });
  const aggregator = new Aggregator("0", new ClassicBounds(bounds));
  const told: ThresholdState["state"][] = [];
  let abortedAt: number | undefined;
  let at = 0;
  for (; at <= seconds && abortedAt === undefined; at++) {
    for (const { count, ms = 100, task = "List", failure } of requests?.(at) ?? []) {
      const series = aggregator.series({ user: "Boss", task, request: task, method: "GET" });
      const endedAt = at * 1000 - 1;
      const sample = { series, intendedAt: endedAt - ms, startedAt: endedAt - ms, endedAt, bytesIn: 0, bytesOut: 0 };
      for (let i = 0; i < count; i++) {
        aggregator.add(failure === undefined ? sample : { ...sample, failure: { kind: failure, detail: "" } });
      }
    }
    if (look !== undefined) {
      for (const one of looks([look(at)], { metric, type })) judge.observe([{ ...one, at: at * 1000 }]);
    }
    if (skip?.(at)) continue;
    const [state] = judge.evaluate(aggregator.snapshot(at * 1000, true));
    told[at] = state?.state ?? "no_data";
    if (state?.abortedMs !== undefined) abortedAt = at;
  }
  const snapshot = aggregator.snapshot(at * 1000, true);
  const all = judge.conclude(snapshot);
  const trust = { trusted: true, reasons: [], cpu: 0, lag: 0, delay: 0 };
  const [final] = all;
  if (final === undefined) throw new Error("no threshold");
  return { states: told, abortedAt, final, verdict: decide({ states: all, trust, snapshot, hasThresholds: true }) };
}
