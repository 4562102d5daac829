/** What signals end. */
export interface Stoppable {
  /** What is under way is finished. */
  stop(who: string): void;
  /** What is under way is broken off. */
  abort(): void;
}

/** The first signal lets requests finish, the second does not; one after the load's end ends the wait for scrapers. */
export class Signals {
  readonly #load: Stoppable;
  readonly #hurry = new AbortController();
  #phase: "running" | "stopping" | "ended" = "running";

  constructor(load: Stoppable) {
    this.#load = load;
  }

  handle(signal: string): void {
    switch (this.#phase) {
      case "running":
        this.#phase = "stopping";
        this.#load.stop(signal);
        break;
      case "stopping":
        this.#load.abort();
        break;
      case "ended":
        this.#hurry.abort();
    }
  }

  /** From now on a signal aborts what is returned. */
  loadEnded(): AbortSignal {
    this.#phase = "ended";
    return this.#hurry.signal;
  }
}
