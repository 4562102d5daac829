import type { Client } from "../client/client.ts";
import { Aggregator } from "../metrics/aggregator.ts";
import type { Clock } from "../metrics/clock.ts";
import type { CustomMetric } from "../metrics/custom.ts";
import { ClassicBounds } from "../metrics/histogram.ts";
import { requestCount } from "../metrics/snapshot.ts";
import { WorkerUniques } from "../metrics/uniques.ts";
import { type Code, noCode } from "../scenario/module.ts";
import type { Step } from "../scenario/plan.ts";
import { Secrets } from "../scenario/secrets.ts";
import { customMetrics } from "./custom-metrics.ts";
import { compileProgram, nothing } from "./program.ts";
import { randomFrom } from "./random.ts";
import { User } from "./user.ts";

export interface OnceParts {
  /** `setup` or `teardown`. */
  name: string;
  steps: readonly Step[];
  /** What has a value before; what is captured comes to it. */
  variables: Iterable<readonly [name: string, value: unknown]>;
  seed: number;
  userAgent: string;
  clock: Clock;
  client: Client;
  /** The functions that the plan names, if it names any. */
  code?: Code;
  /** The scenario's own; what is recorded here is no part of the load either. */
  metrics?: readonly CustomMetric[];
  secret(name: string): string;
  /** Wall clock for templates, Unix ms. */
  wallAt(time: number): number;
}

export interface OnceResult {
  requests: number;
  tookMs: number;
  /** What was captured, and what was there before. */
  variables: [name: string, value: unknown][];
  /** Why it could not be done, for people; what follows a step that failed is not done. */
  failure?: string;
}

/**
 * Steps that run once a run, before or after the load: by one user, as a task of it, but counted apart: they are no part of
 * the load and of what it is judged by.
 */
export class Once {
  readonly #parts: OnceParts;
  readonly #aggregator = new Aggregator("", new ClassicBounds([]));
  readonly #variables: Map<string, unknown>;
  readonly #user: User;

  constructor(parts: OnceParts) {
    this.#parts = parts;
    this.#variables = new Map(parts.variables);
    const { name, steps, seed, userAgent, clock, client, wallAt, code = noCode } = parts;
    const aggregator = this.#aggregator;
    const metrics = customMetrics(parts.metrics ?? [], aggregator);
    const secrets = new Secrets((variable) => parts.secret(variable));
    const redact = (text: string) => secrets.redact(text);
    const uniques = new WorkerUniques(aggregator);
    const program = compileProgram(
      steps,
      { user: name, task: name },
      { aggregator, userAgent, redact, uniques, code, metrics },
    );
    const wait = { kind: "uniform", minMs: 0, maxMs: 0 } as const;
    const scope = {
      variables: this.#variables,
      secret: (variable: string) => secrets.value(variable),
      random: randomFrom(seed, name === "setup" ? SETUP_STREAM : TEARDOWN_STREAM),
      userNumber: 0,
      now: () => wallAt(clock.now()),
    };
    const around = {
      clock,
      aggregator,
      succeeded: aggregator.counter("plimsoll_iterations_total", { outcome: "success" }),
      failed: aggregator.counter("plimsoll_iterations_total", { outcome: "failure" }),
      tracer: undefined,
    };
    this.#user = new User(
      { name, wait, start: nothing, stop: nothing, pick: () => program },
      client.open(),
      scope,
      around,
    );
  }

  async run(): Promise<OnceResult> {
    const { clock } = this.#parts;
    const begin = clock.now();
    await new Promise<void>((resolve) => this.#user.iterate(begin, resolve));
    const tookMs = clock.now() - begin;
    this.#user.abort();
    const { series, counters, exceptions = [] } = this.#aggregator.snapshot(clock.now(), true);
    const requests = series.reduce((sum, one) => sum + requestCount(one), 0);
    const result = { requests, tookMs, variables: [...this.#variables] };
    if ((counters['plimsoll_iterations_total{outcome="failure"}'] ?? 0) === 0) return result;
    const [failed] = series.flatMap(({ key, details }) => details.map(({ detail }) => `${key.request}: ${detail}`));
    return {
      ...result,
      failure: exceptions[0]?.message ?? failed ?? "a step could not be done, or a check did not hold",
    };
  }

  /** Ends at once what is under way: it has failed then. */
  abort(): void {
    this.#user.abort();
  }
}

/** No user's streams: those are numbered from 0. */
const SETUP_STREAM = -3;
const TEARDOWN_STREAM = -4;
