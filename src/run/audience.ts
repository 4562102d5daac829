import type { Sink } from "../runs/sink.ts";
import type { Verdict } from "../verdict/verdict.ts";

/** All who are told of a run. One that throws is told no more: it must not disturb the run. */
export class Audience {
  #sinks: readonly Sink[];
  readonly #dropped: (message: string) => void;

  constructor(sinks: readonly Sink[], dropped: (message: string) => void) {
    this.#sinks = sinks;
    this.#dropped = dropped;
  }

  each(tell: (sink: Sink) => void): void {
    for (const sink of this.#sinks) {
      try {
        tell(sink);
      } catch (error) {
        this.#drop(sink, error);
      }
    }
  }

  async stop(verdict: Verdict): Promise<void> {
    for (const sink of this.#sinks) {
      // A sink that cannot end has told why; the others, and the verdict, do not depend on it.
      await sink.stop(verdict).catch((error: unknown) => this.#drop(sink, error));
    }
  }

  #drop(sink: Sink, error: unknown): void {
    this.#sinks = this.#sinks.filter((one) => one !== sink);
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#dropped(`The output "${sink.name}" failed and is told no more: ${reason}`);
  }
}
