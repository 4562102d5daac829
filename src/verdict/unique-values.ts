import { metricSeries, parseSeriesName } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import { MOST_VALUES } from "../metrics/value-set.ts";

/** How many values that may come once were one of these, by the name of their request. */
export function uniqueValues({ counters }: Snapshot, result: "duplicate" | "unchecked"): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, count] of metricSeries(counters, "plimsoll_unique_values_total")) {
    const { labels } = parseSeriesName(name);
    if (labels["result"] === result && count > 0) found.set(labels["request"] ?? "", count);
  }
  return found;
}

/** Whatever thresholds admit: that nothing comes twice was asked of every value. */
export function duplicateBreaches(snapshot: Snapshot): string[] {
  return [...uniqueValues(snapshot, "duplicate")].map(
    ([request, count]) => `${request}: ${values(count)} of expect.unique came more than once`,
  );
}

export function uniqueDoubts(snapshot: Snapshot): string[] {
  return [...uniqueValues(snapshot, "unchecked")].map(
    ([request, count]) =>
      `${request}: ${values(count)} of expect.unique could not be compared (at most ${MOST_VALUES} are)`,
  );
}

function values(count: number): string {
  return count === 1 ? "1 value" : `${count} values`;
}
