/** A timer that can be called off. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The only clock and the only timer there is. Times are milliseconds since the run's start, monotonic, the same in
 * every thread of a run; a virtual clock (`load/virtual-clock.ts`) makes hours pass in milliseconds.
 *
 * It lives in `metrics` because client, load and target all need it and may not import each other.
 */
export interface Clock {
  /** Milliseconds since the run's start; a fraction, never going back. */
  now(): number;
  /** Calls `fn` once, as soon as possible after `time`; never before it. */
  at(time: number, fn: () => void): Timer;
}

/** `process.hrtime` in milliseconds: one zero for all threads of this machine, unlike `performance.now()`. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** A longer one would fire at once (Node's timers count in 31 bits): it is armed anew instead. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's monotonic clock. `originMs` is the run's start on `monotonicMs`'s scale, so that threads can share it. */
export class SystemClock implements Clock {
  /** `performance.now()` costs half of `process.hrtime`, but its zero differs between threads: the offset is taken once. */
  #offset = 0;

  constructor(originMs: number) {
    this.setOrigin(originMs);
  }

  /** Sets the run's start anew: only before anything was timed by it. */
  setOrigin(originMs: number): void {
    this.#offset = monotonicMs() - performance.now() - originMs;
  }

  now(): number {
    return performance.now() + this.#offset;
  }

  at(time: number, fn: () => void): Timer {
    const leftMs = time - this.now();
    // What is due already comes after the sockets that have something to read: a timer would let a millisecond pass.
    if (leftMs <= 0) {
      const immediate = setImmediate(fn);
      return { cancel: () => clearImmediate(immediate) };
    }
    let handle: NodeJS.Timeout;
    const arm = (ms: number) => {
      handle = setTimeout(
        () => {
          // A Node timer can fire up to a millisecond early: look at the clock.
          const left = time - this.now();
          if (left > 0) arm(left);
          else fn();
        },
        Math.min(ms, LONGEST_TIMER_MS),
      );
    };
    arm(leftMs);
    return { cancel: () => clearTimeout(handle) };
  }
}

/** Resolves at `time`, or as soon as `signal` aborts. */
export function sleepUntil(clock: Clock, time: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    const timer = clock.at(time, finish);
    const onAbort = () => {
      timer.cancel();
      finish();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
