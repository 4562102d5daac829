import type { Exchange, Request, Session } from "../client/client.ts";
import type { Tracer } from "../client/trace.ts";
import type { Aggregator, Counter } from "../metrics/aggregator.ts";
import type { Clock, Timer } from "../metrics/clock.ts";
import type { Sample } from "../metrics/sample.ts";
import type { Wait } from "../scenario/plan.ts";
import { type Scope, TemplateError } from "../scenario/template.ts";
import type { CodeRun, CompiledCode } from "./code.ts";
import type { CompiledClass } from "./compile.ts";
import { Lane, Traffic } from "./lanes.ts";
import { FlowError, type Instruction, noSlots, nothing, type Program, type Slots } from "./program.ts";
import type { Random } from "./random.ts";
import type { CompiledRequest } from "./request.ts";

/** What all users of a worker share. */
export interface Surroundings {
  clock: Clock;
  aggregator: Aggregator;
  succeeded: Counter;
  failed: Counter;
  tracer: Tracer | undefined;
}

/** A user whose start steps fail, or whose task sends nothing, would spin: it pauses at least this long. */
const BACK_OFF_MS = 1_000;
/**
 * One user: its start steps, then iterations (a task by weight or in sequence) until it is stopped, then its stop steps; an
 * iteration that has begun is finished. A step that fails ends its task, as what follows may need what it would have
 * captured; a user whose start steps fail tries them again. It goes on where the response comes in, without a promise: an
 * async loop takes a twentieth of a request's CPU time.
 */
export class User {
  readonly #class: CompiledClass;
  readonly #session: Session;
  readonly #scope: Scope;
  readonly #around: Surroundings;
  readonly #lane: Lane;
  /** Beside the one that is always there, once requests have been sent in parallel. */
  readonly #moreLanes: Lane[] = [];
  #started: boolean;
  /** Iterations so far. */
  #turn = 0;
  /** What it is at: the steps of its start, of a task or of its stop, the next of them, and the last request. */
  #phase: "start" | "task" | "stop" = "start";
  #program: Program = nothing;
  #at = 0;
  #slots: Slots = noSlots;
  #step: CompiledRequest | undefined;
  #request: Request | undefined;
  #sending = false;
  /** Nothing was sent, or the last request could not be. */
  #stuck = false;
  #ended: () => void = () => {};
  #pause: { timer: Timer; over(): void } | undefined;
  #thinking: { timer: Timer } | undefined;
  #code: CodeRun | undefined;
  #stopped = false;
  #aborted = false;

  constructor(compiled: CompiledClass, session: Session, scope: Scope, around: Surroundings) {
    this.#class = compiled;
    this.#session = session;
    this.#scope = scope;
    this.#around = around;
    this.#lane = new Lane(session, around.tracer !== undefined);
    this.#started = compiled.start.instructions.length === 0;
  }

  /** It begins no further iteration. */
  stop(): void {
    this.#stopped = true;
    this.#pause?.timer.cancel();
    this.#pause?.over();
  }

  /** Ends what it has under way, too. */
  abort(): void {
    this.#aborted = true;
    this.stop();
    this.#session.close();
    this.#code?.abort();
    if (this.#thinking === undefined) return;
    this.#thinking.timer.cancel();
    this.#thinking = undefined;
    this.#end(false);
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
      if (this.#stopped || !(asked || next())) this.finish(resolve);
      else this.iterate(due, ended);
    };
    const ended = () => {
      asked = !this.#started;
      const now = this.#lane.dueAt;
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
    this.#ended = ended;
    this.#lane.dueAt = due;
    if (this.#started) this.#beginTask();
    else this.#begin("start", this.#class.start);
  }

  /** Does the stop steps, if it has started and is not aborted; then it is over, and `ended` is called. */
  finish(ended: () => void): void {
    this.#stopped = true;
    this.#ended = () => {
      this.#session.close();
      ended();
    };
    this.#lane.dueAt = this.#around.clock.now();
    this.#begin("stop", this.#started && !this.#aborted ? this.#class.stop : nothing);
  }

  #beginTask(): void {
    this.#begin("task", this.#class.pick(this.#scope.random, this.#turn++));
  }

  #begin(phase: "start" | "task" | "stop", program: Program): void {
    this.#phase = phase;
    this.#program = program;
    this.#at = 0;
    this.#slots = program.slots === 0 ? noSlots : new Array(program.slots);
    this.#stuck = true;
    this.#goOn();
  }

  /** Goes to the next step that takes time, or ends. */
  #goOn(): void {
    const { instructions } = this.#program;
    let instruction = instructions[this.#at++];
    while (instruction?.kind === "jump") {
      const next = this.#jump(instruction);
      if (next === undefined) {
        this.#end(false);
        return;
      }
      this.#at = next + 1;
      instruction = instructions[next];
    }
    switch (instruction?.kind) {
      case "request":
        this.#send(instruction);
        break;
      case "think":
        this.#think(instruction);
        break;
      case "parallel":
        this.#together(instruction.requests);
        break;
      case "code":
        this.#run(instruction);
        break;
      case undefined:
        this.#end(true);
    }
  }

  #send(step: CompiledRequest): void {
    const request = this.#prepare(step, this.#lane);
    if (request === undefined) {
      this.#end(false);
      return;
    }
    this.#step = step;
    this.#request = request;
    this.#sending = true;
    this.#session.send(request, this.#settled);
    this.#sending = false;
  }

  readonly #settled = (exchange: Exchange): void => {
    // What ends before it is sent could not be.
    if (this.#sending) this.#stuck = true;
    this.#settle(this.#step as CompiledRequest, this.#lane, this.#request as Request, exchange);
    if (exchange.failure === undefined) this.#goOn();
    else this.#end(false);
  };

  /** Sends requests at the same time; one that finds all lanes taken is due when one is free. */
  #together(steps: readonly CompiledRequest[]): void {
    const traffic = new Traffic(this.#lane, this.#moreLanes);
    let good = true;
    let readyAt = 0;
    for (const step of steps) {
      traffic.use((lane, done) => {
        this.#perform(step, lane, (exchange) => {
          if (exchange === undefined || exchange.failure !== undefined) good = false;
          readyAt = Math.max(readyAt, lane.dueAt);
          done();
        });
      });
    }
    traffic.whenIdle(() => {
      this.#lane.dueAt = readyAt;
      if (good) this.#goOn();
      else this.#end(false);
    });
  }

  #run(code: CompiledCode): void {
    const { clock } = this.#around;
    const beganAt = clock.now();
    const { dueAt } = this.#lane;
    const traffic = new Traffic(this.#lane, this.#moreLanes);
    let sent = false;
    this.#code = code.run({
      scope: this.#scope,
      clock,
      send: (step, settled) => {
        traffic.use((lane, done) => {
          lane.dueAt = sent ? clock.now() : dueAt;
          sent = true;
          this.#perform(step, lane, (exchange) => {
            settled(exchange);
            done();
          });
        });
      },
      // What the code did not await is waited for here: a lane has one request at a time.
      ended: (good) => {
        this.#code = undefined;
        traffic.whenIdle(() => {
          this.#lane.dueAt = clock.now();
          if (this.#lane.dueAt - beganAt >= 1) this.#stuck = false;
          if (good) this.#goOn();
          else this.#end(false);
        });
      },
    });
  }

  /** Sends a request over a lane and records it; `settled` has what came of it, or nothing if it could not be made. */
  #perform(step: CompiledRequest, lane: Lane, settled: (exchange: Exchange | undefined) => void): void {
    const request = this.#prepare(step, lane);
    if (request === undefined) {
      settled(undefined);
      return;
    }
    let sending = true;
    lane.session.send(request, (exchange) => {
      // What ends before it is sent could not be.
      if (sending) this.#stuck = true;
      this.#settle(step, lane, request, exchange);
      settled(exchange);
    });
    sending = false;
  }

  #think(pause: { minMs: number; maxMs: number }): void {
    const { clock } = this.#around;
    this.#stuck = false;
    const timer = clock.at(clock.now() + uniform(pause, this.#scope.random), () => {
      this.#thinking = undefined;
      this.#lane.dueAt = clock.now();
      this.#goOn();
    });
    this.#thinking = { timer };
  }

  /** The place of the next instruction; undefined if it cannot be told: the task has failed. */
  #jump(instruction: Extract<Instruction, { kind: "jump" }>): number | undefined {
    try {
      return instruction.next(this.#scope, this.#slots, this.#around.clock.now());
    } catch (error) {
      if (!(error instanceof FlowError || error instanceof TemplateError)) throw error;
      this.#stuck = true;
      const { user, task } = this.#program.owner;
      this.#around.aggregator.exception({ user, task, message: error.message, traceback: "" }, this.#lane.dueAt);
      return undefined;
    }
  }

  #end(good: boolean): void {
    const { succeeded, failed, clock } = this.#around;
    if (!good && this.#slots !== noSlots) this.#program.abandon(this.#slots, clock.now());
    if (this.#phase === "task") (good ? succeeded : failed).add(1);
    if (this.#phase === "start" && good) {
      this.#started = true;
      this.#beginTask();
    } else this.#ended();
  }

  /** A step's request, or undefined if it cannot be made, which is recorded. */
  #prepare(step: CompiledRequest, lane: Lane): Request | undefined {
    const { aggregator, clock, tracer } = this.#around;
    const { trace } = lane;
    let request: Request;
    try {
      request = step.request(this.#scope, lane.dueAt);
      this.#stuck = false;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#stuck = true;
      aggregator.add(unsent(step.series, lane.dueAt, error.message));
      lane.dueAt = clock.now();
      return undefined;
    }
    if (tracer !== undefined && trace !== undefined) {
      tracer.begin(trace);
      if (request.headers !== lane.headers) {
        lane.headers = request.headers;
        lane.traced = [...request.headers, "traceparent", ""];
      }
      lane.traced[lane.traced.length - 1] = trace.traceparent;
      request.headers = lane.traced;
    }
    return request;
  }

  /** Judges and records what a step's request came to. */
  #settle(step: CompiledRequest, lane: Lane, request: Request, exchange: Exchange): void {
    const { aggregator, clock, tracer } = this.#around;
    const { trace } = lane;
    step.settle(exchange, this.#scope);
    // Reading the clock costs as much as recording: only where a body took time to look at.
    lane.dueAt = exchange.body === undefined ? exchange.endedAt : clock.now();
    aggregator.add(exchange);
    if (tracer !== undefined && trace !== undefined) {
      tracer.end(trace, exchange, () => step.traced(request, exchange, this.#scope));
    }
  }
}

function uniform({ minMs, maxMs }: { minMs: number; maxMs: number }, random: Random): number {
  return minMs + (maxMs - minMs) * random();
}

/** How long a user that keeps no pace pauses, in milliseconds. */
function pauseOf(wait: Exclude<Wait, { kind: "pace" }>, random: Random): number {
  switch (wait.kind) {
    case "uniform":
      return uniform(wait, random);
    case "poisson":
      return -Math.log(1 - random()) * wait.meanMs;
  }
}

/** A request that could not be made, because something to fill in was not there, is a failed one, not a silent gap. */
function unsent(series: number, at: number, reason: string): Sample {
  const failure = { kind: "assertion", detail: `not sent: ${reason}` } as const;
  return { series, intendedAt: at, startedAt: at, endedAt: at, bytesIn: 0, bytesOut: 0, failure };
}
