import type { Exchange } from "../client/client.ts";
import type { Failure } from "../metrics/sample.ts";
import type { UniqueCheck, WorkerUniques } from "../metrics/uniques.ts";
import { type CompiledPath, compilePath } from "../scenario/json-path.ts";
import type { Capture, Expect, JsonCheck, RequestStep, TextCheck } from "../scenario/plan-request.ts";
import { redactVariables } from "../scenario/secrets.ts";
import { compileJson, compileTemplate, type Scope } from "../scenario/template.ts";
import type { CountUsage } from "./usage.ts";

/**
 * Looks at a response: gives the exchange its failure if the response is not as expected, keeps what is captured if it
 * is. An exchange that failed already is left as it is.
 */
export type Expectation = (exchange: Exchange, scope: Scope) => void;

/** What was got, or why it is not what was expected. */
type Check = (value: unknown, scope: Scope) => string | undefined;

/** A text as it may be kept: without secrets, the user's own too, and short. */
type Show = (text: string, scope: Scope) => string;

const SHOWN = 80;

export function compileExpectation(
  { name, expect, captures }: Pick<RequestStep, "name" | "expect" | "captures">,
  { redact, uniques, usage }: { redact(text: string): string; uniques: WorkerUniques; usage: CountUsage | undefined },
): Expectation {
  const show: Show = (text, { variables }) => shorten(redactVariables(redact(text), variables));
  const json = expect.json.map((check) => compileJsonCheck(check, show));
  const texts = expect.body.map((check) => compileTextCheck(check, show));
  const kept = captures.map(compileCapture);
  if (expect.unique !== undefined) json.push(compileUnique(expect.unique, uniques.check(name, expect.unique), show));
  const needsJson = json.length > 0 || kept.length > 0;

  return (exchange, scope) => {
    if (exchange.failure !== undefined) return;
    exchange.failure = judgeHead(exchange, expect);
    if (exchange.failure !== undefined) return;
    const read = needsJson || usage !== undefined ? parseJson(exchange) : undefined;
    // Tokens are spent whatever is expected of the answer.
    if (read !== undefined) usage?.(read.value);
    if (texts.length > 0) {
      const text = exchange.body?.toString() ?? "";
      for (const check of texts) {
        const wrong = check(text, scope);
        if (wrong !== undefined) return fail(exchange, wrong);
      }
    }
    if (!needsJson) return;
    if (read === undefined) return fail(exchange, `expected JSON, got ${show(exchange.body?.toString() ?? "", scope)}`);
    for (const check of json) {
      const wrong = check(read.value, scope);
      if (wrong !== undefined) return fail(exchange, wrong);
    }
    for (const keep of kept) {
      const wrong = keep(read.value, scope);
      if (wrong !== undefined) return fail(exchange, wrong);
    }
  };
}

function fail(exchange: Exchange, detail: string): void {
  exchange.failure = { kind: "assertion", detail };
}

function judgeHead(exchange: Exchange, expect: Expect): Failure | undefined {
  const status = exchange.status ?? 0;
  if (expect.status.length === 0) {
    if (status >= 400) return { kind: "status", detail: `expected a status below 400, got ${status}` };
  } else if (!expect.status.includes(status)) {
    return { kind: "status", detail: `expected status ${expect.status.join(" or ")}, got ${status}` };
  }
  const { withinMs } = expect;
  // The figure is not in the text: each would be an error of its own.
  if (withinMs !== undefined && exchange.endedAt - exchange.startedAt > withinMs) {
    return { kind: "assertion", detail: `expected a response within ${withinMs} ms` };
  }
  return undefined;
}

function parseJson(exchange: Exchange): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(exchange.body?.toString() ?? "") };
  } catch {
    // Not JSON: that is the answer.
    return undefined;
  }
}

function compiled(path: string): CompiledPath {
  const result = compilePath(path);
  if ("problem" in result) throw new Error(`the plan holds a bad JSONPath ${path}: ${result.problem}`);
  return result;
}

function compileJsonCheck({ path, check }: JsonCheck, show: Show): Check {
  const found = compiled(path);
  if (check.kind === "exists") {
    return (document) => {
      const exists = found.values(document).length > 0;
      return exists === check.value ? undefined : `expected ${path} ${check.value ? "to exist" : "not to exist"}`;
    };
  }
  const test = compileValueCheck(check, show);
  return (document, scope) => {
    const values = found.values(document);
    if (values.length === 0) return `expected ${path}, which is not in the response`;
    for (const value of values) {
      const expected = test(value, scope);
      if (expected !== undefined) return `expected ${path} ${expected}, got ${show(JSON.stringify(value), scope)}`;
    }
    return undefined;
  };
}

/** What another worker has seen is found when they are compared. */
function compileUnique(path: string, check: UniqueCheck, show: Show): Check {
  const found = compiled(path);
  return (document, scope) => {
    const values = found.values(document);
    if (values.length === 0) return `expected ${path}, which is not in the response`;
    const again = values.filter((value) => !check.add(value));
    if (again.length === 0) return undefined;
    return `expected ${path} to be unique in the run, got ${show(JSON.stringify(again[0]), scope)} again`;
  };
}

/** Gives what was expected, if the value is not that. */
function compileValueCheck(check: Exclude<JsonCheck["check"], { kind: "exists" }>, show: Show): Check {
  switch (check.kind) {
    case "equals": {
      const wanted = compileJson(check.value);
      return (value, scope) => {
        const text = JSON.stringify(wanted(scope));
        return JSON.stringify(value) === text ? undefined : `to equal ${show(text, scope)}`;
      };
    }
    case "type":
      return (value) => (typeOf(value) === check.value ? undefined : `to be of type ${check.value}`);
    case "minLength":
      return (value) => (lengthOf(value) >= check.value ? undefined : `to have a length of at least ${check.value}`);
    case "maxLength":
      return (value) => (lengthOf(value) <= check.value ? undefined : `to have a length of at most ${check.value}`);
    case "min":
      return (value) =>
        typeof value === "number" && value >= check.value ? undefined : `to be at least ${check.value}`;
    case "max":
      return (value) =>
        typeof value === "number" && value <= check.value ? undefined : `to be at most ${check.value}`;
    case "matches": {
      const pattern = new RegExp(check.value);
      return (value) => (typeof value === "string" && pattern.test(value) ? undefined : `to match ${check.value}`);
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** NaN, which no comparison holds for, if it has none. */
function lengthOf(value: unknown): number {
  return typeof value === "string" || Array.isArray(value) ? value.length : Number.NaN;
}

function compileTextCheck(check: TextCheck, show: Show): Check {
  if (check.kind === "matches") {
    const pattern = new RegExp(check.value);
    return (text) => (pattern.test(text as string) ? undefined : `expected the body to match ${check.value}`);
  }
  const wanted = compileTemplate(check.value);
  return (text, scope) => {
    const part = wanted(scope);
    return (text as string).includes(part) ? undefined : `expected the body to contain ${show(part, scope)}`;
  };
}

function compileCapture({ variable, path }: Capture): Check {
  const found = compiled(path);
  return (document, scope) => {
    const [value] = found.values(document);
    if (value === undefined) return `expected ${path} to capture as ${variable}, which is not in the response`;
    scope.variables.set(variable, value);
    return undefined;
  };
}

function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
