import type { Request, Session } from "../client/client.ts";
import { TraceContext, type Tracer } from "../client/trace.ts";
import type { Aggregator, Counter } from "../metrics/aggregator.ts";
import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { Sample } from "../metrics/sample.ts";
import { type Scope, TemplateError } from "../scenario/template.ts";
import type { CompiledClass, CompiledStep } from "./compile.ts";

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
 * One user: its start steps, then tasks by weight with waits between them, until it is stopped; a task that has begun is
 * finished. A step that fails ends its task, as what follows may need what it would have captured; a user whose start
 * steps fail tries them again. One async loop, one await a request.
 */
export class User {
  readonly #class: CompiledClass;
  readonly #session: Session;
  readonly #scope: Scope;
  readonly #around: Surroundings;
  readonly #trace: TraceContext | undefined;
  readonly #stop = new AbortController();
  /** The last request could not be made. */
  #stuck = false;

  constructor(compiled: CompiledClass, session: Session, scope: Scope, around: Surroundings) {
    this.#class = compiled;
    this.#session = session;
    this.#scope = scope;
    this.#around = around;
    this.#trace = around.tracer === undefined ? undefined : new TraceContext();
  }

  /** It begins no further task. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends what it has under way, too. */
  abort(): void {
    this.#stop.abort();
    this.#session.close();
  }

  /** Resolves when it has stopped. */
  async run(): Promise<void> {
    const { clock, succeeded, failed } = this.#around;
    const { random } = this.#scope;
    const { minMs, maxMs } = this.#class.wait;
    const { signal } = this.#stop;
    let started = this.#class.start.length === 0;
    while (!signal.aborted) {
      const steps = started ? this.#class.pick(random).steps : this.#class.start;
      let good = true;
      for (const step of steps) {
        good = await this.#send(step);
        if (!good) break;
      }
      if (started) (good ? succeeded : failed).add(1);
      else if (good) {
        started = true;
        continue;
      }
      const now = clock.now();
      let pause = minMs + (maxMs - minMs) * random();
      if (!started || this.#stuck) pause = Math.max(pause, BACK_OFF_MS);
      if (pause > 0) await sleepUntil(clock, now + pause, signal);
    }
    this.#session.close();
  }

  /** Sends a step's request and records it; false if it failed. In a closed model it is due when its user is ready. */
  async #send(step: CompiledStep): Promise<boolean> {
    const { aggregator, tracer, clock } = this.#around;
    const trace = this.#trace;
    const dueAt = clock.now();
    let request: Request;
    try {
      request = step.request(this.#scope, dueAt);
      this.#stuck = false;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#stuck = true;
      aggregator.add(unsent(step.series, dueAt, error.message));
      return false;
    }
    if (tracer !== undefined && trace !== undefined) {
      tracer.begin(trace);
      request.headers = [...request.headers, "traceparent", trace.traceparent];
    }
    const exchange = await this.#session.send(request);
    step.settle(exchange, this.#scope);
    aggregator.add(exchange);
    if (tracer !== undefined && trace !== undefined) {
      tracer.end(trace, exchange, step.traced(request, exchange, this.#scope));
    }
    return exchange.failure === undefined;
  }
}

/** A request that could not be made, because something to fill in was not there, is a failed one, not a silent gap. */
function unsent(series: number, at: number, reason: string): Sample {
  const failure = { kind: "assertion", detail: `not sent: ${reason}` } as const;
  return { series, intendedAt: at, startedAt: at, endedAt: at, bytesIn: 0, bytesOut: 0, failure };
}
