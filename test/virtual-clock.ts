import type { Clock, Timer } from "../src/metrics/clock.ts";

interface Armed {
  time: number;
  /** Timers of one time fire in the order in which they were set. */
  order: number;
  fn: () => void;
  cancelled: boolean;
}

/** A clock that moves only when told to. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #pending = 0;
  /** A binary heap, the next timer first. */
  readonly #heap: Armed[] = [];

  now(): number {
    return this.#now;
  }

  at(time: number, fn: () => void): Timer {
    const timer: Armed = { time, order: this.#order++, fn, cancelled: false };
    this.#push(timer);
    this.#pending++;
    return {
      cancel: () => {
        if (!timer.cancelled) this.#pending--;
        timer.cancelled = true;
      },
    };
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#pending;
  }

  /** Fires what is due within `ms`, in order of time, and lets everything that follows from it happen in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.time > end) break;
      this.#pop();
      if (next.cancelled) continue;
      next.cancelled = true;
      this.#pending--;
      this.#now = Math.max(this.#now, next.time);
      next.fn();
      await settled();
    }
    this.#now = end;
  }

  #push(timer: Armed): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, heap[parent] as Armed)) break;
      heap[at] = heap[parent] as Armed;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Armed, heap[child] as Armed)) child++;
      if (!before(heap[child] as Armed, last)) break;
      heap[at] = heap[child] as Armed;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Armed, b: Armed): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

/** Once every promise that can go on without a timer or the network has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
