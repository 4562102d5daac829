import type { Snapshot } from "../metrics/snapshot.ts";
import { Judge } from "../verdict/judge.ts";
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
}

/** What a run file says of the run; a run that was killed before it was judged is judged now, and counts as stopped. */
export function concludeRun(run: StoredRun): Conclusion {
  const { plan, outcome } = run;
  const judge = new Judge(plan);
  for (const observation of run.observations()) judge.observe([observation]);
  const snapshot = run.finalSnapshot();
  const trust = new Trust();
  for (const outline of run.outlines()) trust.observe(outline.at < snapshot.at ? outline : snapshot);
  trust.observe(snapshot);
  const evidence = { target: judge.target, trust: trust.result(), snapshot };
  if (outcome !== undefined) return { ...evidence, ...outcome };
  if (plan.warmUpMs > 0) {
    // The judge counts from the first snapshot past the warm-up: it must have seen that one.
    const first = run.ticks().find((tick) => tick.snapshot.at >= plan.warmUpMs);
    if (first !== undefined) judge.evaluate(first.snapshot);
  }
  const states = judge.evaluate(snapshot);
  const stoppedBy = "a kill of its generator (unless it still runs)";
  const hasThresholds = plan.thresholds.length > 0;
  return { ...evidence, states, verdict: decide({ ...evidence, states, stoppedBy, hasThresholds }) };
}
