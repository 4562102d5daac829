import { fewSamples, type Measured, tooFew } from "./measured.ts";
import type { View } from "./scope.ts";
import type { TargetPoints } from "./target-points.ts";
import type { TargetSeries } from "./target-statistics.ts";
import type { Aggregation } from "./threshold.ts";
import { FEWEST_POINTS } from "./trend.ts";

/** A series with gaps in more than this share of its source's looks cannot show that a limit held. */
const GAP_SHARE = 0.1;

/** What an aggregation makes of one series of the target, in what is looked at. */
export function measureSeries(
  series: TargetSeries,
  aggregation: Aggregation,
  view: Exclude<View, { kind: "none" }>,
): Measured {
  const { name, source } = series;
  const stretches = view.kind === "stretches" ? view.stretches : undefined;
  const points = view.kind === "newest" ? series.newest() : series.points(stretches);
  if (points.count === 0) return { ...fewSamples(`source ${source} did not answer in the time judged`), series: name };
  const measured = { series: name, ...figureOf(points, aggregation) };
  if (measured.value === undefined) return { ...fewSamples(tooLittle(name, aggregation, points)), series: name };
  const few = tooFew(aggregation, points.count);
  if (few !== undefined) return { ...measured, lacking: few };
  const [gaps, looks] = [series.gaps(stretches), series.looks(stretches)];
  if (view.kind === "stretches" && gaps > GAP_SHARE * looks) {
    const reason = `source ${source} did not answer ${gaps} of ${looks} times`;
    return { ...measured, lacking: { state: "few_samples", reason, breakable: true } };
  }
  return measured;
}

function tooLittle(name: string, { kind }: Aggregation, points: TargetPoints): string {
  if (kind === "slope") return `a slope needs ${FEWEST_POINTS} values, ${name} had ${points.count}`;
  return `${name} was seen once: a rate or an increase needs two values`;
}

function figureOf(points: TargetPoints, aggregation: Aggregation): Pick<Measured, "value" | "interval"> {
  const one = (value: number | undefined) => (value === undefined ? {} : { value });
  switch (aggregation.kind) {
    case "quantile":
      return { value: points.quantile(aggregation.q) };
    case "avg":
      return { value: points.mean };
    case "min":
      return { value: points.min };
    case "max":
      return { value: points.max };
    case "last":
      return { value: points.last };
    case "rate":
      return one(points.rate);
    case "count":
      return one(points.rate === undefined ? undefined : points.increase);
    case "changes":
      return one(points.count < 2 ? undefined : points.changes);
    case "slope": {
      const trend = points.trend();
      return trend === undefined ? {} : { value: trend.slope, interval: [trend.low, trend.high] };
    }
    case "ratio":
      // The grammar has no ratio of a target metric.
      return {};
  }
}
