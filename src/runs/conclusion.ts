import type { Snapshot } from "../metrics/snapshot.ts";
import { hasThresholds } from "../scenario/plan.ts";
import { doubtsOf } from "../verdict/doubt.ts";
import { type Analysis, analyse } from "../verdict/findings/analysis.ts";
import { Judge } from "../verdict/judge.ts";
import { duringLoad, Recovery, type RecoveryFigures } from "../verdict/recovery.ts";
import { RunSeries } from "../verdict/run-series.ts";
import type { TargetStatistics } from "../verdict/target-statistics.ts";
import { Trust, type TrustResult } from "../verdict/trust.ts";
import { decide, type ThresholdState, type Verdict } from "../verdict/verdict.ts";
import type { StoredRun } from "./stored-run.ts";

/** What a run came to. */
export interface Conclusion {
  snapshot: Snapshot;
  states: ThresholdState[];
  verdict: Verdict;
  target: TargetStatistics;
  trust: TrustResult;
  /** Where the target was watched after the load. */
  recovery: RecoveryFigures | undefined;
  analysis: Analysis;
}

/** What a run file says of the run; a run that was killed before it was judged is judged now, and counts as stopped. */
export function concludeRun(run: StoredRun): Conclusion {
  const { plan, outcome } = run;
  const judge = new Judge(plan);
  const series = new RunSeries(plan, judge);
  const trust = new Trust();
  const last = run.finalSnapshot();
  const loadEndedAt = loadEndOf(run);
  const snapshot = endSnapshot(run);
  let states: ThresholdState[] = [];
  if (outcome !== undefined) {
    for (const observation of run.observations()) judge.observe(duringLoad([observation], loadEndedAt));
  } else {
    // A window was judged at each second: so it is again.
    for (const tick of run.ticks()) {
      judge.observe(duringLoad(tick.observations, loadEndedAt));
      const { at } = tick.snapshot;
      if (at < 0 || at > snapshot.at) continue;
      series.take(tick.snapshot, tick.events);
      if (at < snapshot.at) judge.evaluate(tick.snapshot);
    }
    states = judge.conclude(snapshot);
  }
  for (const outline of run.outlines()) {
    if (outline.at >= 0) trust.observe(outline.at < snapshot.at ? outline : snapshot);
  }
  trust.observe(snapshot);
  const evidence = {
    target: judge.target,
    trust: trust.result(),
    snapshot,
    recovery: recoveryOf(run, loadEndedAt, last.at),
  };
  if (outcome !== undefined) return { ...evidence, ...outcome };
  const analysis = analyse(series, states, evidence.trust.trusted);
  const stoppedBy = "a kill of its generator (unless it still runs)";
  // Of a search the limits of the whole run say nothing: it broke them to find where they hold.
  const isSearch = plan.search !== undefined;
  const watchOnly = plan.watchMs !== undefined;
  return {
    ...evidence,
    states,
    analysis,
    verdict: decide({
      ...evidence,
      states: isSearch ? [] : states,
      doubts: watchOnly ? [] : doubtsOf(series),
      stoppedBy,
      hasThresholds: hasThresholds(plan),
      watchOnly,
    }),
  };
}

/** The last state, as of the load's end. */
export function endSnapshot(run: StoredRun): Snapshot {
  const last = run.finalSnapshot();
  return { ...last, at: Math.max(0, Math.min(last.at, loadEndOf(run) ?? last.at)) };
}

/** When the load ended, where the target was watched after it; the run's milliseconds. */
export function loadEndOf(run: StoredRun): number | undefined {
  if ((run.plan.afterMs ?? 0) <= 0) return undefined;
  return run.events().find(({ kind }) => kind === "load-end")?.at;
}

function recoveryOf(run: StoredRun, loadEndedAt: number | undefined, until: number): RecoveryFigures | undefined {
  if (loadEndedAt === undefined) return undefined;
  const recovery = new Recovery();
  recovery.loadEnded(loadEndedAt);
  for (const observation of run.observations()) recovery.observe([observation]);
  return recovery.figures(until);
}
