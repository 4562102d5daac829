import { type Observation, seriesName } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Plan } from "../scenario/plan.ts";
import { ClientFigures } from "./client-figures.ts";
import { ClientHistory } from "./client-history.ts";
import { LimitWatch } from "./limit-watch.ts";
import { type Measured, noData } from "./measured.ts";
import { phasesOf, type ShapedLoad } from "./phase.ts";
import { Scope, type View } from "./scope.ts";
import { nearest } from "./spelling.ts";
import { type TaggedLoad, type TagsOf, tagsOf } from "./tags.ts";
import { measureSeries } from "./target-measure.ts";
import { TargetStatistics } from "./target-statistics.ts";
import type { Threshold } from "./threshold.ts";
import type { ThresholdState } from "./verdict.ts";

/** What of a plan the judge needs. */
export interface JudgedPlan extends Pick<Plan, "thresholds" | "bounds" | "warmUpMs"> {
  loads: readonly (TaggedLoad & ShapedLoad)[];
}

/** One threshold with what it has seen. */
interface Watched {
  threshold: Threshold;
  scope: Scope;
  /** Of one on the client. */
  history: ClientHistory | undefined;
  limits: LimitWatch[];
}

/**
 * Judges thresholds while a run goes on, once a second, and at its end. Neither no data nor too little is ever a pass:
 *
 * - A percentile q needs 10 / (1 − q) samples, so that ten of them lie beyond it: 200 for p95, 1,000 for p99, 100,000
 *   for p99.99. With fewer it is `few_samples`, whichever side of its limit it is on. The same holds for a target's
 *   percentile, whose samples are the looks at its source: one a second is 200 seconds for p95; `max` needs but one.
 * - A slope whose limit lies within its confidence interval is `few_samples`.
 * - A target series whose source was down in more than a tenth of its looks is `few_samples`, but a limit that was
 *   broken in what was seen stays `broken`.
 */
export class Judge {
  readonly #bounds: readonly number[];
  readonly #tags: TagsOf;
  #latest: { snapshot: Snapshot; figures: ClientFigures } | undefined;
  readonly #watched: Watched[];
  /** What was seen of the target so far, warm-up included. */
  readonly target = new TargetStatistics();

  constructor(plan: JudgedPlan) {
    this.#bounds = plan.bounds;
    this.#tags = tagsOf(plan.loads);
    const parts = { phases: phasesOf(plan.loads), warmUpMs: plan.warmUpMs };
    this.#watched = plan.thresholds.map((threshold) => {
      const scope = new Scope(threshold, parts);
      const { target, critical } = threshold;
      return {
        threshold,
        scope,
        history: threshold.subject === "client" ? new ClientHistory(threshold, scope) : undefined,
        limits: [
          ...(target === undefined ? [] : [new LimitWatch(threshold, "target", target)]),
          ...(critical === undefined ? [] : [new LimitWatch(threshold, "critical", critical)]),
        ],
      };
    });
  }

  /** A snapshot as thresholds ask for it: made once, for adding histograms up is what a tick costs. */
  figures(snapshot: Snapshot): ClientFigures {
    if (this.#latest?.snapshot !== snapshot) {
      this.#latest = { snapshot, figures: new ClientFigures(snapshot, this.#bounds, this.#tags) };
    }
    return this.#latest.figures;
  }

  observe(observations: readonly Observation[]): void {
    this.target.observe(observations);
  }

  /**
   * The state of each limit now, in the order of the thresholds, target before critical. Snapshots come in the order of
   * time, each once.
   */
  evaluate(snapshot: Snapshot): ThresholdState[] {
    return this.#judge(snapshot, "judge");
  }

  /** What the run comes to, with its last snapshot: what was broken in a window stays broken. Once, in place of `evaluate`. */
  conclude(snapshot: Snapshot): ThresholdState[] {
    return this.#judge(snapshot, "conclude");
  }

  #judge(snapshot: Snapshot, how: "judge" | "conclude"): ThresholdState[] {
    const client = this.figures(snapshot);
    return this.#watched.flatMap(({ threshold, scope, history, limits }) => {
      history?.take(client.read(threshold));
      const view = scope.at(snapshot.at);
      const measured = history === undefined ? this.#measureTarget(threshold, view) : [history.measure()];
      return limits.map((limit) => limit[how](snapshot.at, measured, view.kind === "none"));
    });
  }

  #measureTarget({ metric, filters, aggregation }: Threshold, view: View): Measured[] {
    if (view.kind === "none") return [noData(view.reason)];
    const matching = this.target.matching(metric, filters);
    if (matching.length > 0) return matching.map((series) => measureSeries(series, aggregation, view));
    return [noData(`no source gave ${seriesName(metric, filters)} (${this.#whyMissing(metric, filters)})`)];
  }

  /** A source that was down, a label that nobody has, or a metric that nobody tells: three different answers. */
  #whyMissing(metric: string, filters: Threshold["filters"]): string {
    const named = this.target.matching(metric, {});
    for (const [label, value] of named.length === 0 ? [] : Object.entries(filters)) {
      const values = [...new Set(named.flatMap(({ labels }) => labels[label] ?? []))];
      if (values.includes(value)) continue;
      if (values.length === 0) return `its series have no label ${label}`;
      const meant = nearest(value, values);
      return meant === undefined ? `${label} is ${values.slice(0, 5).join(", ")}` : `did you mean ${label}="${meant}"?`;
    }
    if (named.length > 0) return `none of its ${named.length} series has all of these labels`;
    const failing = this.target.failingSources();
    if (failing.length > 0) return `down: ${failing.join(", ")}`;
    if (this.target.answeringSources().length === 0) return "is it among what watch: asks for?";
    const meant = nearest(metric, [...new Set(this.target.series.map((series) => series.metric))]);
    const hint = meant === undefined ? "is it among what watch: asks for?" : `did you mean ${meant}?`;
    return `every source answered, none has it: ${hint}`;
  }
}
