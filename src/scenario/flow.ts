import type { JsonTemplate, TemplatePart } from "./plan.ts";

/**
 * What a task does, in order: requests, and what stands around them. `Request` is one of the Plan's, or one whose host is
 * not known yet.
 *
 * - `think`: a pause drawn evenly between two times.
 * - `if`: one of two lists of steps.
 * - `repeat`, `foreach`: the same steps again; `foreach` takes each item of a list into a variable.
 * - `group`: steps that are timed together.
 * - `parallel`: requests that are sent at the same time, at most six under way.
 */
export type Flow<Request extends { kind: "request" }> =
  | Request
  | { kind: "think"; minMs: number; maxMs: number }
  | { kind: "if"; condition: Condition; steps: Flow<Request>[]; otherwise: Flow<Request>[] }
  | { kind: "repeat"; times: number; steps: Flow<Request>[] }
  | { kind: "foreach"; variable: string; items: JsonTemplate; steps: Flow<Request>[] }
  | { kind: "group"; name: string; steps: Flow<Request>[] }
  | { kind: "parallel"; requests: Request[] };

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
      return [];
    case "if":
      return requestsOf([...step.steps, ...step.otherwise]);
    default:
      return requestsOf(step.steps);
  }
}

/** The same steps with other requests. */
export function mapRequests<From extends { kind: "request" }, To extends { kind: "request" }>(
  steps: readonly Flow<From>[],
  to: (request: From) => To,
): Flow<To>[] {
  return steps.map((step) => mapOne(step, to));
}

function mapOne<From extends { kind: "request" }, To extends { kind: "request" }>(
  step: Flow<From>,
  to: (request: From) => To,
): Flow<To> {
  switch (step.kind) {
    case "request":
      return to(step);
    case "parallel":
      return { ...step, requests: step.requests.map(to) };
    case "think":
      return step;
    case "if":
      return { ...step, steps: mapRequests(step.steps, to), otherwise: mapRequests(step.otherwise, to) };
    default:
      return { ...step, steps: mapRequests(step.steps, to) };
  }
}
