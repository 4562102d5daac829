import type { BreachEvidence } from "../metrics/exhibit.ts";
import type { Observation } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Plan } from "../scenario/plan.ts";
import type { ThresholdState, Verdict } from "../verdict/verdict.ts";

/** Something that happened at a moment: a stage, a load that somebody changed, a source that went down, a worker that was lost. */
export interface RunEvent {
  /** The run's milliseconds. */
  at: number;
  kind:
    | "setup"
    | "teardown"
    | "stage"
    | "scale"
    | "search"
    | "check"
    | "source"
    | "worker"
    | "stop"
    | "generator"
    | "baseline-start"
    | "load-end"
    | "recovered"
    | "evidence";
  /** For people. */
  message: string;
  /** Of the kind `evidence`: what was shown when these limits broke. */
  evidence?: BreachEvidence;
}

/** What happened in one second: all that a sink, the judge and the run file ever see of a run. */
export interface Tick {
  /** The sum of all workers since the run's start, cumulative. Its `at` is the tick's time. */
  snapshot: Snapshot;
  /** What sources said since the last tick. */
  observations: Observation[];
  /** What happened since the last tick. */
  events: RunEvent[];
  thresholds: ThresholdState[];
  /** Where in the run it is; where it is not said, the load goes on. Before the load times are below 0. */
  phase?: RunPhase;
}

/** The target is watched before the load (`baseline`), while it goes on, and after it (`recovery`). */
export type RunPhase = "baseline" | "load" | "recovery";

/**
 * Somebody who is told. `start` comes first, `stop` last, each once; `write` in between, in the order of time. A sink that
 * throws is reported once and told no more; it never disturbs the run.
 */
export interface Sink {
  name: string;
  start(plan: Plan): void;
  write(tick: Tick): void;
  stop(verdict: Verdict): Promise<void>;
}
