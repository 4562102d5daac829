import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { Span } from "../metrics/span.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Pipeline } from "./otlp-pipeline.ts";

/**
 * What became of the run's spans. When the run has ended created = exported + dropped; before, the difference is under way.
 * `unsampled` are exchanges that were not to become spans.
 */
export interface SpanCounts {
  created: number;
  exported: number;
  dropped: number;
  unsampled: number;
}

/**
 * Spans under way at most: what the SDK's own queue holds by default. OTEL_BSP_MAX_QUEUE_SIZE can lower it; alone it would
 * not bound the memory, because the SDK (0.301) sends one more batch at once after each that failed, up to 30.
 */
const UNDER_WAY = 2048;

/** Why spans were dropped, in the words of the summary. */
type Loss = "over the workers' limits" | "not accepted by the receiver" | "for want of room or time";

/**
 * Exports spans over OTLP/HTTP by the OpenTelemetry SDK. Whatever the receiver does, it neither blocks nor throws, holds
 * a bounded number of spans, and counts each.
 */
export class OtlpTraces {
  readonly #clock: Clock;
  readonly #onProblem: (message: string) => void;
  readonly #pipeline: Pipeline;
  readonly #listeners: ((span: Span) => void)[] = [];
  readonly #losses = new Map<Loss, number>();
  #created = 0;
  #exported = 0;
  #dropped = 0;
  #unsampled = 0;
  #warned = false;
  #closed = false;

  /**
   * Loads the SDK, which takes a fifth of a second, and gives what starts it. `onProblem` is told for people, at most twice:
   * when spans are first refused, and at the end how many were lost.
   */
  static async load(): Promise<(plan: Plan, clock: Clock, onProblem: (message: string) => void) => OtlpTraces> {
    const { Pipeline } = await import("./otlp-pipeline.ts");
    return (plan, clock, onProblem) => new OtlpTraces(plan, clock, onProblem, Pipeline);
  }

  private constructor(plan: Plan, clock: Clock, onProblem: (message: string) => void, pipeline: typeof Pipeline) {
    this.#clock = clock;
    this.#onProblem = onProblem;
    this.#pipeline = new pipeline(plan, {
      accepted: (spans, rejected) => this.#accepted(spans, rejected),
      refused: (spans, error) => this.#refused(spans.length, error),
      overflowed: (count) => this.#overflowed(count),
    });
  }

  /** Takes spans that a worker kept. */
  offer(spans: Span[]): void {
    for (const span of spans) {
      const room = !this.#closed && this.#underWay < UNDER_WAY;
      this.#created++;
      if (room) this.#pipeline.add(span);
      else this.#lose(1, "for want of room or time");
    }
  }

  /** Takes a worker's counts: spans that it could not keep, and exchanges that were not to be kept. */
  count(dropped: number, unsampled: number): void {
    this.#created += dropped;
    this.#lose(dropped, "over the workers' limits");
    this.#unsampled += unsampled;
  }

  counts(): SpanCounts {
    return {
      created: this.#created,
      exported: this.#exported,
      dropped: this.#dropped,
      unsampled: this.#unsampled,
    };
  }

  /** `fn` is called with each span that the receiver has accepted, so that an exemplar can point to it. */
  onExported(fn: (span: Span) => void): void {
    this.#listeners.push(fn);
  }

  /** Sends what is left, for at most `timeoutMs`; what is not accepted by then counts as dropped. */
  async shutdown(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    const sent = new AbortController();
    const finish = () => sent.abort();
    // A rejection tells nothing new: what became of each batch was told when it was known.
    this.#pipeline.shutdown().then(finish, finish);
    await sleepUntil(this.#clock, this.#clock.now() + timeoutMs, sent.signal);
    this.#closed = true;
    this.#lose(this.#underWay, "for want of room or time");
    this.#summarise();
  }

  get #underWay(): number {
    return this.#created - this.#exported - this.#dropped;
  }

  #accepted(spans: Span[], rejected: number): void {
    if (this.#closed) return;
    this.#exported += spans.length - rejected;
    if (rejected > 0) this.#refused(rejected, `the receiver rejected ${rejected} of ${spans.length}`);
    else for (const listener of this.#listeners) spans.forEach(listener);
  }

  #refused(count: number, error: string): void {
    if (this.#closed) return;
    this.#lose(count, "not accepted by the receiver");
    if (this.#warned) return;
    this.#warned = true;
    this.#onProblem(
      `Spans get lost on their way to the trace receiver: ${error}. The run goes on and counts them as dropped. ` +
        "Is a receiver of OTLP over HTTP at OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318 if it is not set)?",
    );
  }

  #overflowed(count: number): void {
    if (!this.#closed) this.#lose(count, "for want of room or time");
  }

  #lose(count: number, loss: Loss): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#losses.set(loss, (this.#losses.get(loss) ?? 0) + count);
  }

  /** What the workers' limits cost is meant so, and alone no problem. */
  #summarise(): void {
    const problems = [...this.#losses].filter(([loss]) => loss !== "over the workers' limits");
    if (problems.length === 0) return;
    const reasons = problems.map(([loss, count]) => `${count} ${loss}`).join(", ");
    this.#onProblem(`Of ${this.#created} spans ${this.#exported} were exported; ${reasons}.`);
  }
}
