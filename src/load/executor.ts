import type { Clock } from "../metrics/clock.ts";
import type { Load, PlannedLoad } from "../scenario/plan.ts";
import { ClosedModel } from "./closed-model.ts";
import { Iterations } from "./iterations.ts";
import { OpenModel } from "./open-model.ts";
import type { Share } from "./share.ts";

/** What an executor sets in motion; times are the run's milliseconds. */
export interface Driver {
  /**
   * The n-th user of the whole load begins; it should have at `intendedAt`. Before each iteration it asks whether there is
   * one for it. Resolves when it has stopped.
   */
  start(user: number, intendedAt: number, next: () => boolean): Promise<void>;
  /** It begins no further iteration. */
  stop(user: number): void;
  /** The n-th iteration of the whole load starts now, by any free user; if one has it, `ended` is called at its end. */
  arrive(n: number, intendedAt: number, ended: () => void): void;
}

/** Where a worker takes a share up: at the beginning, or where one that was lost left it. */
export interface Resume {
  /** Arrivals before this moment of the run are not its own. */
  fromMs: number;
  /** Iterations of the share that were counted before. */
  iterations: number;
  /** How many workers had the share before: its users take other rows than theirs. */
  generation: number;
  /** Users that take a row each iteration begin with this turn. */
  turns: number;
}

export const fromTheStart: Resume = { fromMs: 0, iterations: 0, generation: 0, turns: 0 };

/** Walks a load's schedule. */
export interface Executor {
  /** Resolves at its end, or when `stop` aborts. */
  run(driver: Driver, stop: AbortSignal): Promise<void>;
  /** Goes on by another load of the same kind and length, which is the same up to about now (`scaled`). */
  follow(load: Load): void;
}

/** What executors of all kinds need. */
export interface ExecutorParts {
  share: Share;
  clock: Clock;
  /** When the load begins, in the run's milliseconds. */
  startMs: number;
  resume: Resume;
}

/** How a worker carries its share of a load. */
export function executorOf(
  { load, startMs }: PlannedLoad,
  share: Share,
  clock: Clock,
  seed: number,
  resume: Resume = fromTheStart,
): Executor {
  const parts = { share, clock, startMs, resume };
  switch (load.kind) {
    case "users":
      return new ClosedModel(load, parts);
    case "arrivals":
      return new OpenModel(load, parts, seed);
    case "iterations":
      return new Iterations(load, parts);
  }
}
