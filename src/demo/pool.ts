import { setTimeout as sleep } from "node:timers/promises";

export interface PoolOptions {
  /** Connections that are kept. */
  size: number;
  /** Connections that may be opened beyond `size` and are closed when given back. */
  maxOverflow: number;
  /** How long each query keeps its connection. */
  holdMs: number;
  /** How long a query waits for a connection before it gives up. */
  timeoutMs: number;
}

/** A query ran, or no connection became free in time. */
export type Outcome<T> = { kind: "done"; value: T } | { kind: "timeout" };

/** In the words of SQLAlchemy's QueuePool, with what it does not tell: who waits, who gave up, how long one was held. */
export interface PoolStatus {
  size: number;
  checked_in: number;
  checked_out: number;
  /** Connections open beyond `size`, never below 0 (SQLAlchemy's own counter starts at -size). */
  overflow: number;
  max_overflow: number;
  waiting: number;
  timeouts: number;
  /** The most connections that were ever checked out at once. */
  peak_checked_out: number;
  /** Connections given out so far. */
  checkouts: number;
  /** Connections given back so far. */
  returned: number;
  /** Measured, summed over the connections that came back. */
  held_seconds: number;
}

/**
 * A bounded pool of database connections that exist only as a number. With c connections, each held for h, it carries
 * c/h queries a second and no more; what comes faster waits its turn, first come first served.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** A Set keeps the order of arrival and lets one who gave up leave the middle of the queue. */
  readonly #waiters = new Set<() => void>();
  #checkedOut = 0;
  #peak = 0;
  #checkouts = 0;
  #returned = 0;
  #heldMs = 0;
  #timeouts = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get capacity(): number {
    return this.#options.size + this.#options.maxOverflow;
  }

  /** Runs `query` at the end of the time for which it held a connection. */
  async run<T>(query: () => T): Promise<Outcome<T>> {
    if (!(await this.#checkOut())) return { kind: "timeout" };
    const since = performance.now();
    try {
      await sleep(this.#options.holdMs);
      return { kind: "done", value: query() };
    } finally {
      this.#heldMs += performance.now() - since;
      this.#returned++;
      this.#checkIn();
    }
  }

  status(): PoolStatus {
    const { size, maxOverflow } = this.#options;
    return {
      size,
      checked_in: Math.max(0, size - this.#checkedOut),
      checked_out: this.#checkedOut,
      overflow: Math.max(0, this.#checkedOut - size),
      max_overflow: maxOverflow,
      waiting: this.#waiters.size,
      timeouts: this.#timeouts,
      peak_checked_out: this.#peak,
      checkouts: this.#checkouts,
      returned: this.#returned,
      held_seconds: this.#heldMs / 1000,
    };
  }

  /** False if the wait took too long. */
  #checkOut(): Promise<boolean> {
    if (this.#checkedOut < this.capacity) {
      this.#checkedOut++;
      this.#peak = Math.max(this.#peak, this.#checkedOut);
      this.#checkouts++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#waiters.delete(take);
        this.#timeouts++;
        resolve(false);
      };
      const timer = setTimeout(giveUp, this.#options.timeoutMs);
      const take = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.#waiters.add(take);
    });
  }

  /** Hands the connection to who has waited longest: it never looks free to one who comes later. */
  #checkIn(): void {
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#checkedOut--;
      return;
    }
    this.#waiters.delete(next);
    this.#checkouts++;
    next();
  }
}
