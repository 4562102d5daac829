import { type Clock, sleepUntil } from "../metrics/clock.ts";
import { type Load, lengthOf, type PlannedLoad } from "../scenario/plan.ts";
import { arrivals } from "./arrival.ts";
import { owns, type Share } from "./share.ts";
import { userChanges } from "./stages.ts";

/** What an executor sets in motion; times are the run's milliseconds. */
export interface Driver {
  /**
   * The n-th user of the whole load begins; it should have at `intendedAt`. Before each iteration it asks whether there is
   * one for it. Resolves when it has stopped.
   */
  start(user: number, intendedAt: number, next: () => boolean): Promise<void>;
  /** It begins no further iteration. */
  stop(user: number): void;
  /** The n-th iteration of the whole load starts now, by any free user. */
  arrive(n: number, intendedAt: number): void;
}

/** Where a worker takes a share up: at the beginning, or where one that was lost left it. */
export interface Resume {
  /** Arrivals before this moment of the run are not its own. */
  fromMs: number;
  /** Iterations of the share that were counted before. */
  iterations: number;
}

export const fromTheStart: Resume = { fromMs: 0, iterations: 0 };

/** Walks a load's schedule: resolves at its end, or when `stop` aborts. */
export interface Executor {
  run(driver: Driver, stop: AbortSignal): Promise<void>;
}

type Of<Kind extends Load["kind"]> = Extract<Load, { kind: Kind }>;

/** How a worker carries its share of a load. */
export function executorOf(
  { load, startMs }: PlannedLoad,
  share: Share,
  clock: Clock,
  seed: number,
  resume: Resume = fromTheStart,
): Executor {
  switch (load.kind) {
    case "users":
      return closedModel(load, startMs, share, clock);
    case "arrivals":
      return openModel(load, startMs, share, clock, seed, resume);
    case "iterations":
      return iterations(load, startMs, share, clock, resume);
  }
}

function closedModel(load: Of<"users">, startMs: number, share: Share, clock: Clock): Executor {
  return {
    async run(driver, stop) {
      for (const { at, user, active } of userChanges(load.stages)) {
        if (!owns(share, user)) continue;
        const due = startMs + at;
        if (due > clock.now()) await sleepUntil(clock, due, stop);
        if (stop.aborted) return;
        if (active) void driver.start(user, due, always);
        else driver.stop(user);
      }
      await sleepUntil(clock, startMs + lengthOf(load), stop);
    },
  };
}

/** An arrival starts at its time whatever the responses do; a worker that was late catches up at once. */
function openModel(
  load: Of<"arrivals">,
  startMs: number,
  share: Share,
  clock: Clock,
  seed: number,
  { fromMs }: Resume,
): Executor {
  return {
    async run(driver, stop) {
      let n = 0;
      for (const at of arrivals(load.stages, load.spacing, seed)) {
        const arrival = n++;
        if (!owns(share, arrival)) continue;
        const due = startMs + at;
        if (due < fromMs) continue;
        if (due > clock.now()) await sleepUntil(clock, due, stop);
        if (stop.aborted) return;
        driver.arrive(arrival, due);
      }
      await sleepUntil(clock, startMs + lengthOf(load), stop);
    },
  };
}

/** The users of a worker take from what they have together, so that a slow one holds nothing back. */
function iterations(load: Of<"iterations">, startMs: number, share: Share, clock: Clock, resume: Resume): Executor {
  return {
    async run(driver, stop) {
      await sleepUntil(clock, startMs, stop);
      if (stop.aborted) return;
      const users = Array.from({ length: load.users }, (_, user) => user).filter((user) => owns(share, user));
      let left = users.reduce((sum, user) => sum + iterationsOf(load, user), -resume.iterations);
      const shared = () => left-- > 0;
      // Whose iterations a lost worker had counted is not known: its users are taken to have been level.
      const each = load.iterations - Math.ceil(resume.iterations / Math.max(1, users.length));
      const own = (count: number) => () => count-- > 0;
      const next = load.per === "run" ? () => shared : () => own(each);
      const ended = Promise.all(users.map((user) => driver.start(user, startMs, next())));
      const done = new AbortController();
      void ended.then(() => done.abort());
      await sleepUntil(clock, startMs + lengthOf(load), AbortSignal.any([stop, done.signal]));
    },
  };
}

const always = () => true;

/** Which of all iterations are a user's: the n-th is that of user n mod users, so that every worker has users for its own. */
function iterationsOf({ users, iterations }: Of<"iterations">, user: number): number {
  return Math.ceil((iterations - user) / users);
}
