import type { Client } from "../client/client.ts";
import { type TraceContext, type TracedRequest, Tracer } from "../client/trace.ts";
import { Aggregator } from "../metrics/aggregator.ts";
import type { Clock } from "../metrics/clock.ts";
import { ClassicBounds } from "../metrics/histogram.ts";
import type { Sample } from "../metrics/sample.ts";
import type { SeriesKey, TaskException } from "../metrics/snapshot.ts";
import { requestsOf } from "../scenario/flow.ts";
import { compilePath } from "../scenario/json-path.ts";
import type { Code } from "../scenario/module.ts";
import type { Plan, UserClass } from "../scenario/plan.ts";
import type { JsonTemplate, RequestStep } from "../scenario/plan-request.ts";
import { isSecretName, redactVariables, Secrets } from "../scenario/secrets.ts";
import { type Provisions, Worker } from "./worker.ts";

/** What one step came to, for people; without secrets. `task` is `start` or `stop` for those steps. */
export interface Rehearsed {
  user: string;
  task: string;
  /** `GET http://host/path`; of a step that sent nothing, its name. */
  request: string;
  status?: number | undefined;
  tookMs?: number;
  /** What was expected of the answer; it held, if nothing failed. */
  expected: string[];
  captured: [variable: string, value: string][];
  failure?: string | undefined;
}

export interface RehearsalParts {
  plan: Plan;
  provisions: Provisions;
  clock: Clock;
  client: Client;
  code: Code;
  secret(name: string): string;
  wallAt(time: number): number;
  tell(step: Rehearsed): void;
}

const SHOWN = 80;
const LONGEST_MS = 10 * 60_000;

/**
 * Each task of each class once, by one user a class, in the order in which they are written: start steps, tasks, stop steps, with
 * the engine that carries a load. A user whose start steps fail does none of its tasks.
 */
export async function rehearse(parts: RehearsalParts): Promise<void> {
  const classes = new Map(parts.plan.loads.flatMap((load) => load.classes).map((one) => [one.name, one]));
  for (const one of classes.values()) await rehearseClass(one, parts);
}

async function rehearseClass(userClass: UserClass, parts: RehearsalParts): Promise<void> {
  const { plan, tell } = parts;
  const { fixedCount: _, ...rest } = userClass;
  const names = userClass.tasks.map(({ name }) => name);
  const alone = { ...rest, wait: { kind: "uniform", minMs: 0, maxMs: 0 } as const, sequence: names };
  const load = { kind: "iterations", users: 1, iterations: names.length, per: "run", maxMs: LONGEST_MS } as const;
  let worker: Worker | undefined;
  const heed = (step: Rehearsed) => {
    tell(step);
    if (step.task === "start" && step.failure !== undefined) worker?.stop();
  };
  const secrets = new Secrets(parts.secret);
  worker = new Worker({
    ...parts,
    plan: { ...plan, loads: [{ load, classes: [alone], startMs: 0 }] },
    share: { index: 0, of: 1 },
    aggregator: new Notes(heed),
    tracer: new Onlooker(plan, userClass, (text) => secrets.redact(text), heed),
    secret: (name) => secrets.value(name),
  });
  await worker.run();
}

/** Sees each request with its answer, as one that traces it would. */
class Onlooker extends Tracer {
  readonly #class: UserClass;
  readonly #redact: (text: string) => string;
  readonly #tell: (step: Rehearsed) => void;

  constructor(plan: Plan, userClass: UserClass, redact: (text: string) => string, tell: (step: Rehearsed) => void) {
    super({ sample: 0, failed: false }, plan, 0);
    this.#class = userClass;
    this.#redact = redact;
    this.#tell = tell;
  }

  override end(_context: TraceContext, sample: Sample, about: () => TracedRequest): void {
    const { request, method, user, task, url } = about();
    const step = stepsOf(this.#class, task).find((one) => one.name === request && one.method === method);
    const body = "body" in sample && Buffer.isBuffer(sample.body) ? sample.body : undefined;
    this.#tell({
      user,
      task,
      request: `${method} ${this.#redact(url)}`,
      status: sample.status,
      tookMs: sample.endedAt - sample.startedAt,
      expected: step === undefined ? [] : inWords(step.expect),
      captured: sample.failure === undefined && step !== undefined ? this.#captured(step, body) : [],
      failure: sample.failure?.detail,
    });
  }

  #captured({ captures }: RequestStep, body: Buffer | undefined): [string, string][] {
    if (captures.length === 0 || body === undefined) return [];
    const document: unknown = JSON.parse(body.toString());
    return captures.map(({ variable, path }) => {
      const found = compilePath(path);
      const [value] = "problem" in found ? [] : found.values(document);
      return [variable, shown(variable, value, this.#redact)];
    });
  }
}

/** A value as it may be shown: without secrets, and short. */
export function shown(variable: string, value: unknown, redact: (text: string) => string): string {
  if (isSecretName(variable)) return "REDACTED";
  const text = redactVariables(redact(JSON.stringify(value) ?? "nothing"), new Map([[variable, value]]));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** Sees what could not be sent, and what ended a task that was no request. */
class Notes extends Aggregator {
  readonly #keys = new Map<number, SeriesKey>();
  readonly #tell: (step: Rehearsed) => void;

  constructor(tell: (step: Rehearsed) => void) {
    super("", new ClassicBounds([]));
    this.#tell = tell;
  }

  override series(key: SeriesKey): number {
    const number = super.series(key);
    this.#keys.set(number, key);
    return number;
  }

  override add(sample: Sample): void {
    super.add(sample);
    const key = this.#keys.get(sample.series);
    // What was sent has an answer, or the headers of none.
    if ("headers" in sample || key === undefined) return;
    const { user, task, request } = key;
    this.#tell({ user, task, request, expected: [], captured: [], failure: sample.failure?.detail });
  }

  override exception(one: Pick<TaskException, "user" | "task" | "message" | "traceback">, at: number): void {
    super.exception(one, at);
    const { user, task, message } = one;
    this.#tell({ user, task, request: "a step", expected: [], captured: [], failure: message });
  }
}

function stepsOf({ start, stop, tasks }: UserClass, task: string): RequestStep[] {
  if (task === "start") return requestsOf(start);
  if (task === "stop") return requestsOf(stop);
  return requestsOf(tasks.find(({ name }) => name === task)?.steps ?? []);
}

function inWords({ status, json, body, unique, withinMs }: RequestStep["expect"]): string[] {
  return [
    status.length === 0 ? "status below 400" : `status ${status.join(" or ")}`,
    ...json.map(({ path, check }) => {
      if (check.kind === "exists") return `${path} ${check.value ? "exists" : "does not exist"}`;
      const value = check.kind === "equals" ? plainOf(check.value) : check.value;
      return value === undefined ? `${path} ${check.kind}` : `${path} ${check.kind} ${value}`;
    }),
    ...body.map(({ kind }) => `body ${kind}`),
    ...(unique === undefined ? [] : [`${unique} unique`]),
    ...(withinMs === undefined ? [] : [`within ${withinMs} ms`]),
  ];
}

/** A value that nothing is filled into, and that is no list or object, as JSON; what is filled in may be a secret. */
function plainOf(value: JsonTemplate): string | undefined {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return value.kind === "text" && typeof value.value === "string" ? JSON.stringify(value.value) : undefined;
}
