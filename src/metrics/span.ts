/** Why a span is exported: the head decision, or what its exchange turned out to be. */
export type SpanReason = "sampled" | "slow" | "failed";

/** One exchange as it leaves a worker to become an OpenTelemetry client span on the main thread. Plain data. */
export interface Span {
  /** 32 and 16 lower-case hex digits, as sent in `traceparent`. */
  traceId: string;
  spanId: string;
  reason: SpanReason;
  /** The request's name: a template, never a URL with values in it. */
  request: string;
  method: string;
  /** As sent, with credentials and secrets replaced by REDACTED. */
  url: string;
  user: string;
  task: string;
  /** The run's milliseconds. */
  startedAt: number;
  endedAt: number;
  status?: number | undefined;
  /** `errorType` of the failure, if it failed. */
  errorType?: string | undefined;
  /** HTTP version as OpenTelemetry writes it: `1.1` or `2`. */
  protocolVersion: string;
}
