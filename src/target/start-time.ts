/** Clocks that are set a little, and ages in whole seconds, make no other start. */
const LEAST_SECONDS = 2;

/**
 * When something started, from its age: the same value for as long as it is the same start. One object for each thing that
 * can start, given every good look in turn.
 */
export class StartTime {
  /** As the last look had it, to follow a clock that drifts. */
  #latest: number | undefined;
  #told = 0;

  /** Both in seconds, `now` being Unix time. */
  since(age: number | undefined, now: number): number | undefined {
    if (age === undefined || !Number.isFinite(age)) return undefined;
    const start = now - age;
    if (this.#latest === undefined || start - this.#latest > LEAST_SECONDS) this.#told = Math.round(start);
    this.#latest = start;
    return this.#told;
  }
}
