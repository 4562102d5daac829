import type { Task, UserClass, Wait } from "./plan.ts";
import { type Reader, timeMs } from "./reader.ts";
import { type Header, isMethod, readHeaders, readStep, type ScenarioStep } from "./request.ts";
import type { Entry, SourceNode } from "./source.ts";
import { templateVariables } from "./template.ts";

export interface ScenarioTask extends Omit<Task, "steps"> {
  steps: ScenarioStep[];
}

/** A user class before its host is known. */
export interface ScenarioClass extends Omit<UserClass, "tasks" | "start"> {
  tasks: ScenarioTask[];
  start: ScenarioStep[];
}

/** Reads one entry of `users:`. */
export function readClass(reader: Reader, { key: name, value: node }: Entry): ScenarioClass {
  const startNodes = reader.items(reader.get(node, "start"));
  const tasks = reader.named(reader.get(node, "tasks")).map((entry) => ({ entry, nodes: stepNodes(reader, entry) }));
  const ofStart = startNodes.map((step) => capturesOf(reader, step));
  const ofTasks = tasks.map(({ nodes }) => nodes.map((step) => capturesOf(reader, step)));
  const variables = new Set([...ofStart.flat(), ...ofTasks.flat(2)]);
  const headers = readHeaders(reader, reader.get(node, "headers"), variables);
  const start = startNodes.map((step, i) => {
    const inherited = sendable(headers, new Set(ofStart.slice(0, i).flat()));
    return readStep(reader, step, { variables, inherited });
  });
  const tags = readTags(reader, node);
  const count = readFixedCount(reader, node);
  return {
    name,
    weight: reader.number(reader.get(node, "weight")) ?? 1,
    ...(count === undefined ? {} : { fixedCount: count }),
    ...(tags.length === 0 ? {} : { tags }),
    wait: readWait(reader, reader.get(node, "wait")),
    start: start.filter((step) => step !== undefined),
    tasks: tasks.map(({ entry, nodes }, task) => {
      const others = [...ofStart.flat(), ...ofTasks.filter((_, i) => i !== task).flat(2)];
      const steps = nodes.map((step, i) => {
        const inherited = sendable(headers, new Set([...others, ...(ofTasks[task]?.slice(0, i).flat() ?? [])]));
        return readStep(reader, step, { variables, inherited, name: nodes.length === 1 ? entry.key : undefined });
      });
      const all = [...new Set([...tags, ...readTags(reader, entry.value)])];
      return {
        kind: "steps",
        name: entry.key,
        weight: reader.number(reader.get(entry.value, "weight")) ?? 1,
        ...(all.length === 0 ? {} : { tags: all }),
        steps: steps.filter((step) => step !== undefined),
      };
    }),
  };
}

function readTags(reader: Reader, node: SourceNode): string[] {
  return reader.items(reader.get(node, "tags")).flatMap((tag) => reader.string(tag) ?? []);
}

function readFixedCount(reader: Reader, node: SourceNode): number | undefined {
  const entry = reader.entry(node, "fixedCount");
  if (entry !== undefined && reader.entry(node, "weight") !== undefined) {
    const expected = "one of weight and fixedCount: such users have no share of the others";
    reader.report("conflict", entry.keyPlace, { key: "fixedCount", expected });
  }
  return reader.number(entry?.value);
}

/**
 * The headers of a class that a step can send: not those whose variable nothing can have captured before it. So
 * `authorization: Bearer {{ token }}` does not stand in the way of the login that captures the token.
 */
function sendable(headers: readonly Header[], captured: ReadonlySet<string>): Header[] {
  return headers.filter(([, value]) => templateVariables(value).every((name) => captured.has(name)));
}

function capturesOf(reader: Reader, step: SourceNode): string[] {
  const captures = reader.get(step, "capture");
  return captures?.kind === "map" ? captures.entries.map(({ key }) => key) : [];
}

/** A task is one request itself, or has `steps`. */
function stepNodes(reader: Reader, { value: node }: Entry): SourceNode[] {
  const steps = reader.entry(node, "steps");
  if (node.kind !== "map") return [];
  if (steps === undefined) return [node];
  const beside = node.entries.find(({ key }) => key !== "steps" && key !== "weight" && isRequestKey(key));
  if (beside !== undefined) {
    reader.report("conflict", beside.keyPlace, { key: beside.key, expected: "it inside a step: the task has steps" });
  }
  return reader.items(steps.value);
}

function isRequestKey(key: string): boolean {
  return isMethod(key) || ["name", "headers", "json", "body", "form", "expect", "capture", "deadline"].includes(key);
}

const noWait: Wait = { kind: "uniform", minMs: 0, maxMs: 0 };

/** None is no wait, as in Locust. */
function readWait(reader: Reader, node: SourceNode | undefined): Wait {
  if (node?.kind === "map") return readPace(reader, node);
  const text = reader.string(node);
  if (node === undefined || text === undefined) return noWait;
  const [least = "", most = least, ...more] = text.split("..");
  const [minMs, maxMs] = [timeMs(least), timeMs(most)];
  if (minMs === undefined || maxMs === undefined || more.length > 0) {
    reader.reject("wrong-value", node, { expected: "a time or a range, such as 1s..3s", got: JSON.stringify(text) });
    return noWait;
  }
  if (minMs > maxMs) {
    reader.reject("wrong-value", node, { expected: "the shorter time first", got: JSON.stringify(text) });
  }
  return { kind: "uniform", minMs, maxMs };
}

const paces = ["pacing", "throughput", "poisson"] as const;

/** A map with one of `pacing` (Locust's constant_pacing), `throughput` (its constant_throughput) and `poisson`. */
function readPace(reader: Reader, node: SourceNode & { kind: "map" }): Wait {
  const [first, second] = node.entries.filter(({ key }) => paces.some((pace) => pace === key));
  if (second !== undefined) {
    reader.report("conflict", second.keyPlace, { key: second.key, expected: `one; ${first?.key} is there already` });
  }
  if (node.entries.length === 0) {
    reader.reject("missing-key", node, {
      key: "pacing, throughput or poisson",
      expected: "a wait, such as pacing: 10s",
    });
  }
  if (first?.key === "throughput") {
    const perSecond = reader.rateAbove0(first.value);
    return perSecond === undefined ? noWait : { kind: "pace", everyMs: 1000 / perSecond };
  }
  const ms = reader.duration(first?.value);
  if (ms === undefined) return noWait;
  return first?.key === "pacing" ? { kind: "pace", everyMs: ms } : { kind: "poisson", meanMs: ms };
}
