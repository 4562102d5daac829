/** By how much each counter of an instance stands, by the counter's name. */
export type Counters = Record<string, number>;

/**
 * Follows the processes or replicas that a component's figures are the sum of, as they come and go: their counters go on
 * over the end of one of them, and one that is gone and has a successor is a restart.
 */
export class Instances {
  #before: Map<string, Counters> | undefined;
  readonly #totals = new Map<string, number>();
  #restarts = 0;
  /** How many went and have no successor yet. */
  #lost = 0;
  #passing: ReadonlySet<string> = new Set();

  /**
   * What there is now, by what tells one from all others, also from the one that had its place before. Gives by how much
   * each counter rose since the last call, of what was not there then all of it; undefined the first time. One of `passing`
   * is not missed if it goes.
   */
  take(now: Map<string, Counters>, passing: ReadonlySet<string> = new Set()): Counters | undefined {
    const before = this.#before;
    const passed = this.#passing;
    this.#before = now;
    this.#passing = passing;
    const rise: Counters = {};
    for (const [key, counters] of now) {
      for (const [counter, value] of Object.entries(counters)) {
        const more = Math.max(0, value - (before?.get(key)?.[counter] ?? 0));
        rise[counter] = (rise[counter] ?? 0) + more;
        this.#totals.set(counter, (this.#totals.get(counter) ?? 0) + more);
      }
    }
    if (before === undefined) return undefined;
    this.#lost += [...before.keys()].filter((key) => !now.has(key) && !passed.has(key)).length;
    const replaced = Math.min(this.#lost, [...now.keys()].filter((key) => !before.has(key)).length);
    this.#lost -= replaced;
    this.#restarts += replaced;
    return rise;
  }

  /** Where a counter stands, all instances together; undefined while none has it. */
  total(counter: string): number | undefined {
    return this.#totals.get(counter);
  }

  get restarts(): number {
    return this.#restarts;
  }
}
