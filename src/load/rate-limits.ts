import type { Exchange } from "../client/client.ts";
import type { Aggregator, Counter } from "../metrics/aggregator.ts";

/** The status of a refusal for a rate limit (RFC 6585). */
export const TOO_MANY_REQUESTS = 429;

/**
 * Counts refusals for a rate limit by what is used up, as AI providers and others say it by header:
 * `x-ratelimit-remaining-tokens: 0`, `anthropic-ratelimit-requests-remaining: 0`. Where no header tells it is `unknown`.
 */
export class RateLimits {
  readonly #counters: Record<"requests" | "tokens" | "unknown", Counter>;

  constructor(aggregator: Aggregator) {
    const counter = (limit: string) => aggregator.counter("plimsoll_rate_limited_total", { limit });
    this.#counters = { requests: counter("requests"), tokens: counter("tokens"), unknown: counter("unknown") };
  }

  count(headers: Exchange["headers"]): void {
    const used = Object.entries(headers)
      .filter(([name, value]) => /ratelimit/.test(name) && /remaining/.test(name) && Number(value) <= 0)
      .map(([name]) => name);
    if (used.some((name) => name.includes("token"))) this.#counters.tokens.add(1);
    else if (used.length > 0) this.#counters.requests.add(1);
    else this.#counters.unknown.add(1);
  }
}
