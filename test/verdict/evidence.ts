import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Observation } from "../../src/metrics/observation.ts";
import type { FailureKind } from "../../src/metrics/sample.ts";
import type { Snapshot } from "../../src/metrics/snapshot.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";
import { parseThreshold, type Threshold } from "../../src/verdict/threshold.ts";

export const bounds = [...defaultBounds, 0.35];

export function thresholds(...texts: string[]): Threshold[] {
  return texts.map((text) => {
    const result = parseThreshold(text);
    if ("problem" in result) throw new Error(`${text}: ${JSON.stringify(result.problem)}`);
    return result.threshold;
  });
}

/** `count` requests of one series. */
export interface Requests {
  count: number;
  /** Response time; the service took `delayMs` less. */
  ms?: number;
  delayMs?: number;
  task?: string;
  method?: string;
  failure?: FailureKind;
}

/** What a worker really counts, after `seconds` of a run. */
export function counted(seconds: number, groups: Requests[], also?: (aggregator: Aggregator) => void): Snapshot {
  const aggregator = new Aggregator("w1", new ClassicBounds(bounds));
  for (const { count, ms = 100, delayMs = 0, task = "List", method = "GET", failure } of groups) {
    const series = aggregator.series({ user: "Boss", task, request: task, method });
    for (let i = 0; i < count; i++) {
      const sample = { series, intendedAt: 0, startedAt: delayMs, endedAt: ms, bytesIn: 0, bytesOut: 0 };
      aggregator.add(failure === undefined ? sample : { ...sample, failure: { kind: failure, detail: "" } });
    }
  }
  also?.(aggregator);
  return aggregator.snapshot(seconds * 1000, true);
}

/** A look a second at one source; undefined is a look that failed. */
export function looks(
  values: (number | undefined)[],
  series: Partial<Pick<Observation, "source" | "metric" | "labels" | "type">> = {},
): Observation[] {
  const { source = "app", metric = "queue_depth", labels = {}, type = "gauge" } = series;
  return values.flatMap((value, second) => {
    const at = second * 1000;
    const answered = value !== undefined;
    const up = { source, metric: "up", labels: { kind: "json" }, type: "gauge" as const, value: answered ? 1 : 0, at };
    return answered ? [{ source, metric, labels, type, value, at }, up] : [up];
  });
}
