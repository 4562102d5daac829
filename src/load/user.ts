import type { Exchange, Request, Session } from "../client/client.ts";
import { TraceContext, type Tracer } from "../client/trace.ts";
import type { Aggregator, Counter } from "../metrics/aggregator.ts";
import type { Clock, Timer } from "../metrics/clock.ts";
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
 * again. It goes on where the response comes in, without a promise: an async loop takes a twentieth of a request's CPU time.
 */
export class User {
  readonly #class: CompiledClass;
  readonly #session: Session;
  readonly #scope: Scope;
  readonly #around: Surroundings;
  readonly #trace: TraceContext | undefined;
  /** The last request's headers, and the same with `traceparent`: most requests of a step have one list of headers. */
  #headers: string[] = [];
  #traced: string[] = [];
  #started: boolean;
  /** What it is at: steps of the start or of a task, which of them, and its request. */
  #steps: CompiledStep[] = [];
  #at = 0;
  #request: Request | undefined;
  #sending = false;
  /** When the next request is due; without a pace, when the user had done with the last one. */
  #dueAt = 0;
  /** The last request could not be made. */
  #stuck = false;
  #iterated: () => void = () => {};
  #pause: { timer: Timer; over(): void } | undefined;
  #stopped = false;

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
    this.#stopped = true;
    this.#pause?.timer.cancel();
    this.#pause?.over();
  }

  /** Ends what it has under way, too. */
  abort(): void {
    this.stop();
    this.#session.close();
  }

  /** Goes from iteration to iteration while `next` has one for it; resolves when it has stopped. */
  run(next: () => boolean): Promise<void> {
    const { clock } = this.#around;
    const { wait } = this.#class;
    const { random } = this.#scope;
    const { promise, resolve } = Promise.withResolvers<void>();
    let due = clock.now();
    let asked = false;
    const turn = () => {
      this.#pause = undefined;
      // A user that could not start has not used up what it was given.
      if (this.#stopped || !(asked || next())) {
        this.#session.close();
        resolve();
      } else this.iterate(due, ended);
    };
    const ended = () => {
      asked = !this.#started;
      const now = this.#dueAt;
      due = wait.kind === "pace" ? due + wait.everyMs : now + pauseOf(wait, random);
      if (!this.#started || this.#stuck) due = Math.max(due, now + BACK_OFF_MS);
      if (due <= now || this.#stopped) turn();
      else this.#pause = { timer: clock.at(due, over), over };
    };
    const over = () => {
      // Without a pace the next task is due when the user is ready, not when its timer was set.
      if (wait.kind !== "pace") due = clock.now();
      turn();
    };
    turn();
    return promise;
  }

  /**
   * One task, after the start steps if they are still to do; not if these fail. Its first request is due at `due`. `ended` is
   * called when nothing of it is under way.
   */
  iterate(due: number, ended: () => void): void {
    this.#iterated = ended;
    this.#dueAt = due;
    this.#begin(this.#started ? this.#class.pick(this.#scope.random).steps : this.#class.start);
  }

  #begin(steps: CompiledStep[]): void {
    this.#steps = steps;
    this.#at = 0;
    this.#step();
  }

  /** Sends what comes next, or ends. */
  #step(): void {
    const step = this.#steps[this.#at];
    if (step === undefined) {
      this.#end(true);
      return;
    }
    const request = this.#prepare(step);
    if (request === undefined) {
      this.#end(false);
      return;
    }
    this.#request = request;
    this.#sending = true;
    this.#session.send(request, this.#settled);
    this.#sending = false;
  }

  readonly #settled = (exchange: Exchange): void => {
    // What ends before it is sent could not be.
    if (this.#sending) this.#stuck = true;
    this.#settle(this.#steps[this.#at] as CompiledStep, this.#request as Request, exchange);
    if (exchange.failure !== undefined) this.#end(false);
    else {
      this.#at++;
      this.#step();
    }
  };

  #end(good: boolean): void {
    const { succeeded, failed } = this.#around;
    if (this.#started) (good ? succeeded : failed).add(1);
    else if (good) {
      this.#started = true;
      this.#begin(this.#class.pick(this.#scope.random).steps);
      return;
    }
    this.#iterated();
  }

  /** A step's request, or undefined if it cannot be made, which is recorded. */
  #prepare(step: CompiledStep): Request | undefined {
    const { aggregator, clock, tracer } = this.#around;
    const trace = this.#trace;
    let request: Request;
    try {
      request = step.request(this.#scope, this.#dueAt);
      this.#stuck = false;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#stuck = true;
      aggregator.add(unsent(step.series, this.#dueAt, error.message));
      this.#dueAt = clock.now();
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

  /** Judges and records what a step's request came to. */
  #settle(step: CompiledStep, request: Request, exchange: Exchange): void {
    const { aggregator, clock, tracer } = this.#around;
    const trace = this.#trace;
    step.settle(exchange, this.#scope);
    // Reading the clock costs as much as recording: only where a body took time to look at.
    this.#dueAt = exchange.body === undefined ? exchange.endedAt : clock.now();
    aggregator.add(exchange);
    if (tracer !== undefined && trace !== undefined) {
      tracer.end(trace, exchange, () => step.traced(request, exchange, this.#scope));
    }
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
