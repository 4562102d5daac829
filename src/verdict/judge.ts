import { type Observation, seriesName } from "../metrics/observation.ts";
import { type Snapshot, snapshotSince } from "../metrics/snapshot.ts";
import { ClientFigures } from "./client-figures.ts";
import { type Measured, tooFew } from "./measured.ts";
import { type TaggedLoad, type TagsOf, tagsOf } from "./tags.ts";
import { type TargetSeries, TargetStatistics } from "./target-statistics.ts";
import type { Aggregation, Limit, Threshold } from "./threshold.ts";
import type { ThresholdState } from "./verdict.ts";

/** A series with gaps in more than this share of its source's looks cannot show that a limit held. */
export const GAP_SHARE = 0.1;

/** What of a plan the judge needs. */
export interface JudgedPlan {
  thresholds: readonly Threshold[];
  /** The classic `le` bounds in seconds. */
  bounds: readonly number[];
  /** What is before it counts in no threshold; the run's milliseconds. */
  warmUpMs: number;
  /** Which tags its tasks have; without them none. */
  loads?: readonly TaggedLoad[];
}

/**
 * Judges thresholds over the run so far. Neither no data nor too little is ever a pass:
 *
 * - A percentile q needs 10 / (1 − q) samples, so that ten of them lie beyond it: 200 for p95, 1,000 for p99, 100,000
 *   for p99.99. With fewer it is `few_samples`, whichever side of its limit it is on. The same holds for a target's
 *   percentile, whose samples are the looks at its source: one a second is 200 seconds for p95; `max` needs but one.
 * - A target series whose source was down in more than a tenth of its looks is `few_samples`, but a limit that was
 *   broken in what was seen stays `broken`.
 */
export class Judge {
  readonly #plan: JudgedPlan;
  readonly #tags: TagsOf;
  /** What was seen of the target so far, warm-up included. */
  readonly target = new TargetStatistics();
  /** Without the warm-up. */
  readonly #counted: TargetStatistics;
  /** The client's figures at the end of the warm-up. */
  #baseline: Snapshot | undefined;

  constructor(plan: JudgedPlan) {
    this.#plan = plan;
    this.#tags = tagsOf(plan.loads ?? []);
    this.#counted = plan.warmUpMs > 0 ? new TargetStatistics() : this.target;
  }

  observe(observations: readonly Observation[]): void {
    this.target.observe(observations);
    if (this.#counted === this.target) return;
    this.#counted.observe(observations.filter(({ at }) => at >= this.#plan.warmUpMs));
  }

  /**
   * The state of each limit, in the order of the thresholds, target before critical. The first snapshot past the warm-up is
   * what later ones are counted from.
   */
  evaluate(snapshot: Snapshot): ThresholdState[] {
    const since = this.#sinceWarmUp(snapshot);
    const client = since && new ClientFigures(since, this.#plan.bounds, this.#tags);
    return this.#plan.thresholds.flatMap((threshold) => {
      const measured =
        client === undefined
          ? [warmingUp]
          : threshold.subject === "client"
            ? [client.measure(threshold)]
            : this.#measureTarget(threshold);
      const { expression, target, critical } = threshold;
      const states: ThresholdState[] = [];
      if (target !== undefined) states.push({ expression, level: "target", limit: target, ...worst(measured, target) });
      if (critical !== undefined) {
        states.push({ expression, level: "critical", limit: critical, ...worst(measured, critical) });
      }
      return states;
    });
  }

  /** Undefined while it lasts. */
  #sinceWarmUp(snapshot: Snapshot): Snapshot | undefined {
    const { warmUpMs } = this.#plan;
    if (warmUpMs <= 0) return snapshot;
    if (snapshot.at < warmUpMs) return undefined;
    this.#baseline ??= snapshot;
    return snapshotSince(snapshot, this.#baseline);
  }

  #measureTarget({ metric, filters, aggregation }: Threshold): Measured[] {
    const matching = this.#counted.matching(metric, filters);
    if (matching.length > 0) return matching.map((series) => measureSeries(series, aggregation));
    const failing = this.#counted.failingSources();
    const hint = failing.length === 0 ? "is it among what watch: asks for?" : `down: ${failing.join(", ")}`;
    const reason = `no source gave ${seriesName(metric, filters)} (${hint})`;
    return [{ lacking: { state: "no_data", reason, breakable: false } }];
  }
}

const warmingUp: Measured = {
  lacking: { state: "no_data", reason: "the run did not outlast its warm-up", breakable: false },
};

function measureSeries(series: TargetSeries, aggregation: Aggregation): Measured {
  const value = seriesValue(series, aggregation);
  const measured: Measured = { series: series.name, ...(value === undefined ? {} : { value }) };
  if (value === undefined) {
    const reason = `${series.name} was seen once: a rate or an increase needs two values`;
    return { ...measured, lacking: { state: "few_samples", reason, breakable: false } };
  }
  const few = tooFew(aggregation, series.count);
  if (few !== undefined) return { ...measured, lacking: few };
  if (series.gaps > GAP_SHARE * series.looks) {
    const reason = `source ${series.source} did not answer ${series.gaps} of ${series.looks} times`;
    return { ...measured, lacking: { state: "few_samples", reason, breakable: true } };
  }
  return measured;
}

function seriesValue(series: TargetSeries, aggregation: Aggregation): number | undefined {
  switch (aggregation.kind) {
    case "quantile":
      return series.quantile(aggregation.q);
    case "avg":
      return series.mean;
    case "min":
      return series.min;
    case "max":
      return series.max;
    case "last":
      return series.last;
    case "rate":
      return series.rate;
    case "count":
      return series.rate === undefined ? undefined : series.increase;
    case "ratio":
      // The grammar has no ratio of a target metric.
      return undefined;
  }
}

type Judged = Pick<ThresholdState, "value" | "state" | "series" | "reason">;

/** Of several series the worst counts: a broken one, then one that cannot tell, then the one nearest to the limit. */
function worst(measured: readonly Measured[], limit: Limit): Judged {
  const rank = { broken: 3, no_data: 2, few_samples: 1, ok: 0 };
  const judged = measured.map((one) => judgeOne(one, limit));
  return judged.reduce((a, b) => {
    if (rank[a.state] !== rank[b.state]) return rank[a.state] > rank[b.state] ? a : b;
    return badness(b.value, limit) > badness(a.value, limit) ? b : a;
  });
}

function judgeOne({ value, lacking, series }: Measured, limit: Limit): Judged {
  const base = { ...(value === undefined ? {} : { value }), ...(series === undefined ? {} : { series }) };
  const broken = value !== undefined && !holds(value, limit);
  if (lacking === undefined || (lacking.breakable && broken)) return { ...base, state: broken ? "broken" : "ok" };
  return { ...base, state: lacking.state, reason: lacking.reason };
}

function holds(value: number, { operator, value: limit }: Limit): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
      return value === limit;
    case "!=":
      return value !== limit;
  }
}

function badness(value: number | undefined, { operator, value: limit }: Limit): number {
  if (value === undefined) return Number.NEGATIVE_INFINITY;
  if (operator === "<" || operator === "<=") return value;
  if (operator === ">" || operator === ">=") return -value;
  return operator === "==" ? Math.abs(value - limit) : -Math.abs(value - limit);
}
