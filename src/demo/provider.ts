import { setTimeout as sleep } from "node:timers/promises";
import { type Admission, RateLimit } from "./rate-limit.ts";

export interface ProviderOptions {
  /** How long it takes to answer, on average; single answers take from 0.75 to 1.25 of it. */
  latencyMs: number;
  /** Calls it admits a second; 0: any number. */
  rateLimit: number;
  /** Of 100 calls, how many fail. */
  errorPercent: number;
}

/** As AI providers tell it, for a bill. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export type Completion =
  | { kind: "done"; text: string; usage: Usage }
  | { kind: "rate_limited"; admission: Admission }
  | { kind: "failed" }
  /** The circuit breaker is open: it was not called. */
  | { kind: "open" };

export interface ProviderStats {
  succeeded: number;
  failed: number;
  rateLimited: number;
  open: boolean;
  /** Of the last calls that were answered; undefined before the first. */
  meanSeconds: number | undefined;
  promptTokens: number;
  completionTokens: number;
}

/** So many calls in a row must fail for the breaker to open, and so long it stays open. */
const failuresToOpen = 5;
const openMs = 2000;
/** The mean latency is of so many calls. */
const recent = 100;

export const providerModel = "practice-7b";

/**
 * An AI provider that a service depends on, and the circuit breaker in front of it: after five failures in a row nobody
 * calls it for 2 s, then a single call finds out whether it is back. A call that it refuses for its rate is no failure.
 */
export class Provider {
  readonly #options: ProviderOptions;
  readonly #limit: RateLimit;
  readonly #latenciesMs: number[] = [];
  #succeeded = 0;
  #failed = 0;
  #failedInARow = 0;
  #openUntil = 0;
  #promptTokens = 0;
  #completionTokens = 0;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#limit = new RateLimit(options.rateLimit);
  }

  get rateLimit(): number {
    return this.#limit.perSecond;
  }

  /** `effort` is the time it takes, in terms of an ordinary completion. */
  async complete(prompt: string, effort = 1): Promise<Completion> {
    if (this.#isOpen()) return { kind: "open" };
    // Until that call is back, the next ones meet an open breaker.
    if (this.#failedInARow >= failuresToOpen) this.#openUntil = performance.now() + openMs;
    const admission = this.#limit.take();
    if (!admission.admitted) return { kind: "rate_limited", admission };
    const startedAt = performance.now();
    await sleep(this.#options.latencyMs * effort * (0.75 + Math.random() / 2));
    this.#latenciesMs.push(performance.now() - startedAt);
    if (this.#latenciesMs.length > recent) this.#latenciesMs.shift();
    return 100 * Math.random() < this.#options.errorPercent ? this.#fail() : this.#succeed(prompt, effort);
  }

  stats(): ProviderStats {
    const latencies = this.#latenciesMs;
    const sumMs = latencies.reduce((sum, ms) => sum + ms, 0);
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      rateLimited: this.#limit.refused,
      open: this.#isOpen(),
      meanSeconds: latencies.length === 0 ? undefined : sumMs / latencies.length / 1000,
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
    };
  }

  #isOpen(): boolean {
    return performance.now() < this.#openUntil;
  }

  #fail(): Completion {
    this.#failed++;
    this.#failedInARow++;
    if (this.#failedInARow >= failuresToOpen) this.#openUntil = performance.now() + openMs;
    return { kind: "failed" };
  }

  #succeed(prompt: string, effort: number): Completion {
    this.#succeeded++;
    this.#failedInARow = 0;
    this.#openUntil = 0;
    const prompt_tokens = Math.ceil(prompt.length / 4);
    const completion_tokens = Math.round(40 * effort);
    this.#promptTokens += prompt_tokens;
    this.#completionTokens += completion_tokens;
    const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
    return { kind: "done", text: `Here is what I know of ${prompt.slice(0, 80)}.`, usage };
  }
}
