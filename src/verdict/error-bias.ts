import { addHistograms, type HistogramData, quantile } from "../metrics/histogram.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import { duration } from "../metrics/units.ts";

const Q = 0.95;
/** A p95 of fewer tells little. */
const FEWEST = 200;
/** Less is within what two runs differ by. */
const LEAST_SHARE = 0.1;

/**
 * Latency is that of all requests, so that failures which come back at once make it look better than what users got who
 * were served. Says by how much, if it is much.
 */
export function errorBias({ series }: Snapshot): string[] {
  const sum = (all: HistogramData[]) => (all.length === 0 ? undefined : all.reduce(addHistograms));
  const success = sum(series.map((one) => one.success.response));
  const failure = sum(series.map((one) => one.failure.response));
  if (success === undefined || failure === undefined || success.count < FEWEST || failure.count === 0) return [];
  const served = quantile(success, Q) ?? 0;
  const all = quantile(addHistograms(success, failure), Q) ?? 0;
  if (served <= all * (1 + LEAST_SHARE)) return [];
  const share = all === 0 ? "" : `, ${Math.round((served / all - 1) * 100)} % more`;
  return [
    `failed requests made p95(latency) look better: ${duration(all)}; of the successful ones it was ${duration(served)}${share}`,
  ];
}
