import { ThresholdParser } from "./threshold-parser.ts";

/** What is taken of a metric. */
export type Aggregation =
  | { kind: "quantile"; q: number }
  | { kind: "avg" | "min" | "max" | "rate" | "ratio" | "count" | "last" };

export type Operator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** A limit in base units: seconds, bytes, a ratio of 1, a rate a second. `text` is how the scenario wrote it. */
export interface Limit {
  operator: Operator;
  value: number;
  text: string;
}

/**
 * One line of `thresholds:`, parsed. A missed target is a warning, a missed critical limit fails the run; a single limit
 * is critical.
 */
export interface Threshold {
  /** As written. */
  expression: string;
  aggregation: Aggregation;
  /** `client` for latency, service, requests, errors, good, iterations; otherwise a target metric without `target_`. */
  subject: "client" | "target";
  metric: string;
  /** Only series whose labels are these. */
  filters: Record<string, string>;
  /** For `ratio(good, 500ms)`: the latency in seconds. */
  within?: number;
  target?: Limit;
  critical?: Limit;
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
 *     FUNCTION(METRIC{LABEL="…", …}) OP LIMIT
 *     FUNCTION(METRIC{LABEL="…", …}) [target OP LIMIT] [critical OP LIMIT]
 *
 * A function is a percentile (p50, p99.9), avg, min, max, rate, ratio, count or last; a metric is one of the client's
 * (`ratio(good, 500ms)` names its latency) or one of the target's without `target_`: of the vocabulary, or of
 * `ownMetrics`, the names that the scenario's sources bring beside it. A limit needs its unit. A threshold is judged over
 * the whole run.
 */
export function parseThreshold(
  text: string,
  ownMetrics: Iterable<string> = [],
): { threshold: Threshold } | { problem: ThresholdProblem } {
  return new ThresholdParser(text, ownMetrics).parse();
}

/** The latencies in seconds that a threshold names: with these among the classic bounds, it can be answered exactly. */
export function namedLatencies({ subject, metric, within, target, critical }: Threshold): number[] {
  if (subject !== "client") return [];
  if (within !== undefined) return [within];
  if (metric !== "latency" && metric !== "service") return [];
  return [target, critical].flatMap((limit) => (limit === undefined || limit.value <= 0 ? [] : [limit.value]));
}
