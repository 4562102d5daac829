import { type Load, lengthOf } from "../scenario/plan.ts";
import type { Driver, Executor, ExecutorParts } from "./executor.ts";
import { type Schedule, Walk } from "./schedule.ts";
import { owns } from "./share.ts";
import { type UserChange, userChanges } from "./stages.ts";

type UsersLoad = Extract<Load, { kind: "users" }>;

/** So many users at each time: each begins when its turn has come, and ends when it is no longer wanted. */
export class ClosedModel implements Executor, Schedule {
  readonly #parts: ExecutorParts;
  readonly #endMs: number;
  readonly #walk: Walk;
  #changes: Iterator<UserChange, undefined>;
  #next: UserChange | undefined;
  /** So many users of the whole load have begun and not ended: those with the lowest numbers. */
  #reached = 0;
  #driver: Driver | undefined;

  constructor(load: UsersLoad, parts: ExecutorParts) {
    this.#parts = parts;
    this.#endMs = parts.startMs + lengthOf(load);
    this.#walk = new Walk(parts.clock, this);
    this.#changes = userChanges(load.stages);
    this.#next = this.#changes.next().value;
  }

  run(driver: Driver, stop: AbortSignal): Promise<void> {
    this.#driver = driver;
    return this.#walk.run(stop);
  }

  follow(load: Load): void {
    if (load.kind !== "users") return;
    const now = this.#parts.clock.now() - this.#parts.startMs;
    let wanted = 0;
    this.#changes = userChanges(load.stages);
    this.#next = this.#changes.next().value;
    while (this.#next !== undefined && this.#next.at <= now) {
      wanted = this.#next.active ? this.#next.user + 1 : this.#next.user;
      this.#next = this.#changes.next().value;
    }
    // A worker that was told too late is not where it should be.
    while (this.#reached < wanted) this.#change({ at: now, user: this.#reached, active: true });
    while (this.#reached > wanted) this.#change({ at: now, user: this.#reached - 1, active: false });
    this.#walk.again();
  }

  dueAt(): number {
    return this.#next === undefined ? this.#endMs : this.#parts.startMs + this.#next.at;
  }

  take(): boolean {
    if (this.#next === undefined) return false;
    this.#change(this.#next);
    this.#next = this.#changes.next().value;
    return true;
  }

  #change({ at, user, active }: UserChange): void {
    this.#reached = active ? user + 1 : user;
    if (!owns(this.#parts.share, user)) return;
    if (active) void this.#driver?.start(user, this.#parts.startMs + at, always);
    else this.#driver?.stop(user);
  }
}

const always = () => true;
