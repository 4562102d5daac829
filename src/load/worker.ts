import type { Client } from "../client/client.ts";
import type { Tracer } from "../client/trace.ts";
import type { Aggregator } from "../metrics/aggregator.ts";
import { type Clock, sleepUntil } from "../metrics/clock.ts";
import { WorkerUniques } from "../metrics/uniques.ts";
import type { FeedTable } from "../scenario/feed-table.ts";
import { type Code, noCode } from "../scenario/module.ts";
import type { Plan, PlannedLoad } from "../scenario/plan.ts";
import { Secrets } from "../scenario/secrets.ts";
import type { Scope } from "../scenario/template.ts";
import { compileClass } from "./compile.ts";
import { customMetrics } from "./custom-metrics.ts";
import { type Executor, executorOf, type Resume } from "./executor.ts";
import { Feeder } from "./feeder.ts";
import { Population } from "./population.ts";
import { randomFrom } from "./random.ts";
import { type Share, type UserSequence, userSequence } from "./share.ts";
import { usersOf } from "./stages.ts";
import type { Surroundings } from "./user.ts";

/** How long users may take to finish what they have begun once the load has ended, where the plan does not say. */
export const GRACE_MS = 30_000;

/** What comes with a plan and is not kept with it. */
export interface Provisions {
  /** The rows of its feeds. */
  feeds: readonly FeedTable[];
  /** What each user has from its beginning. */
  variables: readonly (readonly [name: string, value: unknown])[];
}

export interface WorkerParts {
  plan: Plan;
  provisions?: Provisions;
  share: Share;
  clock: Clock;
  client: Client;
  aggregator: Aggregator;
  tracer: Tracer | undefined;
  /** A secret's value, from this worker's own environment. */
  secret(name: string): string;
  /** The functions that the plan names, if it names any. */
  code?: Code;
  /** Wall clock for templates, Unix ms. */
  wallAt(time: number): number;
  /** Called before users take rows that a worker in its place must not give again. */
  reserve?(turns: number): void;
}

/** Carries its share of a plan's loads. A worker is a worker, whether a thread of this machine or a process on another. */
export class Worker {
  /** What its users saw that may come once in the whole run. */
  readonly uniques: WorkerUniques;
  readonly #parts: WorkerParts;
  readonly #secrets: Secrets;
  readonly #populations: { load: PlannedLoad; population: Population; feeder: Feeder | undefined }[];
  /** Of each load, once they run. */
  #executors: Executor[] = [];
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();

  /** Makes the plan runnable, which takes a moment: best before the run's time 0. */
  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#secrets = new Secrets(parts.secret);
    this.uniques = new WorkerUniques(parts.aggregator);
    const { plan, aggregator, clock, tracer, client, share } = parts;
    const around: Surroundings = {
      clock,
      aggregator,
      tracer,
      succeeded: aggregator.counter("plimsoll_iterations_total", { outcome: "success" }),
      failed: aggregator.counter("plimsoll_iterations_total", { outcome: "failure" }),
    };
    const delay = aggregator.histogram("plimsoll_schedule_delay_seconds");
    const active = aggregator.gauge("plimsoll_users");
    const dropped = aggregator.counter("plimsoll_dropped_iterations_total", { reason: "no_free_user" });
    const redact = (text: string) => this.#secrets.redact(text);
    const metrics = customMetrics(plan.metrics ?? [], aggregator);
    const compiling = {
      aggregator,
      userAgent: `plimsoll/${plan.version}`,
      redact,
      code: parts.code ?? noCode,
      metrics,
      uniques: this.uniques,
      iterationTimes:
        plan.http.timings === "full" ? aggregator.histogram("plimsoll_iteration_duration_seconds") : undefined,
    };
    this.#populations = plan.loads.map((load, index) => {
      const classes = load.classes.map((one) => compileClass(one, compiling));
      const sequence = userSequence(load.classes);
      const scope = (user: number) => this.#scope(user);
      const maxUsers = usersOf(load.load);
      const feeder = this.#feeder(index, sequence);
      const population = new Population({
        clock,
        client,
        share,
        classes,
        classOf: sequence.classOf,
        scope,
        feeder,
        around,
        delay,
        active,
        dropped,
        maxUsers,
      });
      return { load, population, feeder };
    });
  }

  /** No user begins another iteration; what is under way is finished, within the plan's stop timeout. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends at once: what is under way fails as `aborted`. */
  abort(): void {
    this.#stop.abort();
    this.#abort.abort();
    for (const { population } of this.#populations) population.abort();
  }

  /** Goes on by other loads, in the same order, which are the same up to about now (`scaled`). */
  follow(loads: readonly PlannedLoad[]): void {
    for (const [i, { load }] of loads.entries()) this.#executors[i]?.follow(load);
  }

  /** Resolves when the load has ended and every user has stopped. `resume`: where to take up a lost worker's share. */
  async run(resume?: Resume): Promise<void> {
    const { share, clock, plan } = this.#parts;
    const running = this.#populations.map(({ load, population, feeder }) => {
      if (resume !== undefined) feeder?.resume(resume);
      const executor = executorOf(load, share, clock, plan.seed, resume);
      return { executor, population };
    });
    this.#executors = running.map(({ executor }) => executor);
    await Promise.all(
      running.map(async ({ executor, population }) => {
        await executor.run(population, this.#stop.signal);
        await this.#withinGrace(population);
      }),
    );
  }

  async #withinGrace(population: Population): Promise<void> {
    const { clock, plan } = this.#parts;
    const over = new AbortController();
    const settled = population.settle();
    const grace = sleepUntil(
      clock,
      clock.now() + (plan.stopTimeoutMs ?? GRACE_MS),
      AbortSignal.any([over.signal, this.#abort.signal]),
    );
    await Promise.race([settled, grace]);
    over.abort();
    population.abort();
    await settled;
  }

  #feeder(load: number, sequence: UserSequence): Feeder | undefined {
    const { plan, provisions, aggregator, reserve = () => {} } = this.#parts;
    const { feeds = [], loads, seed } = plan;
    const one = loads[load];
    if (one === undefined || one.classes.every((userClass) => userClass.feeds === undefined)) return undefined;
    const model = one.load.kind === "arrivals" ? "arrivals" : "users";
    const users = usersOf(one.load);
    const tables = provisions?.feeds ?? [];
    const exhausted = aggregator.counter("plimsoll_dropped_iterations_total", { reason: "feed_exhausted" });
    return new Feeder({ feeds, tables, loads, load, sequence, users, model, seed, reserve, exhausted });
  }

  #scope(userNumber: number): Scope {
    const { plan, provisions, clock, wallAt } = this.#parts;
    return {
      variables: new Map(provisions?.variables),
      secret: (name) => this.#secrets.value(name),
      random: randomFrom(plan.seed, userNumber),
      userNumber,
      now: () => wallAt(clock.now()),
    };
  }
}
