import { setTimeout as sleep } from "node:timers/promises";

export interface LockStats {
  /** 1 while somebody holds it. */
  held: number;
  waiting: number;
  /** How often it was held and given back. */
  releases: number;
  /** Measured, summed over the times it was given back. */
  held_seconds: number;
}

/**
 * A lock that every write takes, as on a hot row or a table: one holder at a time, first come first served. Held for h it
 * admits 1/h writes a second, however many connections there are. Held for 0 it costs nothing.
 */
export class Lock {
  readonly #holdMs: number;
  readonly #waiters: (() => void)[] = [];
  #held = false;
  #releases = 0;
  #heldMs = 0;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** Takes the lock, holds it for its time, gives it back. */
  async pass(): Promise<void> {
    if (this.#holdMs === 0) return;
    if (this.#held) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#held = true;
    const since = performance.now();
    await sleep(this.#holdMs);
    this.#heldMs += performance.now() - since;
    this.#releases++;
    const next = this.#waiters.shift();
    if (next === undefined) this.#held = false;
    else next();
  }

  stats(): LockStats {
    return {
      held: Number(this.#held),
      waiting: this.#waiters.length,
      releases: this.#releases,
      held_seconds: this.#heldMs / 1000,
    };
  }
}
