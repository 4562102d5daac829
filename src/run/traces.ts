import type { Clock } from "../metrics/clock.ts";
import { seriesName } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Span } from "../metrics/span.ts";
import type { Plan } from "../scenario/plan.ts";
import { OtlpTraces } from "../sinks/otlp.ts";
import type { PrometheusSink } from "../sinks/prometheus.ts";
import { Slowest } from "../target/slowest.ts";

const SHUTDOWN_MS = 5000;

/** The exchanges that workers kept as spans: the slowest are evidence, and each that was exported is an exemplar. */
export class Traces {
  readonly slowest = new Slowest();
  readonly #prometheus: PrometheusSink;
  readonly #onProblem: (message: string) => void;
  #otlp: OtlpTraces | undefined;

  constructor(prometheus: PrometheusSink, onProblem: (message: string) => void) {
    this.#prometheus = prometheus;
    this.#onProblem = onProblem;
  }

  /** Loads what exports them, if the plan wants that, and gives what starts it. */
  async load({ traces }: Plan): Promise<(plan: Plan, clock: Clock) => void> {
    if (traces === undefined) return () => undefined;
    const start = await OtlpTraces.load();
    return (plan, clock) => {
      this.#otlp = start(plan, clock, this.#onProblem);
      this.#otlp.onExported((span) => this.#prometheus.setExemplar(exemplarOf(span)));
    };
  }

  /** Takes a worker's spans, and its counts of those that it could not keep or that were not to be kept. */
  take(spans: Span[], dropped: number, unsampled: number): void {
    this.slowest.add(spans);
    this.#otlp?.offer(spans);
    this.#otlp?.count(dropped, unsampled);
  }

  /** Puts what became of them into a snapshot, which no worker knows. */
  addTo(snapshot: Snapshot): void {
    if (this.#otlp === undefined) return;
    const { exported, dropped, unsampled } = this.#otlp.counts();
    for (const [result, value] of Object.entries({ exported, dropped, unsampled })) {
      snapshot.counters[seriesName("plimsoll_spans_total", { result })] = value;
    }
  }

  async close(): Promise<void> {
    await this.#otlp?.shutdown(SHUTDOWN_MS);
  }
}

function exemplarOf({ request, errorType, startedAt, endedAt, traceId, spanId }: Span) {
  const outcome = errorType === undefined ? "success" : "failure";
  return { request, outcome, seconds: (endedAt - startedAt) / 1000, traceId, spanId, at: endedAt } as const;
}
