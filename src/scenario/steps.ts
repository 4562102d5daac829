import { requestKeys } from "./definition/request.ts";
import { flows } from "./definition/task.ts";
import { type Flow, MOST_ROUNDS } from "./flow.ts";
import { readJson } from "./json-template.ts";
import type { JsonTemplate } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import { type Header, readRequest, type ScenarioRequest, variableName } from "./request.ts";
import type { Entry, SourceNode } from "./source.ts";
import { templateVariables } from "./template.ts";

export type ScenarioStep = Flow<ScenarioRequest>;

/** Names of variables where any may have a value: only the run knows what code captures. */
export class AnyName extends Set<string> {
  override has(): boolean {
    return true;
  }
}

/** Whether there is code at whatever depth. */
export function hasCode(node: SourceNode | undefined): boolean {
  if (node?.kind === "list") return node.items.some(hasCode);
  if (node?.kind === "map") return node.entries.some(({ value }) => hasCode(value));
  return node?.kind === "code";
}

/** What the steps of a user class have in common. */
export interface StepContext {
  /** All that steps of the class capture. */
  variables: ReadonlySet<string>;
  /** The class's. */
  headers: readonly Header[];
}

/** The names that steps give values to, at whatever depth. */
export function capturedIn(reader: Reader, node: SourceNode | undefined): string[] {
  if (node?.kind === "list") return node.items.flatMap((item) => capturedIn(reader, item));
  if (node?.kind !== "map") return [];
  return node.entries.flatMap(({ key, value }) => {
    if (key === "capture" || key === "foreach") return reader.named(value).map((entry) => entry.key);
    return nesting.has(key) ? capturedIn(reader, value) : [];
  });
}

const nesting: ReadonlySet<string> = new Set(["then", "else", "steps", "parallel"]);

type FlowKey = keyof typeof flows;

function isFlow(key: string): key is FlowKey {
  return Object.hasOwn(flows, key);
}

/** Reads steps in their order, and keeps what each may have captured for those after it. */
export class StepReader {
  readonly #reader: Reader;
  readonly #context: StepContext;
  #captured: Set<string>;

  /** `captured`: what may have a value before the first step. */
  constructor(reader: Reader, context: StepContext, captured: Iterable<string>) {
    this.#reader = reader;
    this.#context = context;
    this.#captured = captured instanceof AnyName ? captured : new Set(captured);
  }

  /** A request that is the only step is counted under `name`, where it is given and the request has none of its own. */
  read(nodes: readonly SourceNode[], name?: string): ScenarioStep[] {
    const only = nodes.length === 1 ? name : undefined;
    return nodes.map((node) => this.#step(node, only)).filter((step) => step !== undefined);
  }

  #step(node: SourceNode, name: string | undefined): ScenarioStep | undefined {
    if (node.kind === "code") {
      const { kind, module, key } = node;
      this.#captured = new AnyName();
      return { kind, module, key, headers: [...this.#context.headers] };
    }
    if (node.kind !== "map") return undefined;
    const flow = node.entries.find(({ key }) => isFlow(key));
    if (flow === undefined || !isFlow(flow.key)) return this.#request(node, name);
    const beside: readonly string[] = flows[flow.key];
    for (const { key, keyPlace } of node.entries) {
      if (key === flow.key || beside.includes(key) || !isStepKey(key)) continue;
      const expected =
        beside.length === 0 ? `nothing beside ${flow.key}` : `beside ${flow.key} only ${beside.join(", ")}`;
      this.#reader.report("conflict", keyPlace, { key, expected });
    }
    return this.#flow(node, flow, flow.key);
  }

  #flow(node: SourceNode, { keyPlace, value }: Entry, kind: FlowKey): ScenarioStep | undefined {
    const reader = this.#reader;
    const inside = (key: "then" | "else" | "steps"): ScenarioStep[] => {
      const list = reader.entry(node, key);
      if (list === undefined && key !== "else") {
        reader.report("missing-key", keyPlace, { key, expected: "a list of steps" });
      }
      return this.read(reader.items(list?.value));
    };
    switch (kind) {
      case "think": {
        const range = reader.timeRange(value);
        return range && { kind, ...range };
      }
      case "if": {
        const condition = reader.condition(value, this.#context.variables);
        const [steps, otherwise] = [inside("then"), inside("else")];
        return condition && { kind, condition, steps, otherwise };
      }
      case "repeat": {
        const times = reader.number(value);
        const steps = inside("steps");
        return times === undefined ? undefined : { kind, times, steps };
      }
      case "foreach": {
        const items = this.#items(value);
        const steps = inside("steps");
        return items && { kind, ...items, steps };
      }
      case "group": {
        const name = reader.string(value);
        const steps = inside("steps");
        return name === undefined ? undefined : { kind, name, steps };
      }
      case "parallel": {
        const requests = reader.items(value).map((request) => this.#request(request, undefined));
        return { kind, requests: requests.filter((request) => request !== undefined) };
      }
    }
  }

  #request(node: SourceNode, name: string | undefined): ScenarioRequest | undefined {
    const reader = this.#reader;
    for (const key of ["then", "else", "steps"] as const) {
      const stray = reader.entry(node, key);
      const owners = Object.entries(flows).filter(([, beside]) => beside.some((one) => one === key));
      const expected = `it beside ${owners.map(([owner]) => owner).join(" or ")}`;
      if (stray !== undefined) reader.report("conflict", stray.keyPlace, { key, expected });
    }
    const { variables } = this.#context;
    const request = readRequest(reader, node, { variables, inherited: this.#sendable(), name });
    for (const variable of capturedIn(reader, node)) this.#captured.add(variable);
    return request;
  }

  /**
   * The headers of the class that a request can send: not those whose variable nothing can have captured before it. So
   * `authorization: Bearer {{ token }}` does not stand in the way of the login that captures the token.
   */
  #sendable(): Header[] {
    return this.#context.headers.filter(([, value]) =>
      templateVariables(value).every((name) => this.#captured.has(name) || this.#reader.isGiven(name)),
    );
  }

  /** `{ id: "{{ ids }}" }`: the variable that takes each item, and the list. */
  #items(node: SourceNode): { variable: string; items: JsonTemplate } | undefined {
    const reader = this.#reader;
    const [entry, second] = reader.named(node);
    if (entry === undefined) {
      return reader.reject("wrong-value", node, { expected: 'one variable and its list, such as { id: "{{ ids }}" }' });
    }
    if (second !== undefined) {
      reader.report("conflict", second.keyPlace, {
        key: second.key,
        expected: `one variable; ${entry.key} is there already`,
      });
    }
    const items = this.#list(entry.value);
    const variable = variableName(reader, entry);
    if (variable === undefined || items === undefined) return undefined;
    this.#captured.add(variable);
    return { variable, items };
  }

  #list(node: SourceNode): JsonTemplate | undefined {
    const { variables } = this.#context;
    if (node.kind === "list") {
      if (node.items.length <= MOST_ROUNDS) return readJson(this.#reader, node, variables);
      return this.#reader.reject("wrong-value", node, { expected: `at most ${MOST_ROUNDS} items` });
    }
    const list = this.#reader.condition(node, variables);
    return list && { kind: "text", value: [list] };
  }
}

/** Of those that a step may have: of others the check of the file's structure tells. */
function isStepKey(key: string): boolean {
  return isFlow(key) || requestKeys.has(key) || key === "then" || key === "else" || key === "steps";
}
