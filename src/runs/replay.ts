import { Judge } from "../verdict/judge.ts";
import { concludeRun } from "./conclusion.ts";
import { openRun, type RunFileProblem } from "./open-run.ts";
import type { Sink } from "./sink.ts";

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
    for (const stored of run.ticks()) {
      judge.observe(stored.observations);
      const tick = { ...stored, thresholds: judge.evaluate(stored.snapshot) };
      for (const sink of sinks) sink.write(tick);
    }
    const { verdict } = concludeRun(run);
    await Promise.all(sinks.map((sink) => sink.stop(verdict)));
    return undefined;
  } finally {
    run.close();
  }
}
