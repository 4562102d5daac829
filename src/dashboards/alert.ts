import { Scope } from "./promql.ts";

/** What rules are about: every run and target that a Prometheus scrapes, by the minute. */
export const scraped = new Scope({ window: "1m" });

/**
 * First rules for Prometheus 2.42 and later. They look at every run and target that a Prometheus scrapes; `run_id` keeps
 * runs apart. Where a rule names a bucket it writes `le` as Prometheus 3 stores it: "1.0", not "1".
 */
export interface Alert {
  alert: string;
  expr: string;
  /** How long it must hold; at once if left out. */
  for?: string;
  severity: "warning" | "info";
  summary: string;
  description: string;
}
