import type { Clock, Timer } from "../metrics/clock.ts";

/** What is to happen at which time, one after the other. Times are the run's milliseconds. */
export interface Schedule {
  /** When the next is due; at last, when all is over. */
  dueAt(): number;
  /** Does what is due; false when all is over. */
  take(): boolean;
}

/** Does what a schedule says as soon as it is due; what is late is caught up at once. */
export class Walk {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #over = Promise.withResolvers<void>();
  #timer: Timer | undefined;
  #state: "waiting" | "walking" | "over" = "waiting";

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

  readonly #go = (): void => {
    for (let due = this.#schedule.dueAt(); due <= this.#clock.now(); due = this.#schedule.dueAt()) {
      if (!this.#schedule.take()) {
        this.#end();
        return;
      }
    }
    this.#timer = this.#clock.at(this.#schedule.dueAt(), this.#go);
  };

  readonly #end = (): void => {
    this.#state = "over";
    this.#timer?.cancel();
    this.#over.resolve();
  };
}
