import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from "@opentelemetry/semantic-conventions";
import type { Span } from "../metrics/span.ts";
import type { Plan } from "../scenario/plan.ts";

/** Still in development in OpenTelemetry's conventions, so not among the package's stable constants. */
const ATTR_URL_TEMPLATE = "url.template";
const ATTR_USER_AGENT_SYNTHETIC_TYPE = "user_agent.synthetic.type";

/** Seconds and nanoseconds of Unix time. */
export type UnixTime = [seconds: number, nanoseconds: number];

/** A span in the words of OpenTelemetry's HTTP conventions (semantic conventions 1.45, client span). */
export interface ClientSpan {
  name: string;
  startTime: UnixTime;
  endTime: UnixTime;
  failed: boolean;
  attributes: Record<string, string | number>;
}

export function clientSpan(span: Span, plan: Plan): ClientSpan {
  const template = templateOf(span);
  const error = errorOf(span);
  const attributes: Record<string, string | number> = {
    [ATTR_HTTP_REQUEST_METHOD]: span.method,
    [ATTR_USER_AGENT_SYNTHETIC_TYPE]: "test",
    "plimsoll.run.id": plan.runId,
    "plimsoll.scenario": plan.scenario,
    "plimsoll.user": span.user,
    "plimsoll.task": span.task,
    "plimsoll.request": span.request,
  };
  if (template !== undefined) attributes[ATTR_URL_TEMPLATE] = template;
  if (span.status !== undefined) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = span.status;
  if (error !== undefined) attributes[ATTR_ERROR_TYPE] = error;
  if (span.protocolVersion !== "") attributes[ATTR_NETWORK_PROTOCOL_VERSION] = span.protocolVersion;
  if (span.reason !== "sampled") attributes["plimsoll.sampling.reason"] = span.reason;
  const url = URL.parse(span.url);
  // What is no URL cannot be redacted with certainty either: it is left out.
  if (url !== null && Object.hasOwn(defaultPorts, url.protocol)) {
    redact(url);
    attributes[ATTR_URL_FULL] = url.href;
    attributes[ATTR_SERVER_ADDRESS] = url.hostname.replace(/^\[|\]$/g, "");
    attributes[ATTR_SERVER_PORT] = Number(url.port || defaultPorts[url.protocol]);
  }
  return {
    name: template === undefined ? span.method : `${span.method} ${template}`,
    startTime: unixTime(plan, span.startedAt),
    endTime: unixTime(plan, span.endedAt),
    failed: error !== undefined,
    attributes,
  };
}

/** The path template in a request's name, such as `/api/tasks/:id` or `GET /api/tasks/:id`, if it is one. */
function templateOf({ request, method }: Span): string | undefined {
  const name = request.startsWith(`${method} `) ? request.slice(method.length + 1) : request;
  return name.startsWith("/") ? name : undefined;
}

/** By the conventions a status of 400 and above is a client's error, and what was called off on purpose is none. */
function errorOf({ status, errorType }: Span): string | undefined {
  if (errorType !== undefined) return errorType === "aborted" ? undefined : errorType;
  return status !== undefined && status >= 400 ? String(status) : undefined;
}

const defaultPorts: Record<string, number> = { "http:": 80, "https:": 443 };

/** Query parameters that sign a request: the conventions' list. */
const signatures = ["AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"];

/** The conventions' redaction of `url.full`. The scenario's own secrets are already gone. */
function redact(url: URL): void {
  if (url.username !== "") url.username = "REDACTED";
  if (url.password !== "") url.password = "REDACTED";
  // Reading the query of a URL without one costs as much as parsing the URL.
  if (url.search === "") return;
  for (const name of signatures) if (url.searchParams.has(name)) url.searchParams.set(name, "REDACTED");
}

function unixTime(plan: Plan, at: number): UnixTime {
  const ms = plan.startedAt + at;
  return [Math.floor(ms / 1000), Math.floor((ms % 1000) * 1e6)];
}
