import { type Clock, sleepUntil } from "../metrics/clock.ts";

/** Intervals that are remembered of each scraper, newest last: enough for a median that one odd scrape does not move. */
const REMEMBERED = 9;
/** More are served, but not waited for. */
const LIMIT = 100;
/** Whoever comes more often than that is late by many of its intervals where its machine is busy. */
const LEAST_WAIT_MS = 5000;
/** No scraper is waited for longer: twice Prometheus's default interval. Somebody who looks now and then is no scraper. */
const LONGEST_WAIT_MS = 120_000;

export interface Lingering {
  /** How long to wait for a scraper that was seen once, so that its interval is not known. */
  capMs?: number;
  /** Ends the wait at once. */
  signal: AbortSignal;
}

interface Scraper {
  lastAt: number;
  intervals: number[];
  /** Aborted when it has come once more after the end. */
  cameAgain: AbortController;
}

/** Who scrapes, how often, and who has seen the end. */
export class Scrapers {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Scraper>();
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When each scraper came last, on the clock's scale. */
  get lastScrapes(): ReadonlyMap<string, number> {
    return new Map([...this.#seen].map(([name, { lastAt }]) => [name, lastAt]));
  }

  /** A scrape begins. What is returned is called once it was answered in full. */
  begin(name: string): () => void {
    const at = this.#clock.now();
    // What began before the end may have been answered with the last but one snapshot.
    const afterEnd = this.#ended;
    return () => {
      const known = this.#seen.get(name);
      if (known !== undefined) {
        known.intervals = [...known.intervals, at - known.lastAt].slice(-REMEMBERED);
        known.lastAt = at;
        if (afterEnd) known.cameAgain.abort();
      } else if (!afterEnd && this.#seen.size < LIMIT) {
        this.#seen.set(name, { lastAt: at, intervals: [], cameAgain: new AbortController() });
      }
    };
  }

  /**
   * Resolves once each scraper seen so far has come once more, or two of its intervals (five seconds at least) after it came last.
   * Called once, when `/metrics` shows the end.
   */
  async linger({ capMs = 15_000, signal }: Lingering): Promise<void> {
    this.#ended = true;
    const now = this.#clock.now();
    const waits = [...this.#seen.values()].map(({ lastAt, intervals, cameAgain }) => {
      const usual = median(intervals);
      const until =
        usual === undefined
          ? now + capMs
          : Math.min(lastAt + Math.max(2 * usual, LEAST_WAIT_MS), now + LONGEST_WAIT_MS);
      return until <= now ? undefined : sleepUntil(this.#clock, until, AbortSignal.any([signal, cameAgain.signal]));
    });
    await Promise.all(waits);
  }
}

function median(values: number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
