import { concludeRun } from "./conclusion.ts";
import { openRun, type RunFileProblem } from "./open-run.ts";
import type { RunEvent } from "./sink.ts";
import { type Summary, summarise } from "./summary.ts";

/** Everything that `plimsoll report RUN` prints. */
export interface Report {
  kind: "report";
  summary: Summary;
  events: RunEvent[];
  /** The run has no verdict of its own: it was killed, or still runs. */
  interrupted: boolean;
  /** What the file has lost, for people; empty for a whole one. */
  damage: string[];
}

/** Reads a run file; a killed run is judged from what is in it. */
export function reportOf(path: string): Report | RunFileProblem {
  const run = openRun(path);
  if (run.kind === "problem") return run;
  try {
    const { target, ...conclusion } = concludeRun(run);
    const summary = summarise({ ...conclusion, plan: run.plan, target: target.summary() });
    const events = [...run.events()];
    return { kind: "report", summary, events, interrupted: run.outcome === undefined, damage: run.damage };
  } finally {
    run.close();
  }
}
