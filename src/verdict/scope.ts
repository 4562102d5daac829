import { duringInWords, type Phase, type Stretch, stretchesOf } from "./phase.ts";
import { durationText } from "./quantity.ts";
import type { Threshold } from "./threshold.ts";

/** Windows of a limit that has `for` and no `over`: long enough for some samples, short enough to be of now. */
const SHORT_WINDOW_MS = 10_000;

/** What of a run a threshold looks at, at one moment; or why there is nothing to judge yet, for people. */
export type View = { kind: "stretches"; stretches: Stretch[] } | { kind: "newest" } | { kind: "none"; reason: string };

/**
 * Which moments a threshold judges:
 *
 * - the run so far after its warm-up, or what of it lies in the part of the load that `during` names;
 * - with `over`, the window of that length that ends now, once a whole one lies in there;
 * - with `for` alone, of a target the newest look, of the client a window as long as `for`, of 10 s at most: what the
 *   whole run so far comes to would hardly ever recover.
 */
export class Scope {
  readonly #threshold: Threshold;
  readonly #warmUpMs: number;
  readonly #base: Stretch[];
  /** The length of its windows; undefined where all that counts is judged together. */
  readonly windowMs: number | undefined;
  readonly #newest: boolean;

  constructor(threshold: Threshold, { phases, warmUpMs }: { phases: readonly Phase[]; warmUpMs: number }) {
    const { subject, overMs, forMs, during } = threshold;
    this.#threshold = threshold;
    this.#warmUpMs = warmUpMs;
    const wanted = during === undefined ? [wholeRun] : stretchesOf(phases, during);
    this.#base = wanted.flatMap(({ fromMs, toMs }) =>
      toMs <= warmUpMs ? [] : [{ fromMs: Math.max(fromMs, warmUpMs), toMs }],
    );
    this.#newest = overMs === undefined && forMs !== undefined && subject === "target";
    const alone = forMs === undefined || this.#newest ? undefined : Math.min(forMs, SHORT_WINDOW_MS);
    this.windowMs = overMs ?? alone;
  }

  /** All that can ever count, in the order of time. */
  get base(): readonly Stretch[] {
    return this.#base;
  }

  /** What is judged at a moment. */
  at(now: number): View {
    const { afterMs, during } = this.#threshold;
    if (afterMs !== undefined && now < afterMs) {
      return none(`it is judged after ${durationText(afterMs)}, and the run was shorter`);
    }
    if (now < this.#warmUpMs) return none("the run did not outlast its warm-up");
    const current = this.#base.find(({ fromMs, toMs }) => fromMs <= now && now <= toMs);
    if (this.#newest) return current === undefined ? this.#outside(now) : { kind: "newest" };
    if (this.windowMs === undefined) {
      const stretches = this.#base.filter(({ fromMs }) => fromMs <= now);
      return stretches.length === 0 && during !== undefined ? this.#outside(now) : { kind: "stretches", stretches };
    }
    if (current === undefined) return this.#outside(now);
    const fromMs = now - this.windowMs;
    if (fromMs < current.fromMs) return none(`no window of ${durationText(this.windowMs)} was over`);
    // A look of this second may bear a time just after it.
    return { kind: "stretches", stretches: [{ fromMs, toMs: current.toMs }] };
  }

  #outside(now: number): View {
    const { during } = this.#threshold;
    const part = during === undefined ? "the run" : duringInWords(during);
    if (!this.#base.some(({ fromMs }) => fromMs <= now)) return none(`the run did not come to ${part}`);
    const window = this.windowMs === undefined ? "nothing" : `no window of ${durationText(this.windowMs)}`;
    return none(`${window} lay within ${part}`);
  }
}

const wholeRun: Stretch = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };

function none(reason: string): View {
  return { kind: "none", reason };
}
