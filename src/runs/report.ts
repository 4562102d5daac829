import { type Conclusion, concludeRun } from "./conclusion.ts";
import { openRun, type RunFileProblem } from "./open-run.ts";
import type { RunEvent } from "./sink.ts";
import { standingOf } from "./standing.ts";
import type { StoredRun } from "./stored-run.ts";
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

/** A report that can be shown: with what the page has of a run. */
export interface ShownReport extends Report {
  shown: Shown;
}

/** Reads a run file; a killed run is judged from what is in it. */
export function reportOf(path: string): Report | RunFileProblem {
  return read(path, told);
}

/** The same with what the page shows, which the report as HTML embeds. */
export function shownReportOf(path: string): ShownReport | RunFileProblem {
  return read(path, (run, conclusion) => ({ ...told(run, conclusion), shown: shown(run, conclusion) }));
}

/** Opens and concludes a run once, whatever is made of it. */
function read<T>(path: string, make: (run: StoredRun, conclusion: Conclusion) => T): T | RunFileProblem {
  const run = openRun(path);
  if (run.kind === "problem") return run;
  try {
    return make(run, concludeRun(run));
  } finally {
    run.close();
  }
}

function told(run: StoredRun, { target, ...conclusion }: Conclusion): Report {
  const events = [...run.events()];
  const evidence = events.flatMap((event) => event.evidence ?? []);
  const summary = summarise({ ...conclusion, plan: run.plan, target: target.summary(), evidence });
  return { kind: "report", summary, events, interrupted: run.outcome === undefined, damage: run.damage };
}

function shown(run: StoredRun, { target, verdict, ...conclusion }: Conclusion): Shown {
  const figures = { ...conclusion, verdict, target: target.summary() };
  const sink = new ViewSink(() => figures);
  sink.start(run.plan);
  for (const tick of run.ticks()) sink.write({ ...tick, thresholds: [] });
  const view = sink.view;
  if (view === undefined) throw new Error("a sink that was started has a view");
  view.state = verdict.state;
  return { view, standing: standingOf(figures) };
}
