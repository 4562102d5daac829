import type { Exchange, Request } from "../client/client.ts";
import type { TracedRequest } from "../client/trace.ts";
import type { Aggregator } from "../metrics/aggregator.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { WorkerUniques } from "../metrics/uniques.ts";
import type { TaskContext } from "../scenario/code.ts";
import { basicAuthorization } from "../scenario/login.ts";
import type { Code } from "../scenario/module.ts";
import type { Body, RequestStep, Template } from "../scenario/plan-request.ts";
import { isSecretPart } from "../scenario/secrets.ts";
import { compileJson, compileTemplate, type Scope } from "../scenario/template.ts";
import { compileExpectation, type Expectation } from "./expectation.ts";
import { BOUNDARY, compileMultipart } from "./multipart.ts";
import { RateLimits, TOO_MANY_REQUESTS } from "./rate-limits.ts";
import { compileUsage } from "./usage.ts";

/** A request of the Plan, made runnable. */
export interface CompiledRequest {
  kind: "request";
  /** What it is counted under: `Aggregator.series`. */
  series: number;
  /** Fills the request in. Throws a TemplateError if a variable is not set. */
  request(scope: Scope, intendedAt: number): Request;
  /** Checks the response, keeps what is captured; a response that is not as expected gets its failure here. */
  settle: Expectation;
  /** What a span tells of it. */
  traced(request: Request, exchange: Exchange, scope: Scope): TracedRequest;
}

/** What compiling a request needs beside the plan. */
export interface RequestCompiling {
  aggregator: Aggregator;
  userAgent: string;
  /** Takes secrets out of what is kept of a response. */
  redact(text: string): string;
  /** Where values that may come once are kept. */
  uniques: WorkerUniques;
}

/** What compiling needs beside the plan. */
export interface Compiling extends RequestCompiling {
  /** The functions that the plan names. */
  code: Code;
  /** What code records the scenario's own metrics with. */
  metrics: TaskContext["metrics"];
  /** How long iterations take, where that is asked for. */
  iterationTimes?: Histogram | undefined;
}

/** Whose request it is: names of the user class and of the task. */
export interface Owner {
  user: string;
  task: string;
}

export function compileRequest(
  step: RequestStep,
  { user, task }: Owner,
  { aggregator, userAgent, redact, uniques }: RequestCompiling,
): CompiledRequest {
  const series = aggregator.series({ user, task, request: step.name, method: step.method });
  const url = compileTemplate(step.url);
  const shownUrl = hasSecret(step.url) ? compileTemplate(withoutSecrets(step.url)) : undefined;
  const fixed = typeof step.url === "string" ? parseUrl(step.url) : undefined;
  const headers = compileHeaders(step, userAgent);
  const body = step.body === undefined ? undefined : compileBody(step.body);
  const usage = step.usage === undefined ? undefined : compileUsage(step.usage, aggregator);
  const judge = compileExpectation(step, { redact, uniques, usage });
  const limits = new RateLimits(aggregator);
  const settle: Expectation = (exchange, scope) => {
    if (exchange.status === TOO_MANY_REQUESTS) limits.count(exchange.headers);
    judge(exchange, scope);
  };
  const wantBody = step.captures.length > 0 || looksAtBody(step.expect) || usage !== undefined;
  const { redirects: maxRedirects, maxBytes } = step;
  return {
    kind: "request",
    series,
    settle,
    traced: (request, exchange, scope) => ({
      request: step.name,
      method: step.method,
      user,
      task,
      protocolVersion: exchange.protocolVersion,
      url: shownUrl?.(scope) ?? request.origin + request.path,
    }),
    request(scope, intendedAt) {
      const { origin, path, authorization } = fixed ?? parseUrl(url(scope));
      return {
        series,
        intendedAt,
        method: step.method,
        origin,
        path,
        headers: authorization === undefined ? headers(scope) : withLogin(headers(scope), authorization),
        body: body?.(scope),
        wantBody,
        deadlineMs: step.deadlineMs,
        maxRedirects,
        maxBytes,
      };
    },
  };
}

function looksAtBody({ json, body, unique }: RequestStep["expect"]): boolean {
  return json.length > 0 || body.length > 0 || unique !== undefined;
}

function hasSecret(template: Template): boolean {
  return typeof template !== "string" && template.some(isSecretPart);
}

function withoutSecrets(template: Template): Template {
  if (typeof template === "string") return template;
  return template.map((part) => (isSecretPart(part) ? "REDACTED" : part));
}

/** `authorization` is what a login in the URL asks for. */
interface Destination {
  origin: string;
  path: string;
  authorization?: string | undefined;
}

/** Splits an absolute URL without the cost of `new URL` where nothing needs escaping. */
function parseUrl(url: string): Destination {
  const authority = url.indexOf("://") + 3;
  const slash = url.indexOf("/", authority);
  const plain =
    slash > 0 && /^[\x21\x22\x24-\x7e]*$/.test(url.slice(slash)) && !url.slice(authority, slash).includes("@");
  if (plain && !url.includes("#")) return { origin: url.slice(0, slash), path: url.slice(slash) };
  const parsed = new URL(url);
  return {
    origin: parsed.origin,
    path: parsed.pathname + parsed.search,
    authorization: basicAuthorization(parsed),
  };
}

/** What the scenario itself gives wins. */
function withLogin(headers: string[], authorization: string): string[] {
  const given = headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === "authorization");
  return given ? headers : [...headers, "authorization", authorization];
}

function compileHeaders(step: RequestStep, userAgent: string): (scope: Scope) => string[] {
  const given = new Set(step.headers.map(([name]) => name.toLowerCase()));
  const defaults: [string, string][] = [
    ["user-agent", userAgent],
    ["accept", "*/*"],
  ];
  if (step.body?.kind === "json") defaults.push(["content-type", "application/json"]);
  if (step.body?.kind === "form") defaults.push(["content-type", "application/x-www-form-urlencoded"]);
  if (step.body?.kind === "multipart") defaults.push(["content-type", `multipart/form-data; boundary=${BOUNDARY}`]);
  if (step.body?.kind === "file") defaults.push(["content-type", "application/octet-stream"]);
  const all = [...defaults.filter(([name]) => !given.has(name)), ...step.headers];
  if (all.every(([, value]) => typeof value === "string")) {
    const constant = all.flatMap(([name, value]) => [name, value as string]);
    return () => constant;
  }
  const compiled = all.map(([name, value]) => [name, compileTemplate(value)] as const);
  return (scope) => compiled.flatMap(([name, value]) => [name, value(scope)]);
}

function compileBody(body: Body): (scope: Scope) => string | Buffer {
  switch (body.kind) {
    case "text":
      return compileTemplate(body.value);
    case "json": {
      const value = compileJson(body.value);
      return (scope) => JSON.stringify(value(scope));
    }
    case "form": {
      const fields = body.fields.map(([name, value]) => [name, compileTemplate(value)] as const);
      return (scope) =>
        new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value(scope)])).toString();
    }
    case "multipart":
      return compileMultipart(body.parts);
    case "file": {
      const bytes = Buffer.from(body.base64, "base64");
      return () => bytes;
    }
  }
}
