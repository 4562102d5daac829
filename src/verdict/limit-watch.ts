import type { Measured } from "./measured.ts";
import { durationText } from "./quantity.ts";
import type { Limit, Threshold } from "./threshold.ts";
import type { ThresholdState } from "./verdict.ts";

/** Windows without an answer in more than this share of all cannot show that a limit held. */
const UNANSWERED_SHARE = 0.1;

export type Judged = Pick<ThresholdState, "value" | "state" | "series" | "reason">;

/** When a limit over time was broken, and by how much at worst. */
interface Breach {
  fromMs: number;
  untilMs: number;
  worst: Judged;
}

/** One limit of a threshold from second to second: how it stands, whether it was ever broken, whether it ends the load. */
export class LimitWatch {
  readonly #threshold: Threshold;
  readonly #level: ThresholdState["level"];
  readonly #limit: Limit;
  /** It is judged in windows, or by the newest look: a moment's state, not the run's. */
  readonly #momentary: boolean;
  #lastMs = 0;
  #missing = false;
  /** How long it has been missed without a moment at which it held; what was not answered counts for neither. */
  #missedMs = 0;
  #missedFromMs = 0;
  #breach: Breach | undefined;
  #abortedMs: number | undefined;
  #answered = 0;
  #unanswered = 0;
  #worst: Judged | undefined;

  constructor(threshold: Threshold, level: ThresholdState["level"], limit: Limit) {
    this.#threshold = threshold;
    this.#level = level;
    this.#limit = limit;
    this.#momentary = threshold.overMs !== undefined || threshold.forMs !== undefined;
  }

  /** How it stands at a moment; `pending` while its threshold has nothing to judge by yet. */
  judge(atMs: number, measured: readonly Measured[], pending: boolean): ThresholdState {
    const judged = this.#sustained(atMs, worst(measured, this.#limit));
    if (this.#momentary && !pending) this.#count(judged);
    if (judged.state === "broken") this.#break(atMs, judged);
    return this.#state(judged);
  }

  /** How it stands at the end: a breach of a window, or one that ended the load, is not forgiven by what came after. */
  conclude(atMs: number, measured: readonly Measured[], pending: boolean): ThresholdState {
    const last = this.judge(atMs, measured, pending);
    if (this.#breach !== undefined && (this.#momentary || this.#abortedMs !== undefined)) {
      return this.#state({ ...this.#breach.worst, state: "broken" });
    }
    if (!this.#momentary || this.#answered + this.#unanswered === 0) return last;
    if (this.#unanswered > UNANSWERED_SHARE * (this.#answered + this.#unanswered)) {
      const all = this.#answered + this.#unanswered;
      const why = last.reason ?? this.#worst?.reason;
      const reason = `${this.#unanswered} of ${all} moments had no answer${why === undefined ? "" : `: ${why}`}`;
      return this.#state({ ...this.#worst, state: "few_samples", reason });
    }
    return this.#state({ ...this.#worst, state: "ok" });
  }

  /** With `for`, a limit is broken only once it was missed for so long. */
  #sustained(atMs: number, judged: Judged): Judged {
    const { forMs = 0 } = this.#threshold;
    const missed = judged.state === "broken";
    if (missed && this.#missing) this.#missedMs += atMs - this.#lastMs;
    else if (missed && this.#missedMs === 0) this.#missedFromMs = atMs;
    else if (judged.state === "ok") this.#missedMs = 0;
    this.#missing = missed;
    this.#lastMs = atMs;
    return missed && this.#missedMs < forMs ? { ...judged, state: "ok" } : judged;
  }

  #count(judged: Judged): void {
    if (judged.state === "no_data" || judged.state === "few_samples") {
      this.#unanswered++;
      this.#worst ??= judged;
      return;
    }
    if (this.#answered === 0 || isWorse(judged, this.#worst, this.#limit)) this.#worst = judged;
    this.#answered++;
  }

  #break(atMs: number, judged: Judged): void {
    const { abort } = this.#threshold;
    if (this.#level === "critical" && abort !== undefined && atMs >= abort.afterMs) this.#abortedMs ??= atMs;
    if (this.#breach === undefined) {
      const fromMs = this.#threshold.forMs === undefined ? atMs : this.#missedFromMs;
      this.#breach = { fromMs, untilMs: atMs, worst: judged };
    } else {
      this.#breach.untilMs = atMs;
      if (isWorse(judged, this.#breach.worst, this.#limit)) this.#breach.worst = judged;
    }
  }

  #state(judged: Judged): ThresholdState {
    const { expression } = this.#threshold;
    const lasting = this.#momentary || this.#abortedMs !== undefined ? this.#breach : undefined;
    return {
      expression,
      level: this.#level,
      limit: this.#limit,
      ...judged,
      ...(lasting === undefined ? {} : { broken: { fromMs: lasting.fromMs, untilMs: lasting.untilMs } }),
      ...(this.#abortedMs === undefined ? {} : { abortedMs: this.#abortedMs }),
    };
  }
}

/** Of several series the worst counts: a broken one, then one that cannot tell, then the one nearest to the limit. */
export function worst(measured: readonly Measured[], limit: Limit): Judged {
  const rank = { broken: 3, no_data: 2, few_samples: 1, ok: 0 };
  const judged = measured.map((one) => judgeOne(one, limit));
  return judged.reduce((a, b) => {
    if (rank[a.state] !== rank[b.state]) return rank[a.state] > rank[b.state] ? a : b;
    return isWorse(b, a, limit) ? b : a;
  });
}

function judgeOne({ value, interval, lacking, series }: Measured, limit: Limit): Judged {
  const base = { ...(value === undefined ? {} : { value }), ...(series === undefined ? {} : { series }) };
  const broken = value !== undefined && !holds(value, limit);
  if (lacking !== undefined && !(lacking.breakable && broken)) {
    return { ...base, state: lacking.state, reason: lacking.reason };
  }
  if (interval !== undefined && holds(interval[0], limit) !== holds(interval[1], limit)) {
    const reason = "the limit lies within the 95 % confidence interval of the slope: a longer run tells";
    return { ...base, state: "few_samples", reason };
  }
  return { ...base, state: broken ? "broken" : "ok" };
}

export function holds(value: number, { operator, value: limit }: Limit): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
      return value === limit;
    case "!=":
      return value !== limit;
  }
}

function isWorse(a: Judged, b: Judged | undefined, limit: Limit): boolean {
  return badness(a.value, limit) > badness(b?.value, limit);
}

function badness(value: number | undefined, { operator, value: limit }: Limit): number {
  if (value === undefined) return Number.NEGATIVE_INFINITY;
  if (operator === "<" || operator === "<=") return value;
  if (operator === ">" || operator === ">=") return -value;
  return operator === "==" ? Math.abs(value - limit) : -Math.abs(value - limit);
}

/** When it was broken, for people: `at 4 s`, `between 4 s and 9 s`. */
export function whenBroken({ fromMs, untilMs }: { fromMs: number; untilMs: number }): string {
  const [from, until] = [fromMs, untilMs].map((ms) => durationText(Math.round(ms / 100) * 100));
  return from === until ? `at ${from}` : `between ${from} and ${until}`;
}
