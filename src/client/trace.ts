import { createHash } from "node:crypto";
import { errorType, type Sample } from "../metrics/sample.ts";
import type { Span, SpanReason } from "../metrics/span.ts";
import type { Plan, TracePlan } from "../scenario/plan.ts";

/** Spans held between two drains; at two drains a second a worker can thus keep 4,000 spans a second. */
const SPAN_LIMIT = 2048;
/** Slow and failed exchanges kept each second: when everything fails, a few of them tell it as well as all. */
const LATE_PER_SECOND = 10;
/** Of a traceparent. */
const LENGTH = 55;
/** Traceparents made at once. They are cut from one string, and each keeps all of it. */
const AT_ONCE = 16;

/** The trace of one exchange. It belongs to its exchange and is filled anew by each `Tracer.begin`. */
export class TraceContext {
  /** The header to send (W3C Trace Context): `00-{trace id}-{span id}-{01 if sampled, else 00}`. */
  traceparent = "";
  /** Whether the exchange was chosen beforehand; a service that heeds its parent then traces its part too. */
  sampled = false;

  get traceId(): string {
    return this.traceparent.slice(3, 35);
  }

  get spanId(): string {
    return this.traceparent.slice(36, 52);
  }
}

/** What a span tells beside its sample. */
export interface TracedRequest {
  /** The name it is counted under. */
  request: string;
  method: string;
  user: string;
  task: string;
  /** As OpenTelemetry writes it, `1.1` or `2`; empty if unknown. */
  protocolVersion: string;
  /** The URL as sent, its secrets already replaced by REDACTED. */
  url: string;
}

/**
 * Decides which exchanges of a worker become spans: a share chosen beforehand, and of the others, once they have ended,
 * the slow and the failed, ten a second at most. A request that is not kept costs 0.07 µs, so
 * nothing of OpenTelemetry is loaded here: the spans are made on the main thread.
 *
 * The share is chosen by the trace id alone, so that anyone can repeat it: the last 56 bits are the randomness R, and
 * R ≥ (1 − share) · 2^56 is sampled (OpenTelemetry's TraceIdRatioBased, as defined on W3C Trace Context Level 2).
 */
export class Tracer {
  readonly #slowerThanMs: number;
  readonly #keepFailed: boolean;
  /** The sampling threshold's upper 24 and lower 32 bits. */
  readonly #thresholdHigh: number;
  readonly #thresholdLow: number;
  /** Signed, because V8 computes with signed words fastest. */
  readonly #random: Int32Array;
  /** In ASCII. Writing over it takes half as long as joining strings, and one string of all a third of as many strings. */
  readonly #template = Buffer.from(`00-${"0".repeat(32)}-${"0".repeat(16)}-00`.repeat(AT_ONCE), "latin1");
  readonly #digits = new DataView(this.#template.buffer, this.#template.byteOffset, this.#template.length);
  #made = "";
  readonly #chosen = new Uint8Array(AT_ONCE);
  #used = AT_ONCE;
  #late = LATE_PER_SECOND;
  #lateAt = 0;
  #spans: Span[] = [];
  #dropped = 0;
  #unsampled = 0;

  /** Ids depend on run, seed and worker: the same scenario run again with its seed must not repeat its trace ids. */
  constructor(plan: TracePlan, run: Pick<Plan, "runId" | "seed">, worker: number) {
    this.#slowerThanMs = plan.slowerThanMs ?? Number.POSITIVE_INFINITY;
    this.#keepFailed = plan.failed;
    const threshold = (1 - plan.sample) * 2 ** 56;
    this.#thresholdHigh = Math.floor(threshold / 2 ** 32);
    this.#thresholdLow = threshold % 2 ** 32;
    const digest = createHash("sha256").update(`${run.runId} ${run.seed} ${worker}`).digest();
    this.#random = Int32Array.from({ length: 4 }, (_, i) => digest.readInt32LE(4 * i));
  }

  /** Gives an exchange its trace. */
  begin(context: TraceContext): void {
    if (this.#used === AT_ONCE) this.#make();
    const used = this.#used++;
    context.sampled = this.#chosen[used] === 1;
    context.traceparent = this.#made.slice(used * LENGTH, (used + 1) * LENGTH);
  }

  #make(): void {
    const digits = this.#digits;
    for (let i = 0, at = 0; i < AT_ONCE; i++, at += LENGTH) {
      const a = this.#next();
      const b = this.#next();
      const c = this.#next();
      // W3C Trace Context: an id of nothing but zeros is invalid.
      const d = this.#next() || 1;
      writeHex(digits, at + 3, a);
      writeHex(digits, at + 11, b);
      writeHex(digits, at + 19, c);
      writeHex(digits, at + 27, d);
      writeHex(digits, at + 36, this.#next());
      writeHex(digits, at + 44, this.#next() || 1);
      const high = c & 0xffffff;
      const sampled = high > this.#thresholdHigh || (high === this.#thresholdHigh && d >>> 0 >= this.#thresholdLow);
      digits.setUint8(at + 54, sampled ? 0x31 : 0x30);
      this.#chosen[i] = sampled ? 1 : 0;
    }
    this.#made = this.#template.toString("latin1");
    this.#used = 0;
  }

  /**
   * Keeps the exchange as a span, or counts why not. A request that we stopped ourselves has not failed. `about` is asked
   * for only when the span is kept.
   */
  end(context: TraceContext, sample: Sample, about: () => TracedRequest): void {
    const reason = context.sampled ? "sampled" : this.#lateReason(sample);
    if (reason === undefined) {
      this.#unsampled++;
      return;
    }
    if (this.#spans.length >= SPAN_LIMIT || (reason !== "sampled" && !this.#admitLate(sample.endedAt))) {
      this.#dropped++;
      return;
    }
    const { request, method, url, user, task, protocolVersion } = about();
    this.#spans.push({
      traceId: context.traceId,
      spanId: context.spanId,
      reason,
      request,
      method,
      url,
      user,
      task,
      startedAt: sample.startedAt,
      endedAt: sample.endedAt,
      status: sample.status,
      errorType: sample.failure && errorType(sample.failure, sample.status),
      protocolVersion,
    });
  }

  /**
   * What happened since the last call: the spans to export, those that were to be kept and found no room (`dropped`), and
   * how many exchanges were not to be kept (`unsampled`).
   */
  drain(): { spans: Span[]; dropped: number; unsampled: number } {
    const drained = { spans: this.#spans, dropped: this.#dropped, unsampled: this.#unsampled };
    this.#spans = [];
    this.#dropped = 0;
    this.#unsampled = 0;
    return drained;
  }

  #lateReason(sample: Sample): SpanReason | undefined {
    if (this.#keepFailed && sample.failure !== undefined && sample.failure.kind !== "aborted") return "failed";
    return sample.endedAt - sample.startedAt > this.#slowerThanMs ? "slow" : undefined;
  }

  /** A token bucket on the samples' own times; exchanges end in the order of their times, but for a few microseconds. */
  #admitLate(at: number): boolean {
    if (at > this.#lateAt) {
      this.#late = Math.min(LATE_PER_SECOND, this.#late + ((at - this.#lateAt) / 1000) * LATE_PER_SECOND);
      this.#lateAt = at;
    }
    if (this.#late < 1) return false;
    this.#late--;
    return true;
  }

  /** xoshiro128** (Blackman and Vigna, 2018): 32 random bits in 3 ns, where the system's randomness takes 100. */
  #next(): number {
    const state = this.#random as Int32Array & { 0: number; 1: number; 2: number; 3: number };
    const product = Math.imul(state[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = (state[3] << 11) | (state[3] >>> 21);
    return result;
  }
}

/** Of each byte its two lower-case hex digits, as the bytes of a word. */
const hexDigits = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0"), "latin1").readUInt16BE(),
);

/** Eight hex digits. By table: computing the digits takes three times as long. */
function writeHex(to: DataView, at: number, word: number): void {
  to.setUint16(at, hexDigits[word >>> 24] as number);
  to.setUint16(at + 2, hexDigits[(word >>> 16) & 255] as number);
  to.setUint16(at + 4, hexDigits[(word >>> 8) & 255] as number);
  to.setUint16(at + 6, hexDigits[word & 255] as number);
}
