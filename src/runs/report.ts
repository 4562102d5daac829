import { concludeRun } from "./conclusion.ts";
import { openRun, type RunFileProblem } from "./open-run.ts";
import type { RunEvent } from "./sink.ts";
import { standingOf } from "./standing.ts";
import { type Summary, summarise } from "./summary.ts";
import { type Shown, ViewSink } from "./view-sink.ts";

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
    const events = [...run.events()];
    const evidence = events.flatMap((event) => event.evidence ?? []);
    const summary = summarise({ ...conclusion, plan: run.plan, target: target.summary(), evidence });
    return { kind: "report", summary, events, interrupted: run.outcome === undefined, damage: run.damage };
  } finally {
    run.close();
  }
}

/** A run as the page shows it, from its file: what the report embeds. */
export function shownRun(path: string): { kind: "shown"; shown: Shown; damage: string[] } | RunFileProblem {
  const run = openRun(path);
  if (run.kind === "problem") return run;
  try {
    const { target, verdict, ...conclusion } = concludeRun(run);
    const figures = { ...conclusion, verdict, target: target.summary() };
    const sink = new ViewSink(() => figures);
    sink.start(run.plan);
    for (const tick of run.ticks()) sink.write({ ...tick, thresholds: [] });
    const view = sink.view;
    if (view === undefined) throw new Error("a sink that was started has a view");
    view.state = verdict.state;
    return { kind: "shown", shown: { view, standing: standingOf(figures) }, damage: run.damage };
  } finally {
    run.close();
  }
}
