import { Judge } from "../verdict/judge.ts";
import { duringLoad } from "../verdict/recovery.ts";
import type { ThresholdState } from "../verdict/verdict.ts";
import { concludeRun, loadEndOf } from "./conclusion.ts";
import { openRun, type RunFileProblem } from "./open-run.ts";
import type { Sink, Tick } from "./sink.ts";

/**
 * Tells sinks a run again from its file, as they would have been told while it went on: the same cumulative snapshots,
 * observations and events, the thresholds judged anew at each second, the verdict at the end.
 */
export async function replay(path: string, sinks: readonly Sink[]): Promise<RunFileProblem | undefined> {
  const run = openRun(path);
  if (run.kind === "problem") return run;
  try {
    const judge = new Judge(run.plan);
    for (const sink of sinks) sink.start(run.plan);
    const loadEndedAt = loadEndOf(run) ?? Number.POSITIVE_INFINITY;
    let thresholds: ThresholdState[] = [];
    for (const stored of run.ticks()) {
      const { at } = stored.snapshot;
      const phase = at < 0 ? "baseline" : at <= loadEndedAt ? "load" : "recovery";
      judge.observe(duringLoad(stored.observations, loadEndedAt));
      if (phase === "load") thresholds = judge.evaluate(stored.snapshot);
      const tick: Tick = { ...stored, thresholds, phase };
      for (const sink of sinks) sink.write(tick);
    }
    const { verdict } = concludeRun(run);
    await Promise.all(sinks.map((sink) => sink.stop(verdict)));
    return undefined;
  } finally {
    run.close();
  }
}
