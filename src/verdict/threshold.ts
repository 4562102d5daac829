import type { CustomMetric } from "../metrics/custom.ts";
import { clientMetrics } from "./threshold-metrics.ts";
import { ThresholdParser } from "./threshold-parser.ts";

/** What is taken of a metric. */
export type Aggregation =
  | { kind: "quantile"; q: number }
  | { kind: "avg" | "min" | "max" | "rate" | "ratio" | "count" | "last" | "slope" | "changes" };

export type Operator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** A limit in base units: seconds, bytes, a ratio of 1, a rate a second. `text` is how the scenario wrote it. */
export interface Limit {
  operator: Operator;
  value: number;
  text: string;
}

/** Which part of the load's plan a threshold looks at: where it is level, where it changes, or one stage, from 1. */
export type During = { kind: "hold" | "ramp" } | { kind: "stage"; stage: number };

/** Which moments of the run a threshold judges; without any of it, the whole run. Milliseconds. */
export interface Span {
  /** Windows of this length that end at each second, in place of the run so far. */
  overMs?: number;
  /** A limit is broken once it has not held for so long. */
  forMs?: number;
  /** Nothing is judged before this time from the run's start; what came before counts all the same. */
  afterMs?: number;
  /** Only what happened in this part of the load. */
  during?: During;
}

/**
 * One line of `thresholds:`, parsed. A missed target is a warning, a missed critical limit fails the run; a single limit
 * is critical.
 */
export interface Threshold extends Span {
  /** As written. */
  expression: string;
  aggregation: Aggregation;
  /** `client` for latency, service, requests, errors, good, iterations, dropped; otherwise a target metric without `target_`. */
  subject: "client" | "target";
  metric: string;
  /** One of the scenario's own metrics, which its code records. */
  custom?: CustomMetric["kind"];
  /** Only series whose labels are these. */
  filters: Record<string, string>;
  /** For `ratio(good, 500ms)`: the latency in seconds. */
  within?: number;
  target?: Limit;
  critical?: Limit;
  /** A broken critical limit ends the load, though not before this time from the run's start. */
  abort?: { afterMs: number };
}

/** Where a threshold's text cannot be read: `offset` and `length` in UTF-16 units of the text. For people. */
export interface ThresholdProblem {
  offset: number;
  length: number;
  expected: string;
  got: string;
  /** What a misspelt word most likely means. */
  suggestion?: string;
}

/**
 * Reads one line of `thresholds:`:
 *
 *     FUNCTION(METRIC{LABEL="…", …}) OP LIMIT [CLAUSE …]
 *     FUNCTION(METRIC{LABEL="…", …}) [target OP LIMIT] [critical OP LIMIT] [CLAUSE …]
 *
 * A function is a percentile (p50, p99.9), avg, min, max, rate, ratio, count, last, slope or changes; a metric is one of
 * the client's (`ratio(good, 500ms)` names its latency) or one of the target's without `target_`: of the vocabulary, or of
 * `ownMetrics`, the names that the scenario's sources bring beside it, or of `custom`, those that its code records. A limit needs its unit. A clause is `over TIME`,
 * `for TIME`, `after TIME`, `during hold`, `during ramp`, `during stage N` or `abort [after TIME]`.
 */
export function parseThreshold(
  text: string,
  ownMetrics: Iterable<string> = [],
  custom: readonly CustomMetric[] = [],
): { threshold: Threshold } | { problem: ThresholdProblem } {
  return new ThresholdParser(text, ownMetrics, custom).parse();
}

/** Whether thresholds know a client metric of this name. */
export function isClientMetric(name: string): boolean {
  return Object.hasOwn(clientMetrics, name);
}

/** The latencies in seconds that a threshold names: with these among the classic bounds, it can be answered exactly. */
export function namedLatencies({
  subject,
  metric,
  aggregation,
  within,
  target,
  critical,
}: Pick<Threshold, "subject" | "metric" | "aggregation" | "within" | "target" | "critical">): number[] {
  if (subject !== "client" || aggregation.kind === "slope") return [];
  if (within !== undefined) return [within];
  if (metric !== "latency" && metric !== "service") return [];
  return [target, critical].flatMap((limit) => (limit === undefined || limit.value <= 0 ? [] : [limit.value]));
}
