import type { Client } from "../client/client.ts";
import type { Counter, Gauge } from "../metrics/aggregator.ts";
import type { Clock } from "../metrics/clock.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Scope } from "../scenario/template.ts";
import type { CompiledClass } from "./compile.ts";
import type { Driver } from "./executor.ts";
import type { Feeder } from "./feeder.ts";
import type { Share } from "./share.ts";
import { type Surroundings, User } from "./user.ts";

export interface PopulationParts {
  clock: Clock;
  client: Client;
  share: Share;
  classes: CompiledClass[];
  /** The class of the n-th user, or arrival, of the whole load. */
  classOf(n: number): number;
  scope(user: number): Scope;
  /** Undefined where no class takes rows of a feed. */
  feeder: Feeder | undefined;
  around: Surroundings;
  /** How late users and iterations begin. */
  delay: Histogram;
  /** Users of all loads of the worker. */
  active: Gauge;
  dropped: Counter;
  /** How many users the whole load may have, for arrivals. */
  maxUsers: number;
}

/**
 * A worker's users of one load. In the closed model each has its place in the schedule; in the open model they are a pool,
 * made as arrivals need them, and an arrival that finds none is dropped: it would otherwise wait in a queue of ours that no
 * figure shows.
 */
export class Population implements Driver {
  readonly #parts: PopulationParts;
  readonly #scheduled = new Map<number, User>();
  readonly #users = new Set<User>();
  /** Idle users of the pool, by class; the one that was busy last is taken first: its connection is warm. */
  readonly #idle: User[][];
  readonly #scopes = new WeakMap<User, Scope>();
  readonly #room: number;
  #made = 0;
  #pooled = 0;
  /** Users at work. */
  #busy = 0;
  /** Set once no user begins anything more. */
  #rested: (() => void) | undefined;

  constructor(parts: PopulationParts) {
    this.#parts = parts;
    this.#idle = parts.classes.map(() => []);
    const { index, of } = parts.share;
    this.#room = Math.ceil((parts.maxUsers - index) / of);
  }

  start(number: number, intendedAt: number, next: () => boolean): Promise<void> {
    this.#noteDelay(intendedAt);
    const index = this.#parts.classOf(number);
    const user = this.#make(number, index);
    this.#scheduled.set(number, user);
    // A user that no row is left for begins no further iteration.
    const take = this.#parts.feeder?.user(number, index, this.#scopeOf(user));
    const goOn = take === undefined ? next : () => next() && take();
    this.#busy++;
    return user.run(goOn).then(() => {
      this.#forget(user);
      this.#rest();
    });
  }

  stop(number: number): void {
    this.#scheduled.get(number)?.stop();
    this.#scheduled.delete(number);
  }

  arrive(n: number, intendedAt: number, ended: () => void): void {
    const index = this.#parts.classOf(n);
    const user = this.#idle[index]?.pop() ?? this.#join(index);
    if (user === undefined) {
      this.#parts.dropped.add(1);
      return;
    }
    if (this.#parts.feeder?.arrive(n, index, this.#scopeOf(user)) === false) {
      this.#idle[index]?.push(user);
      return;
    }
    this.#noteDelay(intendedAt);
    this.#busy++;
    user.iterate(intendedAt, () => {
      this.#idle[index]?.push(user);
      this.#rest();
      ended();
    });
  }

  /** No user begins another iteration; resolves when what is under way is finished. */
  async settle(): Promise<void> {
    for (const user of this.#users) user.stop();
    await this.#allAtRest();
    // Idle users of a pool have no loop of their own that would end them.
    for (const user of [...this.#users]) this.#retire(user);
    await this.#allAtRest();
  }

  #allAtRest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#rested = resolve;
    if (this.#busy === 0) resolve();
    return promise;
  }

  abort(): void {
    for (const user of this.#users) user.abort();
  }

  /** A new user of the pool; where it is full, in place of an idle one of another class. */
  #join(index: number): User | undefined {
    if (this.#pooled >= this.#room) {
      const idle = this.#idle.find((users) => users.length > 0)?.pop();
      if (idle === undefined) return undefined;
      this.#retire(idle);
      this.#pooled--;
    }
    this.#pooled++;
    const { index: worker, of } = this.#parts.share;
    return this.#make(worker + of * this.#made++, index);
  }

  #make(number: number, index: number): User {
    const { classes, client, scope, around, active } = this.#parts;
    const own = scope(number);
    const user = new User(classes[index] as CompiledClass, client.open(), own, around);
    this.#scopes.set(user, own);
    this.#users.add(user);
    active.add(1);
    return user;
  }

  #scopeOf(user: User): Scope {
    return this.#scopes.get(user) as Scope;
  }

  #retire(user: User): void {
    this.#busy++;
    user.finish(() => {
      this.#forget(user);
      this.#rest();
    });
  }

  #forget(user: User): void {
    if (this.#users.delete(user)) this.#parts.active.add(-1);
  }

  #noteDelay(intendedAt: number): void {
    this.#parts.delay.record(Math.max(0, this.#parts.clock.now() - intendedAt) / 1000);
  }

  /** A user has done what it was at. */
  #rest(): void {
    this.#busy--;
    if (this.#busy === 0) this.#rested?.();
  }
}
