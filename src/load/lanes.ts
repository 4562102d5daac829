import type { Session } from "../client/client.ts";
import { TraceContext } from "../client/trace.ts";

/** Requests that a user has under way at the same time: as many as a browser has to one origin. */
const MOST_PARALLEL = 6;

/** What a user's requests go over, one at a time. */
export class Lane {
  readonly session: Session;
  readonly trace: TraceContext | undefined;
  /** The last request's headers, and the same with `traceparent`: most requests of a step have one list of headers. */
  headers: string[] = [];
  traced: string[] = [];
  /** When the next request is due; without a pace, when the user had done with the last one. */
  dueAt = 0;

  constructor(session: Session, traced: boolean) {
    this.session = session;
    this.trace = traced ? new TraceContext() : undefined;
  }
}

/**
 * A user's requests that are under way at the same time, each over a lane of its own. One that finds all of them taken waits
 * for one.
 */
export class Traffic {
  readonly #first: Lane;
  /** The user's lanes beside the first; those that are needed are added, and stay. */
  readonly #more: Lane[];
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];
  #underway = 0;
  #idle: (() => void) | undefined;

  constructor(first: Lane, more: Lane[]) {
    this.#first = first;
    this.#more = more;
    for (const lane of more) lane.dueAt = first.dueAt;
    this.#free = [...more, first];
  }

  /** Calls `use` as soon as there is a lane for it; it calls `done` when it needs it no more. */
  use(use: (lane: Lane, done: () => void) => void): void {
    const begin = (lane: Lane) => use(lane, () => this.#give(lane));
    this.#underway++;
    const lane = this.#free.pop() ?? this.#fork();
    if (lane === undefined) this.#waiting.push(begin);
    else begin(lane);
  }

  /** Calls `idle` once nothing is under way. */
  whenIdle(idle: () => void): void {
    if (this.#underway === 0) idle();
    else this.#idle = idle;
  }

  #give(lane: Lane): void {
    this.#underway--;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(lane);
    else next(lane);
    if (this.#underway > 0) return;
    const idle = this.#idle;
    this.#idle = undefined;
    idle?.();
  }

  #fork(): Lane | undefined {
    if (this.#more.length >= MOST_PARALLEL - 1) return undefined;
    const lane = new Lane(this.#first.session.fork(), this.#first.trace !== undefined);
    lane.dueAt = this.#first.dueAt;
    this.#more.push(lane);
    return lane;
  }
}
