/** What a limiter says to one request. */
export interface Admission {
  admitted: boolean;
  /** How many more it would admit at once. */
  remaining: number;
  /** When it admits the next one, from now; 0 if at once. */
  retryAfterSeconds: number;
}

/**
 * A token bucket: `perSecond` tokens a second, at most one second's worth kept. In any t seconds it admits at most
 * perSecond × (t + 1) requests, and in the long run perSecond a second.
 */
export class RateLimit {
  readonly perSecond: number;
  #tokens: number;
  #at = performance.now();
  #refused = 0;

  /** 0 admits everything. */
  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.#tokens = perSecond;
  }

  get refused(): number {
    return this.#refused;
  }

  take(): Admission {
    if (this.perSecond === 0) return { admitted: true, remaining: Number.POSITIVE_INFINITY, retryAfterSeconds: 0 };
    const now = performance.now();
    this.#tokens = Math.min(this.perSecond, this.#tokens + ((now - this.#at) * this.perSecond) / 1000);
    this.#at = now;
    const admitted = this.#tokens >= 1;
    if (admitted) this.#tokens--;
    else this.#refused++;
    const retryAfterSeconds = Math.max(0, 1 - this.#tokens) / this.perSecond;
    return { admitted, remaining: Math.floor(this.#tokens), retryAfterSeconds };
  }
}
