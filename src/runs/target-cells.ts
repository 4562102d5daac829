import { metricValue, share } from "../metrics/units.ts";

/** The columns min, mean and max of a target series; a counter's are not its values but how much it rose a second. */
export function targetCells(
  metric: string,
  { min, mean, max, first, last }: { min: number; mean: number; max: number; first: number; last: number },
  seconds: number,
): [min: string, mean: string, max: string] {
  if (metric.endsWith("_total")) {
    const rose = last - first;
    // One that restarted lower has lost count of itself.
    if (rose < 0 || seconds <= 0) return ["", "restarted", ""];
    const unit = metric.endsWith("_seconds_total")
      ? share(rose / seconds)
      : `${metricValue(metric.slice(0, -6), rose / seconds)}/s`;
    return ["", unit, ""];
  }
  if (metric.endsWith("_time_seconds") || metric.endsWith("_timestamp_seconds")) {
    return ["", min === max ? "unchanged" : "changed", ""];
  }
  return [metricValue(metric, min), metricValue(metric, mean), metricValue(metric, max)];
}
