import type { Exchange } from "../client/client.ts";
import type { Clock } from "../metrics/clock.ts";
import { sleepUntil } from "../metrics/clock.ts";
import { pathTemplate } from "../scenario/address.ts";
import type { FilePart, Http, RequestOptions, Response, TaskContext, TaskFunction } from "../scenario/code.ts";
import type { CodeStep } from "../scenario/flow.ts";
import { timeMs, timeRange } from "../scenario/measure.ts";
import type { Body, FormPart, RequestStep } from "../scenario/plan-request.ts";
import { redactVariables } from "../scenario/secrets.ts";
import { compileTemplate, type Scope, TemplateError } from "../scenario/template.ts";
import { type CompiledRequest, type Compiling, compileRequest, type Owner } from "./request.ts";

/** Code of the Plan, made runnable. */
export interface CompiledCode {
  kind: "code";
  run(user: CodeUser): CodeRun;
}

/** What code has of the user that runs it. */
export interface CodeUser {
  scope: Scope;
  clock: Clock;
  /** Sends a request and records it; undefined if it could not be made. Any number at the same time: some wait. */
  send(step: CompiledRequest, settled: (exchange: Exchange | undefined) => void): void;
  /** It has come to its end; false if it failed. Called once. */
  ended(good: boolean): void;
}

export interface CodeRun {
  /** The user is ended at once: what the code still does is not waited for. */
  abort(): void;
}

const DEADLINE_MS = 60_000;

export function compileCode(step: CodeStep, owner: Owner, compiling: Compiling): CompiledCode {
  const task = compiling.code(step.module, step.key);
  const headers = step.headers.map(([name, value]) => [name, compileTemplate(value)] as const);
  const host = step.host === undefined ? undefined : compileTemplate(step.host);
  const compiled = { task, owner, compiling, headers, host };
  return { kind: "code", run: (user) => new Running(compiled, user) };
}

interface Compiled {
  task: TaskFunction;
  owner: Owner;
  compiling: Compiling;
  /** Of the class. */
  headers: (readonly [name: string, value: (scope: Scope) => string])[];
  /** What relative URLs are below. */
  host: ((scope: Scope) => string) | undefined;
}

/** One call of a task's function, and what it is given. */
class Running implements CodeRun, TaskContext {
  readonly #compiled: Compiled;
  readonly #user: CodeUser;
  readonly #abort = new AbortController();
  #failed = false;
  #over = false;

  constructor(compiled: Compiled, user: CodeUser) {
    this.#compiled = compiled;
    this.#user = user;
    // In a function of its own, so that what it throws before its first await is a rejection, too.
    const called = async () => compiled.task(this);
    called().then(
      () => this.#end(!this.#failed),
      (error: unknown) => this.#threw(error),
    );
  }

  abort(): void {
    this.#abort.abort(new Error("the user was ended"));
    this.#end(false);
  }

  #end(good: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#user.ended(good);
  }

  #threw(error: unknown): void {
    if (this.#over) return;
    const { compiling, owner } = this.#compiled;
    const show = (text: string) => redactVariables(compiling.redact(text), this.#user.scope.variables);
    const message = show(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    const traceback = show((error instanceof Error && error.stack) || "");
    compiling.aggregator.exception({ ...owner, message, traceback }, this.#user.clock.now());
    this.#end(false);
  }

  readonly http: Http = {
    get: (url, options) => this.#request("GET", url, options),
    post: (url, options) => this.#request("POST", url, options),
    put: (url, options) => this.#request("PUT", url, options),
    patch: (url, options) => this.#request("PATCH", url, options),
    delete: (url, options) => this.#request("DELETE", url, options),
    request: (method, url, options) => this.#request(method.toUpperCase(), url, options),
  };

  readonly check = (name: string, holds: boolean): boolean => {
    const { aggregator } = this.#compiled.compiling;
    const outcome = holds ? "success" : "failure";
    aggregator.counter("plimsoll_checks_total", { check: aggregator.bounded("check", name), outcome }).add(1);
    if (!holds) this.#failed = true;
    return holds;
  };

  readonly capture = (name: string, value: unknown): void => {
    this.#user.scope.variables.set(name, value);
  };

  readonly variable = (name: string): unknown => this.#user.scope.variables.get(name);

  readonly feed = (name: string): Readonly<Record<string, unknown>> => {
    const row = this.#user.scope.variables.get(name);
    if (typeof row === "object" && row !== null) return row as Record<string, unknown>;
    throw new Error(`the scenario has no feed ${name}`);
  };

  readonly random = (): number => this.#user.scope.random();

  readonly secret = (name: string): string => this.#user.scope.secret(name);

  get metrics(): TaskContext["metrics"] {
    return this.#compiled.compiling.metrics;
  }

  get user(): TaskContext["user"] {
    return { className: this.#compiled.owner.user, number: this.#user.scope.userNumber };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly span = async <T>(name: string, part: () => Promise<T> | T): Promise<T> => {
    const { aggregator } = this.#compiled.compiling;
    const { clock } = this.#user;
    const since = clock.now();
    const record = (outcome: "success" | "failure") => {
      const labels = { group: aggregator.bounded("group", name), outcome };
      aggregator.histogram("plimsoll_group_duration_seconds", labels).record((clock.now() - since) / 1000);
    };
    try {
      const result = await part();
      record("success");
      return result;
    } catch (error) {
      record("failure");
      throw error;
    }
  };

  readonly think = async (time: string): Promise<void> => {
    const { clock, scope } = this.#user;
    const { minMs, maxMs } = known(timeRange(time), "think expected a time or a range, such as 1s..3s", time);
    await sleepUntil(clock, clock.now() + minMs + (maxMs - minMs) * scope.random(), this.signal);
    this.signal.throwIfAborted();
  };

  async #request(method: string, url: string, options: RequestOptions = {}): Promise<Response> {
    this.signal.throwIfAborted();
    const { owner, compiling } = this.#compiled;
    const step = compileRequest(this.#step(method, url, options), owner, compiling);
    const exchange = await new Promise<Response>((resolve, reject) => {
      const wanted = {
        ...step,
        request: (scope: Scope, at: number) => ({ ...step.request(scope, at), wantBody: true }),
      };
      this.#user.send(wanted, (settled) => {
        // It is used again for the next request: what is asked of it later is taken now.
        if (settled === undefined) reject(new Error(`${method} ${url} could not be made`));
        else resolve(responseOf(settled));
      });
    });
    if (!exchange.ok) this.#failed = true;
    return exchange;
  }

  #step(
    method: string,
    url: string,
    { name, expect, deadline, redirects, maxBytes, ...options }: RequestOptions,
  ): RequestStep {
    const { status, within, body } = expect ?? {};
    const statuses = typeof status === "number" ? [status] : [...(status ?? [])];
    const withinMs = within === undefined ? undefined : known(timeMs(within), "expect.within expected a time", within);
    return {
      kind: "request",
      name: name ?? `${method} ${pathTemplate(url)}`,
      method,
      url: this.#absolute(url),
      headers: this.#headers(options),
      ...bodyOf(options),
      expect: {
        status: statuses,
        json: [],
        body: body === undefined ? [] : [{ kind: "contains", value: body }],
        ...(withinMs === undefined ? {} : { withinMs }),
      },
      captures: [],
      ...(redirects === undefined ? {} : { redirects: whole(redirects, 0, 20, "redirects") }),
      ...(maxBytes === undefined ? {} : { maxBytes: whole(maxBytes, 1, Number.MAX_SAFE_INTEGER, "maxBytes") }),
      deadlineMs: deadline === undefined ? DEADLINE_MS : known(timeMs(deadline), "deadline expected a time", deadline),
    };
  }

  #absolute(url: string): string {
    if (/^https?:\/\//iu.test(url)) return url;
    const { host } = this.#compiled;
    if (!url.startsWith("/")) throw new TypeError(`expected a path below the host, or a URL, got ${url}`);
    if (host === undefined) throw new TypeError(`${url} is below the host, and the scenario has none`);
    return host(this.#user.scope).replace(/\/+$/u, "") + url;
  }

  /** Of the class those whose variables have values, and that are not given here. */
  #headers({ headers = {}, json, form }: RequestOptions): [string, string][] {
    const own = Object.entries(headers);
    const given = new Set(own.map(([name]) => name.toLowerCase()));
    const inherited = this.#compiled.headers.flatMap(([name, value]): [string, string][] => {
      if (given.has(name.toLowerCase())) return [];
      try {
        return [[name, value(this.#user.scope)]];
      } catch (error) {
        // A header whose variable nothing has captured yet does not stand in the way of the login that captures it.
        if (error instanceof TemplateError) return [];
        throw error;
      }
    });
    const all = [...inherited, ...own];
    const typed = json !== undefined ? "application/json" : form === undefined ? undefined : formType;
    if (typed !== undefined && !all.some(([name]) => name.toLowerCase() === "content-type")) {
      all.push(["content-type", typed]);
    }
    return all;
  }
}

const formType = "application/x-www-form-urlencoded";

/** A constant: what fills templates in finds nothing to do. */
function bodyOf({ json, form, multipart, body }: RequestOptions): { body?: Body } {
  if ([json, form, multipart, body].filter((one) => one !== undefined).length > 1) {
    throw new TypeError("expected one body: json, form, multipart or body");
  }
  if (multipart !== undefined) return { body: { kind: "multipart", parts: Object.entries(multipart).map(partOf) } };
  if (body instanceof Uint8Array) return { body: { kind: "file", base64: base64Of(body) } };
  if (json !== undefined) return { body: { kind: "text", value: JSON.stringify(json) } };
  if (form !== undefined) {
    const fields = Object.entries(form).map(([name, value]): [string, string] => [name, String(value)]);
    return { body: { kind: "text", value: new URLSearchParams(fields).toString() } };
  }
  return body === undefined ? {} : { body: { kind: "text", value: body } };
}

function partOf([name, part]: [string, string | FilePart]): FormPart {
  if (typeof part === "string") return { kind: "field", name, value: part };
  const { content, name: fileName, type = "application/octet-stream" } = part;
  return { kind: "file", name, fileName, type, base64: base64Of(content) };
}

function base64Of(bytes: string | Uint8Array): string {
  const buffer =
    typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("base64");
}

function whole(value: number, least: number, most: number, option: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new TypeError(`${option} expected a whole number ${range}, got ${String(value)}`);
}

function responseOf({ status = 0, failure, headers, body, startedAt, endedAt }: Exchange): Response {
  const text = () => body?.toString() ?? "";
  return {
    status,
    ok: failure === undefined,
    ...(failure === undefined ? {} : { failure }),
    headers,
    durationMs: endedAt - startedAt,
    text,
    json: <T>() => {
      try {
        return JSON.parse(text()) as T;
      } catch {
        throw new Error(`expected JSON, got ${text().slice(0, 80) || "no body"} (status ${status})`);
      }
    },
  };
}

function known<T>(value: T | undefined, expected: string, got: string): T {
  if (value === undefined) throw new TypeError(`${expected}, got ${JSON.stringify(got)}`);
  return value;
}
