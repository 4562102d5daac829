import type { Exchange, Request, Session } from "../client/client.ts";
import { TraceContext, type Tracer } from "../client/trace.ts";
import type { Aggregator, Counter } from "../metrics/aggregator.ts";
import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { Sample } from "../metrics/sample.ts";
import type { Wait } from "../scenario/plan.ts";
import { type Scope, TemplateError } from "../scenario/template.ts";
import type { CompiledClass, CompiledStep } from "./compile.ts";
import type { Random } from "./random.ts";

/** What all users of a worker share. */
export interface Surroundings {
  clock: Clock;
  aggregator: Aggregator;
  succeeded: Counter;
  failed: Counter;
  tracer: Tracer | undefined;
}

/** A user whose start steps fail, or whose requests cannot even be made, would spin: it pauses at least this long. */
const BACK_OFF_MS = 1_000;

/**
 * One user: its start steps, then iterations (a task by weight) until it is stopped; one that has begun is finished. A step
 * that fails ends its task, as what follows may need what it would have captured; a user whose start steps fail tries them
 * again. One async loop, one await a request.
 */
export class User {
  readonly #class: CompiledClass;
  readonly #session: Session;
  readonly #scope: Scope;
  readonly #around: Surroundings;
  readonly #trace: TraceContext | undefined;
  readonly #stop = new AbortController();
  /** The last request's headers, and the same with `traceparent`: most requests of a step have one list of headers. */
  #headers: string[] = [];
  #traced: string[] = [];
  #started: boolean;
  /** When the user had done with its last request: what comes next is due from then. */
  #readyAt = 0;
  /** The last request could not be made. */
  #stuck = false;

  constructor(compiled: CompiledClass, session: Session, scope: Scope, around: Surroundings) {
    this.#class = compiled;
    this.#session = session;
    this.#scope = scope;
    this.#around = around;
    this.#trace = around.tracer === undefined ? undefined : new TraceContext();
    this.#started = compiled.start.length === 0;
  }

  /** It begins no further iteration. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends what it has under way, too. */
  abort(): void {
    this.#stop.abort();
    this.#session.close();
  }

  /** Goes from iteration to iteration while `next` has one for it; resolves when it has stopped. */
  async run(next: () => boolean): Promise<void> {
    const { clock } = this.#around;
    const { wait } = this.#class;
    const { random } = this.#scope;
    const { signal } = this.#stop;
    let due = clock.now();
    let asked = false;
    while (!signal.aborted) {
      // A user that could not start has not used up what it was given.
      if (!asked && !next()) break;
      asked = !(await this.iterate(due));
      const now = this.#readyAt;
      due = wait.kind === "pace" ? due + wait.everyMs : now + pauseOf(wait, random);
      if (!this.#started || this.#stuck) due = Math.max(due, now + BACK_OFF_MS);
      if (due <= now) continue;
      await sleepUntil(clock, due, signal);
      // Without a pace the next task is due when the user is ready, not when its timer was set.
      if (wait.kind !== "pace") due = clock.now();
    }
    this.#session.close();
  }

  /** One task, after the start steps if they are still to do; false if these failed. Its first request is due at `due`. */
  async iterate(due: number): Promise<boolean> {
    const { succeeded, failed } = this.#around;
    let dueAt = due;
    if (!this.#started) {
      for (const step of this.#class.start) {
        const request = this.#prepare(step, dueAt);
        if (request === undefined || !this.#settle(step, request, await this.#session.send(request))) return false;
        dueAt = this.#readyAt;
      }
      this.#started = true;
    }
    let good = true;
    for (const step of this.#class.pick(this.#scope.random).steps) {
      const request = this.#prepare(step, dueAt);
      good = request !== undefined && this.#settle(step, request, await this.#session.send(request));
      if (!good) break;
      dueAt = this.#readyAt;
    }
    (good ? succeeded : failed).add(1);
    return true;
  }

  /** A step's request, or undefined if it cannot be made, which is recorded. */
  #prepare(step: CompiledStep, dueAt: number): Request | undefined {
    const { aggregator, clock, tracer } = this.#around;
    const trace = this.#trace;
    let request: Request;
    try {
      request = step.request(this.#scope, dueAt);
      this.#stuck = false;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#stuck = true;
      this.#readyAt = clock.now();
      aggregator.add(unsent(step.series, dueAt, error.message));
      return undefined;
    }
    if (tracer !== undefined && trace !== undefined) {
      tracer.begin(trace);
      if (request.headers !== this.#headers) {
        this.#headers = request.headers;
        this.#traced = [...request.headers, "traceparent", ""];
      }
      this.#traced[this.#traced.length - 1] = trace.traceparent;
      request.headers = this.#traced;
    }
    return request;
  }

  /** Judges and records what a step's request came to; false if it failed. */
  #settle(step: CompiledStep, request: Request, exchange: Exchange): boolean {
    const { aggregator, clock, tracer } = this.#around;
    const trace = this.#trace;
    step.settle(exchange, this.#scope);
    // Reading the clock costs as much as recording: only where a body took time to look at.
    this.#readyAt = exchange.body === undefined ? exchange.endedAt : clock.now();
    aggregator.add(exchange);
    if (tracer !== undefined && trace !== undefined) {
      tracer.end(trace, exchange, () => step.traced(request, exchange, this.#scope));
    }
    return exchange.failure === undefined;
  }
}

/** How long a user that keeps no pace pauses, in milliseconds. */
function pauseOf(wait: Exclude<Wait, { kind: "pace" }>, random: Random): number {
  switch (wait.kind) {
    case "uniform":
      return wait.minMs + (wait.maxMs - wait.minMs) * random();
    case "poisson":
      return -Math.log(1 - random()) * wait.meanMs;
  }
}

/** A request that could not be made, because something to fill in was not there, is a failed one, not a silent gap. */
function unsent(series: number, at: number, reason: string): Sample {
  const failure = { kind: "assertion", detail: `not sent: ${reason}` } as const;
  return { series, intendedAt: at, startedAt: at, endedAt: at, bytesIn: 0, bytesOut: 0, failure };
}
