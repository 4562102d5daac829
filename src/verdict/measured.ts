import type { Aggregation } from "./threshold.ts";

/** A threshold's figure for one series, in base units. */
export interface Measured {
  value?: number;
  /** Where the value is an estimate: its 95 % confidence interval. A limit within it can be neither kept nor broken. */
  interval?: readonly [low: number, high: number];
  /** Set where the value, if there is one, is not enough for a pass. */
  lacking?: Lacking;
  /** The target series it is of. */
  series?: string;
}

export interface Lacking {
  state: "no_data" | "few_samples";
  /** For people. */
  reason: string;
  /** A limit that is broken in what was seen is broken all the same. */
  breakable: boolean;
}

/** Nothing was measured. */
export function noData(reason: string): Measured {
  return { lacking: { state: "no_data", reason, breakable: false } };
}

/** Too little was measured to tell; a `value` that there is is shown all the same. */
export function fewSamples(reason: string, measured: Pick<Measured, "value" | "series"> = {}): Measured {
  return { ...measured, lacking: { state: "few_samples", reason, breakable: false } };
}

/** The samples that a percentile needs: ten beyond it. */
function samplesNeeded(q: number): number {
  // 1 − 0.9 is a little less than 0.1: without the margin p90 would need 101.
  return Math.ceil(10 / (1 - q) - 1e-6);
}

/** Why this many samples cannot answer what is asked, if they cannot. */
export function tooFew(aggregation: Aggregation, count: number): Lacking | undefined {
  if (aggregation.kind !== "quantile") return undefined;
  const needed = samplesNeeded(aggregation.q);
  if (count >= needed) return undefined;
  const name = `p${Number((aggregation.q * 100).toFixed(6))}`;
  return { state: "few_samples", reason: `${name} needs ${needed} samples, there are ${count}`, breakable: false };
}
