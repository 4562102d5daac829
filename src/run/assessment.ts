import type { Observation } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Conclusion } from "../runs/conclusion.ts";
import type { RunEvent } from "../runs/sink.ts";
import type { StandingInput } from "../runs/standing.ts";
import { hasThresholds, type Plan, type PlannedLoad } from "../scenario/plan.ts";
import { Finder, type Lead } from "../search/finder.ts";
import { type Found, foundEvidence, ofSearch } from "../search/found.ts";
import { doubtsOf } from "../verdict/doubt.ts";
import { type Analysis, analyse } from "../verdict/findings/analysis.ts";
import { FindingsSoFar } from "../verdict/findings/so-far.ts";
import { Judge } from "../verdict/judge.ts";
import { duringLoad, Recovery, type RecoveryFigures } from "../verdict/recovery.ts";
import { RunSeries } from "../verdict/run-series.ts";
import { Trust } from "../verdict/trust.ts";
import { decide, type Evidence, type ThresholdState } from "../verdict/verdict.ts";

/** How a run ended. */
export interface RunEnd extends Pick<Evidence, "snapshot" | "stoppedBy" | "notRun"> {
  /** A worker was lost and not replaced. */
  shareLost: boolean;
  recovery: RecoveryFigures | undefined;
  warnings: readonly string[];
}

/**
 * What a run under way has shown so far, and what it comes to: limits and trust judged each second, the series that findings
 * are made of, the search that looks at them, and how the target comes back.
 */
export class Assessment {
  readonly #plan: Plan;
  readonly #judge: Judge;
  readonly #series: RunSeries;
  readonly #trust = new Trust();
  readonly #recovery = new Recovery();
  /** Of a plan that searches. */
  readonly #finder: Finder | undefined;
  #loadEndedAt: number | undefined;
  #states: ThresholdState[] = [];
  #analysis: Analysis | undefined;
  /** Of a search nothing is said before its end: it breaks limits on its way. */
  readonly #soFar: FindingsSoFar | undefined;
  #at = 0;

  /** `lead` is what a search does to the run. */
  constructor(plan: Plan, lead: Lead) {
    this.#plan = plan;
    this.#judge = new Judge(plan);
    this.#series = new RunSeries(plan, this.#judge);
    if (plan.search === undefined) this.#soFar = new FindingsSoFar(this.#series);
    else this.#finder = new Finder(plan.search, plan.loads, this.#series, lead);
  }

  /** How the limits stand, at the end of the load as they stay. */
  get states(): ThresholdState[] {
    return this.#states;
  }

  /** What is to be seen of the run at any moment. */
  health(): Pick<StandingInput, "target" | "trust" | "analysis"> {
    const analysis = this.#analysis ?? this.#soFar?.of(this.#states, this.#at);
    return { target: this.#judge.target.summary(), trust: this.#trust.result(), analysis };
  }

  /** The loads are others from a moment ahead on. */
  follow(loads: readonly PlannedLoad[]): void {
    this.#series.follow(loads);
  }

  /** `at` is the run's milliseconds. */
  loadEnded(at: number): void {
    this.#loadEndedAt = at;
    this.#recovery.loadEnded(at);
  }

  observe(observations: Observation[]): void {
    this.#recovery.observe(observations);
    this.#judge.observe(duringLoad(observations, this.#loadEndedAt));
  }

  /** How the limits stand with this snapshot: while the load goes on, or at its end. */
  judge(snapshot: Snapshot, how: "evaluate" | "conclude"): ThresholdState[] {
    this.#at = snapshot.at;
    this.#trust.observe(snapshot);
    this.#states = this.#judge[how](snapshot);
    // What a search broke on its way says nothing of the line that it found.
    if (how === "conclude") this.#states = this.#finder?.found().states ?? this.#states;
    return this.#states;
  }

  /** Adds a second of the load to what findings are made of. */
  take(snapshot: Snapshot, events: readonly RunEvent[]): void {
    this.#series.take(snapshot, events);
  }

  /** Lets the search go on, if this is one, by what was taken. */
  search(snapshot: Snapshot): void {
    this.#finder?.look(snapshot);
  }

  /** Whether the target is back where it was before the load. */
  get isBack(): boolean {
    return this.#recovery.isBack;
  }

  /** How the target came back; `until` is when watching ended, the run's milliseconds. */
  recovery(until: number): RecoveryFigures {
    return this.#recovery.figures(until);
  }

  /** What the run came to. */
  conclude({ snapshot, stoppedBy, notRun, shareLost, recovery, warnings }: RunEnd): Conclusion {
    const watchOnly = this.#plan.watchMs !== undefined;
    const states = this.#states;
    const trust = this.#trust.result();
    if (shareLost && stoppedBy === undefined) {
      trust.trusted = false;
      trust.reasons.push("a worker was lost and not replaced, so that less was asked of the target than was planned");
    }
    const found = this.#finder?.found();
    const judged = { states, trust, doubts: watchOnly ? [] : doubtsOf(this.#series) };
    const verdict = decide({
      ...(found === undefined ? judged : foundEvidence(found, trust)),
      stoppedBy,
      snapshot,
      hasThresholds: hasThresholds(this.#plan),
      watchOnly,
      notRun,
      warnings: [...warnings, ...(found?.warnings ?? [])],
    });
    const analysis = this.#meaning(found, trust.trusted);
    this.#analysis = analysis;
    return { snapshot, states, verdict, target: this.#judge.target, trust, recovery, analysis };
  }

  #meaning(found: Found | undefined, trusted: boolean): Analysis {
    const analysis = analyse(this.#series, this.#states, trusted);
    return found === undefined ? analysis : ofSearch(found, analysis);
  }
}
