import { subtractHistograms } from "../metrics/histogram.ts";
import { keyText, requestCount, type SeriesData, type Snapshot, type Timings } from "../metrics/snapshot.ts";

/** What was counted between two snapshots of a run; a series that counted nothing is left out. */
export function seriesSince({ series }: Snapshot, earlier: Snapshot): SeriesData[] {
  const before = new Map(earlier.series.map((one) => [keyText(one.key), one]));
  return series
    .map((one) => {
      const base = before.get(keyText(one.key));
      return base === undefined ? one : since(one, base, earlier.at);
    })
    .filter((one) => requestCount(one) > 0);
}

function since(one: SeriesData, base: SeriesData, at: number): SeriesData {
  const statuses = Object.entries(one.statuses).map(([status, { success, failure }]) => {
    const { success: succeeded, failure: failed } = base.statuses[status] ?? { success: 0, failure: 0 };
    return [status, { success: success - succeeded, failure: failure - failed }] as const;
  });
  const detailed = new Map(base.details.map(({ type, detail, count }) => [JSON.stringify([type, detail]), count]));
  const errors = Object.entries(one.errors).map(([type, count]) => [type, count - (base.errors[type] ?? 0)] as const);
  return {
    key: one.key,
    success: timingsSince(one.success, base.success),
    failure: timingsSince(one.failure, base.failure),
    statuses: Object.fromEntries(statuses.filter(([, { success, failure }]) => success + failure > 0)),
    errors: Object.fromEntries(errors.filter(([, count]) => count > 0)),
    details: one.details
      .map((error) => ({
        ...error,
        count: error.count - (detailed.get(JSON.stringify([error.type, error.detail])) ?? 0),
        firstAt: Math.max(error.firstAt, at),
      }))
      .filter(({ count }) => count > 0),
    bytesIn: one.bytesIn - base.bytesIn,
    bytesOut: one.bytesOut - base.bytesOut,
  };
}

function timingsSince(now: Timings, before: Timings): Timings {
  return {
    response: subtractHistograms(now.response, before.response),
    service: subtractHistograms(now.service, before.service),
  };
}
