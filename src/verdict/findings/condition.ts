import { clientFigure } from "../client-history.ts";
import { type Judged, worst } from "../limit-watch.ts";
import { type Measured, noData, tooFew } from "../measured.ts";
import type { Stretch } from "../phase.ts";
import { addReadings, noReading } from "../reading.ts";
import type { RunSeries } from "../run-series.ts";
import { measureSeries } from "../target-measure.ts";
import type { Limit, Threshold } from "../threshold.ts";

/** Something that is asked of each level of load: a threshold of the plan, or that no request fails where there is none. */
export interface Condition {
  threshold: Threshold;
  limit: Limit;
  /** The threshold's place in the plan; undefined for one that is not of the plan. */
  index: number | undefined;
}

/**
 * The conditions of a run: the critical limits of its thresholds, or the targets where none is critical. Left out is what
 * means nothing at one level of load: a least throughput, a number over the whole run, a slope.
 */
export function conditionsOf({ plan }: RunSeries): Condition[] {
  const each = plan.thresholds
    .map((threshold, index) => ({ threshold, index }))
    .filter(({ threshold }) => {
      const { aggregation, critical, target } = threshold;
      const atLeast = (critical ?? target)?.operator.startsWith(">") ?? false;
      const counted = threshold.metric === "requests" || threshold.metric === "iterations";
      return aggregation.kind !== "slope" && aggregation.kind !== "count" && !(counted && atLeast);
    });
  const of = (level: "critical" | "target") =>
    each.flatMap(({ threshold, index }): Condition[] => {
      const limit = threshold[level];
      return limit === undefined ? [] : [{ threshold, limit, index }];
    });
  const critical = of("critical");
  if (critical.length > 0) return critical;
  const targets = of("target");
  return targets.length > 0 || plan.thresholds.length > 0 ? targets : [noFailures];
}

const noFailures: Condition = {
  threshold: {
    expression: "no failed request",
    aggregation: { kind: "ratio" },
    subject: "client",
    metric: "errors",
    filters: {},
  },
  limit: { operator: "==", value: 0, text: "0" },
  index: undefined,
};

/** How a condition stands over some stretches of the run alone. */
export function judgeIn(
  series: RunSeries,
  { threshold, limit, index }: Condition,
  ...stretches: readonly Stretch[]
): Judged {
  return worst(measureIn(series, threshold, index, stretches), limit);
}

/** As `judgeIn`, but a percentile of too few samples still tells which side of its limit was seen. */
export function judgeByFew(series: RunSeries, condition: Condition, stretch: Stretch): Judged {
  const judged = judgeIn(series, condition, stretch);
  if (judged.state !== "few_samples" || judged.value === undefined) return judged;
  const { operator, value: limit } = condition.limit;
  const far = operator.startsWith("<") ? judged.value > limit : operator.startsWith(">") && judged.value < limit;
  return { ...judged, state: far ? "broken" : "ok" };
}

function measureIn(
  series: RunSeries,
  threshold: Threshold,
  index: number | undefined,
  stretches: readonly Stretch[],
): Measured[] {
  const { metric, filters, aggregation } = threshold;
  if (threshold.subject === "target") {
    const matching = series.target.matching(metric, filters);
    if (matching.length === 0) return [noData("no source gave it")];
    return matching.map((one) => measureSeries(one, aggregation, { kind: "stretches", stretches: [...stretches] }));
  }
  const moments = stretches.flatMap((stretch) => series.momentsIn(stretch));
  const readings = moments.map(({ readings, failures, latency }) =>
    index === undefined ? { ms: latency.ms, part: failures, whole: latency.part } : (readings[index] ?? noReading),
  );
  const counted = readings.reduce(addReadings, noReading);
  const value = clientFigure(threshold, counted, true);
  if (value === undefined) return [noData("nothing was counted")];
  const lacking = tooFew(aggregation, counted.times?.count ?? 0);
  return [lacking === undefined ? { value } : { value, lacking }];
}
