import type { Clock, Timer } from "../src/metrics/clock.ts";

/** A clock that moves only when told to. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ time: number; fn: () => void }>();

  now(): number {
    return this.#now;
  }

  at(time: number, fn: () => void): Timer {
    const timer = { time, fn };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Fires what is due within `ms`, in order of time, and lets everything that follows from it happen in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(({ time }) => time <= end);
      const next = due.reduce((first, one) => (one.time < first.time ? one : first), due[0] ?? { time: end, fn() {} });
      if (!this.#timers.delete(next)) break;
      this.#now = Math.max(this.#now, next.time);
      next.fn();
      await settled();
    }
    this.#now = end;
  }
}

/** Once every promise that can go on without a timer or the network has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
