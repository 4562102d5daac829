import type { JsonTemplate, Template, TemplatePart } from "./plan-request.ts";

/**
 * What a task does, in order: requests, and what stands around them. `Request` is one of the Plan's, or one whose host is
 * not known yet.
 *
 * - `think`: a pause drawn evenly between two times.
 * - `if`: one of two lists of steps.
 * - `repeat`, `foreach`: the same steps again; `foreach` takes each item of a list into a variable.
 * - `group`: steps that are timed together.
 * - `code`: a function of a module's default export, named by a JSON Pointer; with what its requests have of their class:
 *   headers, and the host that relative URLs are below.
 * - `parallel`: requests that are sent at the same time, at most six under way.
 */
export type Flow<Request extends { kind: "request" }> =
  | Request
  | { kind: "think"; minMs: number; maxMs: number }
  | { kind: "if"; condition: Condition; steps: Flow<Request>[]; otherwise: Flow<Request>[] }
  | { kind: "repeat"; times: number; steps: Flow<Request>[] }
  | { kind: "foreach"; variable: string; items: JsonTemplate; steps: Flow<Request>[] }
  | { kind: "group"; name: string; steps: Flow<Request>[] }
  | CodeStep
  | { kind: "parallel"; requests: Request[] };

export interface CodeStep {
  kind: "code";
  module: string;
  key: string;
  headers: [name: string, value: Template][];
  host?: Template;
}

/** An expression that is asked whether it holds. */
export type Condition = Exclude<TemplatePart, string | { kind: "secret" | "base64" }>;

/** What a loop goes round at most: a list that a service made longer fails its task. */
export const MOST_ROUNDS = 10_000;

/** All requests of steps, in the order in which they are written. */
export function requestsOf<Request extends { kind: "request" }>(steps: readonly Flow<Request>[]): Request[] {
  return steps.flatMap(requestsOfOne);
}

function requestsOfOne<Request extends { kind: "request" }>(step: Flow<Request>): Request[] {
  switch (step.kind) {
    case "request":
      return [step];
    case "parallel":
      return step.requests;
    case "think":
    case "code":
      return [];
    case "if":
      return requestsOf([...step.steps, ...step.otherwise]);
    default:
      return requestsOf(step.steps);
  }
}

/** All code of steps. */
export function codeOf<Request extends { kind: "request" }>(steps: readonly Flow<Request>[]): CodeStep[] {
  return steps.flatMap((step): CodeStep[] => {
    if (step.kind === "code") return [step];
    if (step.kind === "if") return codeOf([...step.steps, ...step.otherwise]);
    return "steps" in step ? codeOf(step.steps) : [];
  });
}

/** What each step with an address becomes. */
interface Mapping<From, To> {
  request(request: From): To;
  code(code: CodeStep): CodeStep;
}

/** The same steps with other requests and code. */
export function mapSteps<From extends { kind: "request" }, To extends { kind: "request" }>(
  steps: readonly Flow<From>[],
  to: Mapping<From, To>,
): Flow<To>[] {
  return steps.map((step) => mapOne(step, to));
}

function mapOne<From extends { kind: "request" }, To extends { kind: "request" }>(
  step: Flow<From>,
  to: Mapping<From, To>,
): Flow<To> {
  switch (step.kind) {
    case "request":
      return to.request(step);
    case "code":
      return to.code(step);
    case "parallel":
      return { ...step, requests: step.requests.map(to.request) };
    case "think":
      return step;
    case "if":
      return { ...step, steps: mapSteps(step.steps, to), otherwise: mapSteps(step.otherwise, to) };
    default:
      return { ...step, steps: mapSteps(step.steps, to) };
  }
}
