import {
  context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { AlwaysOnSampler, type IdGenerator, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import type { Span } from "../metrics/span.ts";
import type { Plan } from "../scenario/plan.ts";
import { clientSpan } from "./otlp-span.ts";

/** What became of spans that the SDK had taken. */
export interface Outcomes {
  /** A batch that the receiver accepted, but for `rejected` of it: which ones those were it does not say. */
  accepted(spans: Span[], rejected: number): void;
  /** A batch that did not arrive, or was refused. `error` is for people. */
  refused(spans: Span[], error: string): void;
  /** Spans that the SDK's queue had no room for. */
  overflowed(count: number): void;
}

/**
 * The way of a span through the OpenTelemetry SDK: tracer, batch processor, exporter. Importing this file loads the SDK,
 * so `otlp.ts` does it only when traces are on. The SDK reads the `OTEL_*` variables itself.
 */
export class Pipeline {
  readonly #plan: Plan;
  readonly #outcomes: Outcomes;
  readonly #sdk: NodeSDK;
  readonly #tracer: Tracer;
  readonly #ids = new GivenIds();
  readonly #exporter: CountingExporter;

  constructor(plan: Plan, outcomes: Outcomes) {
    this.#plan = plan;
    this.#outcomes = outcomes;
    this.#exporter = new CountingExporter(outcomes);
    this.#sdk = new NodeSDK({
      resource: defaultResource().merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: "plimsoll",
          [ATTR_SERVICE_VERSION]: plan.version,
          "plimsoll.run.id": plan.runId,
        }),
      ),
      // Not the default ones: the process's detector publishes the command line, which may hold secrets.
      resourceDetectors: [envDetector, serviceInstanceIdDetector],
      // Every span that comes here was chosen before.
      sampler: new AlwaysOnSampler(),
      idGenerator: this.#ids,
      traceExporter: this.#exporter,
      textMapPropagator: null,
      metricReaders: [],
      logRecordProcessors: [],
      instrumentations: [],
    });
    this.#sdk.start();
    this.#tracer = trace.getTracer("plimsoll", plan.version);
    // A program's globals are its own, and the next run in this process brings an SDK of its own.
    trace.disable();
    context.disable();
  }

  /** Makes the span and hands it on. */
  add(span: Span): void {
    const { name, startTime, endTime, failed, attributes } = clientSpan(span, this.#plan);
    this.#ids.next = span;
    const made = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime, attributes }, ROOT_CONTEXT);
    if (!made.isRecording()) {
      this.#outcomes.refused([span], "OTEL_SDK_DISABLED is set");
      return;
    }
    this.#exporter.expect(made, span);
    if (failed) made.setStatus({ code: SpanStatusCode.ERROR });
    made.end(endTime);
  }

  /** Sends what is left; takes as long as the SDK's time limits allow. Rejects when something could not be sent. */
  shutdown(): Promise<void> {
    return this.#sdk.shutdown();
  }
}

/** Gives a span the ids that its request carried to the service. */
class GivenIds implements IdGenerator {
  next: Pick<Span, "traceId" | "spanId"> = { traceId: "", spanId: "" };

  generateTraceId(): string {
    return this.next.traceId;
  }

  generateSpanId(): string {
    return this.next.spanId;
  }
}

/** Where an SDK span carries ours. A WeakMap would hold 2,000 dead ones a second until the next full collection. */
const ours = Symbol("plimsoll");

/** A span in the SDK's hands. */
interface Expected {
  span: Span;
  /** In the order of handing over. */
  number: number;
}

/** The OTLP exporter, and what became of each span that it was expected to get. */
class CountingExporter implements SpanExporter {
  readonly #outcomes: Outcomes;
  readonly #inner: OTLPTraceExporter;
  #handedOver = 0;
  /** Spans below this number have left the queue, or were never in it. */
  #settled = 0;
  /** Of the batch whose answer is just being read. */
  #rejected = 0;

  constructor(outcomes: Outcomes) {
    this.#outcomes = outcomes;
    // The SDK's log is silent but for OTEL_LOG_LEVEL, which replaces this logger by the console. That a receiver accepted
    // only a part of a batch (OTLP's partial success) is told nowhere else: in the log, just before the batch's result.
    const ignore = () => {};
    const warn = (message: string, detail?: unknown) => {
      if (message.startsWith("Received Partial Success")) this.#rejected = rejectedSpans(String(detail));
    };
    diag.setLogger(
      { error: ignore, warn, info: ignore, debug: ignore, verbose: ignore },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    this.#inner = new OTLPTraceExporter();
  }

  expect(made: object & { [ours]?: Expected }, span: Span): void {
    made[ours] = { span, number: this.#handedOver++ };
  }

  export(batch: (ReadableSpan & { [ours]?: Expected })[], done: Parameters<SpanExporter["export"]>[1]): void {
    const sent = batch.map((made) => made[ours]).filter((one) => one !== undefined);
    this.#noticeOverflow(sent);
    const spans = sent.map(({ span }) => span);
    this.#inner.export(batch, (result) => {
      const rejected = Math.min(this.#rejected, spans.length);
      this.#rejected = 0;
      if (result.code === 0) this.#outcomes.accepted(spans, rejected);
      else this.#outcomes.refused(spans, describe(result.error));
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }

  /**
   * The SDK's queue (OTEL_BSP_MAX_QUEUE_SIZE) keeps the order and drops the newest without a word: a gap in the numbers is
   * what it dropped.
   */
  #noticeOverflow(sent: Expected[]): void {
    const last = sent.at(-1);
    if (last === undefined) return;
    const overflow = last.number + 1 - this.#settled - sent.length;
    this.#settled = last.number + 1;
    if (overflow > 0) this.#outcomes.overflowed(overflow);
  }
}

/** OTLP/JSON writes 64-bit numbers as strings. */
function rejectedSpans(partialSuccess: string): number {
  return Number(/"rejectedSpans":"?(\d+)/.exec(partialSuccess)?.[1] ?? 0);
}

/** An error in a few words: its code and message, without the receiver's body. */
function describe(error: (Error & { code?: unknown }) | undefined): string {
  const words = [error?.code, error?.message].filter((word) => word !== undefined && word !== "");
  return words.length === 0 ? "no reason given" : words.join(" ").slice(0, 200);
}
