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
