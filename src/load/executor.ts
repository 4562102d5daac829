import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { Load } from "../scenario/plan.ts";
import { owns, type Share } from "./share.ts";
import { endOf, userChanges } from "./stages.ts";

/** What an executor does at each moment of its schedule; times are the run's milliseconds. */
export interface Driver {
  /** The n-th user of the whole load begins; it should have at `intendedAt`. */
  start(user: number, intendedAt: number): void;
  /** It begins no further task. */
  stop(user: number): void;
}

/** Walks a load's schedule: resolves at its end, or when `stop` aborts. */
export interface Executor {
  run(driver: Driver, stop: AbortSignal): Promise<void>;
}

export function executorOf(load: Load, share: Share, clock: Clock): Executor {
  switch (load.kind) {
    case "users":
      return {
        async run(driver, stop) {
          for (const { at, user, active } of userChanges(load.stages)) {
            if (!owns(share, user)) continue;
            if (at > clock.now()) await sleepUntil(clock, at, stop);
            if (stop.aborted) return;
            if (active) driver.start(user, at);
            else driver.stop(user);
          }
          await sleepUntil(clock, endOf(load.stages), stop);
        },
      };
  }
}
