import { sleepUntil } from "../metrics/clock.ts";
import { type Load, lengthOf } from "../scenario/plan.ts";
import type { Driver, Executor, ExecutorParts } from "./executor.ts";
import { owns } from "./share.ts";

type IterationsLoad = Extract<Load, { kind: "iterations" }>;

/** So many iterations. The users of a worker take from what they have together, so that a slow one holds nothing back. */
export class Iterations implements Executor {
  readonly #load: IterationsLoad;
  readonly #parts: ExecutorParts;

  constructor(load: IterationsLoad, parts: ExecutorParts) {
    this.#load = load;
    this.#parts = parts;
  }

  async run(driver: Driver, stop: AbortSignal): Promise<void> {
    const load = this.#load;
    const { share, clock, startMs, resume } = this.#parts;
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
  }

  /** How many there are is the plan's alone. */
  follow(): void {}
}

/** Which of all iterations are a user's: the n-th is that of user n mod users, so that every worker has users for its own. */
function iterationsOf({ users, iterations }: IterationsLoad, user: number): number {
  return Math.ceil((iterations - user) / users);
}
