import type { Snapshot } from "../metrics/snapshot.ts";
import { uniqueValues } from "../verdict/unique-values.ts";

const MOST_EVENTS = 10;

/** Tells the first times that something came again that may come once; later ones are counted alone. */
export class Duplicates {
  /** By request: how many were told, and how many times. */
  readonly #told = new Map<string, { values: number; times: number }>();
  readonly #tell: (message: string) => void;

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  look(snapshot: Snapshot): void {
    for (const [request, count] of uniqueValues(snapshot, "duplicate")) {
      const { values = 0, times = 0 } = this.#told.get(request) ?? {};
      if (count === values || times >= MOST_EVENTS) continue;
      this.#told.set(request, { values: count, times: times + 1 });
      const last = times + 1 === MOST_EVENTS ? " Further ones are only counted." : "";
      const what = count - values === 1 ? "A value" : `${count - values} values`;
      this.#tell(`${what} of expect.unique came again in ${request}.${last}`);
    }
  }
}
