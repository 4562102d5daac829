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
  const trust = new Trust();
  const snapshot = run.finalSnapshot();
  let states: ThresholdState[] = [];
  if (outcome !== undefined) {
    for (const observation of run.observations()) judge.observe([observation]);
  } else {
    // A window was judged at each second: so it is again.
    for (const tick of run.ticks()) {
      judge.observe(tick.observations);
      if (tick.snapshot.at < snapshot.at) judge.evaluate(tick.snapshot);
    }
    states = judge.conclude(snapshot);
  }
  for (const outline of run.outlines()) trust.observe(outline.at < snapshot.at ? outline : snapshot);
  trust.observe(snapshot);
  const evidence = { target: judge.target, trust: trust.result(), snapshot };
  if (outcome !== undefined) return { ...evidence, ...outcome };
  const stoppedBy = "a kill of its generator (unless it still runs)";
  const hasThresholds = plan.thresholds.length > 0;
  const watchOnly = plan.watchMs !== undefined;
  return { ...evidence, states, verdict: decide({ ...evidence, states, stoppedBy, hasThresholds, watchOnly }) };
}
