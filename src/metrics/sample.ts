/**
 * Why an exchange failed: a closed list. The same strings are the label `error_type` on `/metrics` and OpenTelemetry's
 * `error.type`; for `status` both carry the status code itself, as OpenTelemetry's HTTP conventions have it.
 */
export const failureKinds = [
  "dns",
  "connect_refused",
  "connect_timeout",
  "tls",
  "reset",
  "closed_early",
  "protocol",
  "headers_overflow",
  "headers_timeout",
  "body_timeout",
  "deadline",
  "body_limit",
  "decode",
  "status",
  "assertion",
  "generator_fds",
  "generator_ports",
  "aborted",
  "unknown",
] as const;

export type FailureKind = (typeof failureKinds)[number];

/** `detail` is for people: it is shown and kept, but it is never a label. */
export interface Failure {
  kind: FailureKind;
  detail: string;
}

/** One exchange with the target. Times are the run's milliseconds (`Clock.now`). */
export interface Sample {
  /** The number that `Aggregator.series` gave for its user class, task, request name and method. */
  series: number;
  /** When it should have started: its schedule's time. In a closed model without pacing, the same as `startedAt`. */
  intendedAt: number;
  startedAt: number;
  endedAt: number;
  /** Absent if there was no response. */
  status?: number | undefined;
  bytesIn: number;
  bytesOut: number;
  failure?: Failure | undefined;
}

/** The label `error_type` of a failed sample. */
export function errorType(failure: Failure, status: number | undefined): string {
  return failure.kind === "status" && status !== undefined ? String(status) : failure.kind;
}
