import type { Client } from "../client/client.ts";
import type { Tracer } from "../client/trace.ts";
import type { Aggregator, Gauge } from "../metrics/aggregator.ts";
import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Plan, PlannedLoad } from "../scenario/plan.ts";
import type { Scope } from "../scenario/template.ts";
import { type CompiledClass, compileClass } from "./compile.ts";
import { executorOf } from "./executor.ts";
import { randomFrom } from "./random.ts";
import { classSequence, type Share } from "./share.ts";
import { type Surroundings, User } from "./user.ts";

/** How long users may take to finish what they have begun once the load has ended. */
export const GRACE_MS = 30_000;

export interface WorkerParts {
  plan: Plan;
  share: Share;
  clock: Clock;
  client: Client;
  aggregator: Aggregator;
  tracer: Tracer | undefined;
  /** A secret's value, from this worker's own environment. */
  secret(name: string): string;
  /** Wall clock for templates, Unix ms. */
  wallAt(time: number): number;
}

/** Carries its share of a plan's loads. A worker is a worker, whether a thread of this machine or a process on another. */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #around: Surroundings;
  readonly #delay: Histogram;
  readonly #users: Gauge;
  readonly #active = new Set<User>();
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    const { aggregator, clock, tracer } = parts;
    this.#around = {
      clock,
      aggregator,
      tracer,
      succeeded: aggregator.counter("plimsoll_iterations_total", { outcome: "success" }),
      failed: aggregator.counter("plimsoll_iterations_total", { outcome: "failure" }),
    };
    this.#delay = aggregator.histogram("plimsoll_schedule_delay_seconds");
    this.#users = aggregator.gauge("plimsoll_users");
  }

  /** No user begins another task; what is under way is finished, within `GRACE_MS`. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends at once: what is under way fails as `aborted`. */
  abort(): void {
    this.#stop.abort();
    this.#abort.abort();
    for (const user of this.#active) user.abort();
  }

  /** Resolves when the load has ended and every user has stopped. */
  async run(): Promise<void> {
    await Promise.all(this.#parts.plan.loads.map((load) => this.#carry(load)));
  }

  async #carry({ load, classes }: PlannedLoad): Promise<void> {
    const { plan, share, clock, client, aggregator } = this.#parts;
    const compiled = classes.map((one) => compileClass(one, aggregator, `plimsoll/${plan.version}`));
    const classOf = classSequence(classes.map(({ weight }) => weight));
    const running = new Map<number, User>();
    const ended: Promise<void>[] = [];

    const start = (number: number, intendedAt: number) => {
      this.#delay.record(Math.max(0, clock.now() - intendedAt) / 1000);
      const user = new User(
        compiled[classOf(number)] as CompiledClass,
        client.open(),
        this.#scope(number),
        this.#around,
      );
      running.set(number, user);
      this.#active.add(user);
      this.#users.set(this.#active.size);
      const end = user.run().finally(() => {
        this.#active.delete(user);
        this.#users.set(this.#active.size);
      });
      ended.push(end);
    };
    const stop = (number: number) => {
      running.get(number)?.stop();
      running.delete(number);
    };

    await executorOf(load, share, clock).run({ start, stop }, this.#stop.signal);
    for (const user of running.values()) user.stop();
    await this.#withinGrace(Promise.all(ended));
  }

  async #withinGrace(ended: Promise<unknown>): Promise<void> {
    const { clock } = this.#parts;
    const over = new AbortController();
    const grace = sleepUntil(clock, clock.now() + GRACE_MS, AbortSignal.any([over.signal, this.#abort.signal]));
    await Promise.race([ended, grace]);
    over.abort();
    for (const user of this.#active) user.abort();
    await ended;
  }

  #scope(userNumber: number): Scope {
    const { plan, secret, clock, wallAt } = this.#parts;
    return {
      variables: new Map(),
      secret,
      random: randomFrom(plan.seed, userNumber),
      userNumber,
      now: () => wallAt(clock.now()),
    };
  }
}
