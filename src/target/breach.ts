import type { Clock } from "../metrics/clock.ts";
import type { BreachEvidence, Exhibit } from "../metrics/exhibit.ts";

/** A limit as it stands: the judge's `ThresholdState` has it. */
export interface LimitState {
  expression: string;
  level: "target" | "critical";
  state: string;
}

/** A run in which everything breaks must not fill its file. */
const MOST_A_RUN = { target: 3, critical: 5 };
const LEAST_BETWEEN_MS = 5_000;
/** A limit that breaks as the run begins finds nothing to show yet: so often it is asked again while it is broken. */
const MOST_IN_VAIN = 5;
/** Evidence that comes later is of another moment. */
const TIMEOUT_MS = 2_000;

export interface BreachOptions {
  clock: Clock;
  /** Asks everybody; gives up when the signal aborts, and never rejects. */
  ask(signal: AbortSignal): Promise<Exhibit[]>;
  /** Takes known secrets out of a text. */
  redact(text: string): string;
  onEvidence(evidence: BreachEvidence): void;
}

/** Asks for evidence in the second in which a limit breaks for the first time. */
export class Breaches {
  readonly #options: BreachOptions;
  readonly #seen = new Set<string>();
  readonly #over = new AbortController();
  #asking: Promise<void> = Promise.resolve();
  readonly #asked = { target: 0, critical: 0 };
  #inVain = 0;
  readonly #lastAt = { target: Number.NEGATIVE_INFINITY, critical: Number.NEGATIVE_INFINITY };

  constructor(options: BreachOptions) {
    this.#options = options;
  }

  /** How the limits stand now; each second. */
  heed(states: readonly LimitState[]): void {
    const fresh = states.filter(
      ({ expression, level, state }) => state === "broken" && !this.#seen.has(`${level} ${expression}`),
    );
    if (fresh.length === 0) return;
    for (const { expression, level } of fresh) this.#seen.add(`${level} ${expression}`);
    const { clock } = this.#options;
    const at = clock.now();
    const critical = fresh.filter(({ level }) => level === "critical");
    const level = critical.length > 0 ? "critical" : "target";
    if (this.#asked[level] >= MOST_A_RUN[level] || at - this.#lastAt[level] < LEAST_BETWEEN_MS) return;
    this.#asked[level]++;
    // What comes right after a critical breach shows no more; a critical breach right after a target's is what matters.
    this.#lastAt.target = at;
    if (level === "critical") this.#lastAt.critical = at;
    const thresholds = (critical.length > 0 ? critical : fresh).map(({ expression }) => expression);
    this.#asking = Promise.all([this.#asking, this.#gather(at, thresholds, level)]).then(() => undefined);
  }

  /** Ends what is being asked; nothing is told after. */
  async stop(): Promise<void> {
    await this.#asking;
    this.#over.abort();
  }

  async #gather(at: number, thresholds: string[], level: BreachEvidence["level"]): Promise<void> {
    const { clock, ask, redact, onEvidence } = this.#options;
    const over = new AbortController();
    const timer = clock.at(at + TIMEOUT_MS, () => over.abort());
    const shown = await ask(AbortSignal.any([over.signal, this.#over.signal]));
    timer.cancel();
    const exhibits = shown.map((exhibit) => ({ ...exhibit, lines: exhibit.lines.map(redact) }));
    if (exhibits.length > 0) onEvidence({ at, thresholds, level, exhibits });
    else if (++this.#inVain <= MOST_IN_VAIN) this.#forget(thresholds, level);
  }

  /** As if these had not broken yet. */
  #forget(thresholds: string[], level: BreachEvidence["level"]): void {
    for (const expression of thresholds) this.#seen.delete(`${level} ${expression}`);
    this.#asked[level]--;
    this.#lastAt.target = Number.NEGATIVE_INFINITY;
    if (level === "critical") this.#lastAt.critical = Number.NEGATIVE_INFINITY;
  }
}
