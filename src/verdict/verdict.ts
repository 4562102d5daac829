import type { Limit } from "./threshold.ts";

/**
 * How one limit of a threshold stands. `no_data`: nothing was measured; `few_samples`: too little to tell; neither is
 * ever a pass.
 */
export interface ThresholdState {
  expression: string;
  level: "target" | "critical";
  limit: Limit;
  /** In the limit's base unit; absent without data. */
  value?: number;
  state: "ok" | "broken" | "no_data" | "few_samples";
  /** The series that counted, where several matched: the worst. */
  series?: string;
  /** Why there is no answer, for people. */
  reason?: string;
}

export type Verdict =
  | { state: "passed"; warnings: string[] }
  | { state: "failed"; breaches: string[]; warnings: string[] }
  | { state: "stopped" | "inconclusive"; reasons: string[]; warnings: string[] };
