import { requestKeys } from "./definition/request.ts";
import type { Task, UserClass, Wait } from "./plan.ts";
import type { Reader } from "./reader.ts";
import { readOwnHeaders } from "./request.ts";
import type { Entry, SourceNode } from "./source.ts";
import { AnyName, capturedIn, hasCode, type ScenarioStep, StepReader } from "./steps.ts";

export interface ScenarioTask extends Omit<Task, "steps"> {
  steps: ScenarioStep[];
}

/** A user class before its host is known. */
export interface ScenarioClass extends Omit<UserClass, "tasks" | "start" | "stop"> {
  tasks: ScenarioTask[];
  start: ScenarioStep[];
  stop: ScenarioStep[];
}

/** Reads one entry of `users:`. `afterCode`: code runs before it, which may have captured anything. */
export function readClass(
  reader: Reader,
  { key: name, value: node }: Entry,
  { afterCode = false }: { afterCode?: boolean } = {},
): ScenarioClass {
  const start = reader.get(node, "start");
  const stop = reader.get(node, "stop");
  const taskEntries = reader.named(reader.get(node, "tasks"));
  const ofStart = capturedIn(reader, start);
  const ofTasks = taskEntries.map(({ value }) => [...capturedIn(reader, value)]);
  const coded = afterCode || hasCode(node);
  const variables = coded ? new AnyName() : new Set([...ofStart, ...ofTasks.flat(), ...capturedIn(reader, stop)]);
  const context = { variables, headers: readOwnHeaders(reader, node, variables) };
  const tags = readTags(reader, node);
  const tasks = taskEntries.map((entry, i): ScenarioTask => {
    const others = ofTasks.filter((_, other) => other !== i);
    const steps = new StepReader(reader, context, coded ? new AnyName() : [...ofStart, ...others.flat()]);
    const all = [...new Set([...tags, ...readTags(reader, entry.value)])];
    return {
      kind: "steps",
      name: entry.key,
      weight: reader.number(reader.get(entry.value, "weight")) ?? 1,
      ...(all.length === 0 ? {} : { tags: all }),
      steps: steps.read(stepNodes(reader, entry), entry.key),
    };
  });
  const count = readFixedCount(reader, node);
  const sequence = readSequence(reader, node, taskEntries);
  return {
    name,
    weight: reader.number(reader.get(node, "weight")) ?? 1,
    ...(count === undefined ? {} : { fixedCount: count }),
    ...(tags.length === 0 ? {} : { tags }),
    wait: readWait(reader, reader.get(node, "wait")),
    tasks,
    ...(sequence === undefined ? {} : { sequence }),
    start: new StepReader(reader, context, []).read(reader.items(start)),
    stop: new StepReader(reader, context, coded ? new AnyName() : [...ofStart, ...ofTasks.flat()]).read(
      reader.items(stop),
    ),
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

/** A task is one request itself, or has `steps`. */
function stepNodes(reader: Reader, { value: node }: Entry): SourceNode[] {
  const steps = reader.entry(node, "steps");
  if (node.kind !== "map") return [];
  if (steps === undefined) return [node];
  const beside = node.entries.find(({ key }) => requestKeys.has(key));
  if (beside !== undefined) {
    reader.report("conflict", beside.keyPlace, { key: beside.key, expected: "it inside a step: the task has steps" });
  }
  return reader.items(steps.value);
}

/** `true`: the tasks as they are written; or a list of their names, in which one may come several times. */
function readSequence(reader: Reader, node: SourceNode, tasks: Entry[]): string[] | undefined {
  const sequence = reader.get(node, "sequence");
  if (sequence === undefined || reader.boolean(sequence) === false) return undefined;
  const names = tasks.map(({ key }) => key);
  for (const { value } of tasks) {
    const weight = reader.entry(value, "weight");
    const expected = "no weight: the class has a sequence";
    if (weight !== undefined) reader.report("conflict", weight.keyPlace, { key: "weight", expected });
  }
  if (sequence.kind !== "list") return names;
  return sequence.items.flatMap((item) => {
    const name = reader.string(item);
    if (name !== undefined && !names.includes(name)) reader.unknown("unknown-reference", item, name, names);
    return name ?? [];
  });
}

const noWait: Wait = { kind: "uniform", minMs: 0, maxMs: 0 };

/** None is no wait, as in Locust. */
function readWait(reader: Reader, node: SourceNode | undefined): Wait {
  if (node?.kind === "map") return readPace(reader, node);
  const range = reader.timeRange(node);
  return range === undefined ? noWait : { kind: "uniform", ...range };
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
