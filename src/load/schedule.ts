import type { Clock, Timer } from "../metrics/clock.ts";

/** What is to happen at which time, one after the other. Times are the run's milliseconds. */
export interface Schedule {
  /** When the next is due; at last, when all is over. */
  dueAt(): number;
  /** Does what is due; false when all is over. */
  take(): boolean;
}

/**
 * How long what is late is caught up at a stretch, in milliseconds: then responses are read, which free users for the rest, and
 * what was begun is sent.
 */
const STRETCH_MS = 1;

/** Does what a schedule says as soon as it is due; what is late is caught up as fast as can be. */
export class Walk {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #over = Promise.withResolvers<void>();
  #timer: Timer | undefined;
  #state: "waiting" | "walking" | "over" = "waiting";
  #looking = false;

  constructor(clock: Clock, schedule: Schedule) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  /** Resolves when all is over, or when `stop` aborts. */
  run(stop: AbortSignal): Promise<void> {
    this.#state = "walking";
    stop.addEventListener("abort", this.#end, { once: true });
    if (stop.aborted) this.#end();
    else this.#go();
    return this.#over.promise;
  }

  /** The schedule has changed. */
  again(): void {
    this.#timer?.cancel();
    if (this.#state === "walking") this.#go();
  }

  /**
   * Something else has woken the event loop: what is due by now need not wait for its timer, which comes in whole milliseconds
   * and after whatever else the loop has to do. Not on the caller's stack, which may be a parser's.
   */
  readonly look = (): void => {
    if (this.#looking) return;
    this.#looking = true;
    queueMicrotask(this.#takeWhatIsDue);
  };

  readonly #takeWhatIsDue = (): void => {
    this.#looking = false;
    if (this.#state === "walking") this.#take();
  };

  readonly #go = (): void => {
    if (this.#take()) this.#timer = this.#clock.at(this.#schedule.dueAt(), this.#go);
    else this.#end();
  };

  /** Does what is due, for a stretch; false when all is over. */
  #take(): boolean {
    let now = this.#clock.now();
    for (const until = now + STRETCH_MS; this.#schedule.dueAt() <= now && now < until; now = this.#clock.now()) {
      if (!this.#schedule.take()) return false;
    }
    return true;
  }

  readonly #end = (): void => {
    this.#state = "over";
    this.#timer?.cancel();
    this.#over.resolve();
  };
}
