import { nearest } from "../verdict/spelling.ts";
import type { Threshold } from "../verdict/threshold.ts";
import { type Host, readHost } from "./address.ts";
import { shapeKeys, shapes } from "./definition/load.ts";
import type { RateStage, Stage } from "./plan.ts";
import type { Problem } from "./problem.ts";
import type { Reader } from "./reader.ts";
import { levels, MOST_STEPS, type Shape } from "./shape.ts";
import type { Entry, Place, SourceNode } from "./source.ts";

/** How much load a run makes, by one name. */
export interface Profile {
  name: string;
  /** They run at the same time. */
  loads: ScenarioLoad[];
  /** What thresholds leave out; it knows the problem it is in a run that is no longer. */
  warmUp?: { ms: number; tooLong: Problem };
  /** For how long the target is watched before the load, and at most after it. */
  beforeMs?: number;
  afterMs?: number;
  /** In place of the scenario's with the same subject, and beside the others. */
  thresholds: Threshold[];
}

/** A load before the run's classes and length are known. */
export interface ScenarioLoad {
  shape: Shape;
  /** From the run's start. */
  startMs: number;
  /** Names of the classes it drives; without them all. */
  classes?: string[];
  /** In place of the scenario's, and of one that the run is given. */
  host?: Host;
}

/** Reads one entry of `profiles:`. It is one load itself, or has `loads`. `classes` are the scenario's. */
export function readProfile(
  reader: Reader,
  { key: name, keyPlace, value: node }: Entry,
  classes: string[],
): Omit<Profile, "thresholds"> {
  const list = reader.entry(node, "loads");
  const beside = node.kind === "map" && list !== undefined ? node.entries.filter(({ key }) => loadKeys.has(key)) : [];
  for (const { key, keyPlace } of beside) {
    reader.report("conflict", keyPlace, { key, expected: "it inside a load: the profile has loads" });
  }
  const loads =
    list === undefined
      ? [readLoad(reader, node, keyPlace, classes)]
      : reader.items(list.value).map((load) => readLoad(reader, load, firstCharacter(load), classes));
  const warmUp = readWarmUp(reader, reader.get(node, "warmUp"));
  const beforeMs = reader.duration(reader.get(node, "before"), 0);
  const afterMs = reader.duration(reader.get(node, "after"), 0);
  return {
    name,
    loads: loads.filter((load) => load !== undefined),
    ...(warmUp === undefined ? {} : { warmUp }),
    ...(beforeMs === undefined ? {} : { beforeMs }),
    ...(afterMs === undefined ? {} : { afterMs }),
  };
}

const loadKeys: ReadonlySet<string> = new Set([...shapeKeys, "classes", "startAt"]);

function readWarmUp(reader: Reader, node: SourceNode | undefined): Profile["warmUp"] {
  const ms = reader.duration(node, 0);
  if (node === undefined || ms === undefined) return undefined;
  const params = { expected: "a time shorter than the run: thresholds count what comes after it" };
  return { ms, tooLong: reader.source.problem("wrong-value", node, params) };
}

/** `place` is where something that is missing is shown. */
function readLoad(reader: Reader, node: SourceNode, place: Place, known: string[]): ScenarioLoad | undefined {
  if (node.kind !== "map") return undefined;
  const shape = readShape(reader, node, place);
  const startMs = reader.duration(reader.get(node, "startAt"), 0) ?? 0;
  const host = readHost(reader, reader.get(node, "host"));
  const list = reader.get(node, "classes");
  const classes = reader.items(list).flatMap((one) => {
    const name = reader.string(one);
    if (name !== undefined && !known.includes(name)) reader.unknown("unknown-reference", one, name, known);
    return name ?? [];
  });
  if (shape === undefined) return undefined;
  return {
    shape,
    startMs,
    ...(list === undefined ? {} : { classes }),
    ...(host === undefined ? {} : { host }),
  };
}

function readShape(reader: Reader, node: SourceNode & { kind: "map" }, place: Place): Shape | undefined {
  const kinds = Object.keys(shapes) as (keyof typeof shapes)[];
  const kind = kinds.find((key) => reader.entry(node, key) !== undefined);
  if (kind === undefined) return missing(reader, node, place, kinds.toReversed(), "how much load, such as users: 10");
  const beside: readonly string[] = shapes[kind];
  for (const { key, keyPlace } of node.entries) {
    if (key === kind || !shapeKeys.has(key) || beside.includes(key)) continue;
    const expected =
      kind === "stages" || kind === "steps"
        ? `it inside the ${kind}, which have their levels and times`
        : `beside ${kind} only ${beside.join(", ")}`;
    reader.report("conflict", keyPlace, { key, expected });
  }
  const durationMs = reader.duration(reader.get(node, "duration"));
  const duration = durationMs === undefined ? {} : { durationMs };
  const number = (key: string) => reader.number(reader.get(node, key)) ?? 1;
  switch (kind) {
    case "users": {
      const spawnRate = reader.rateAbove0(reader.get(node, "spawnRate"));
      return { kind, users: number("users"), ...(spawnRate === undefined ? {} : { spawnRate }), ...duration };
    }
    case "arrivals":
      return {
        kind,
        perSecond: reader.rateAbove0(reader.get(node, kind)) ?? 1,
        ...readPool(reader, node),
        ...duration,
      };
    case "iterations": {
      const per = reader.string(reader.get(node, "per")) === "user" ? "user" : "run";
      return { kind, users: number("users"), iterations: number(kind), per, ...duration };
    }
    case "stages":
    case "steps":
      return readStaged(reader, node, kind);
  }
}

/** A key that has to be there, one of several; but not where one of them was meant. */
function missing(reader: Reader, node: SourceNode, place: Place, keys: readonly string[], expected: string): undefined {
  if (node.kind === "map" && node.entries.some(({ key }) => nearest(key, keys) !== undefined)) return undefined;
  const key = `${keys.slice(0, -1).join(", ")} or ${keys.at(-1)}`;
  return reader.report("missing-key", place, { key, expected });
}

function firstCharacter(node: SourceNode): Place {
  return { ...node, length: 1 };
}

/** Who serves the arrivals, and how regular they are. */
function readPool(reader: Reader, node: SourceNode) {
  const maxUsers = reader.number(reader.get(node, "maxUsers"));
  const spacing = reader.string(reader.get(node, "spacing")) === "poisson" ? "poisson" : "constant";
  return { ...(maxUsers === undefined ? {} : { maxUsers }), spacing } as const;
}

type Model = "users" | "arrivals";

/** How high the load is, in the unit of its model, and how long. */
interface Level {
  level: number;
  overMs: number;
  forMs: number;
}

function readStaged(reader: Reader, node: SourceNode & { kind: "map" }, key: "stages" | "steps"): Shape | undefined {
  const inside = reader.get(node, key);
  const first = key === "steps" ? inside : reader.items(inside).find((stage) => modelOf(reader, stage) !== undefined);
  const model = modelOf(reader, first);
  if (inside === undefined) return undefined;
  if (model === undefined) {
    for (const stage of key === "steps" ? [inside] : reader.items(inside)) missingModel(reader, stage);
    return undefined;
  }
  const levels = key === "steps" ? readSteps(reader, inside, model) : readStages(reader, reader.items(inside), model);
  if (levels === undefined || levels.length === 0) return undefined;
  if (levels.every(({ level }) => level === 0)) reader.reject("wrong-value", inside, { expected: `${model} above 0` });
  if (model === "arrivals") {
    const stages = levels.map(({ level, ...times }): RateStage => ({ perSecond: level, ...times }));
    return { kind: "rate stages", stages, ...readPool(reader, node) };
  }
  for (const { key: other, keyPlace } of node.entries) {
    if (other !== "maxUsers" && other !== "spacing") continue;
    reader.report("conflict", keyPlace, { key: other, expected: `it beside arrivals: these ${key} are of users` });
  }
  return { kind: "stages", stages: levels.map(({ level, ...times }): Stage => ({ users: level, ...times })) };
}

function modelOf(reader: Reader, node: SourceNode | undefined): Model | undefined {
  return (["users", "arrivals"] as const).find((model) => reader.entry(node, model) !== undefined);
}

function missingModel(reader: Reader, node: SourceNode): undefined {
  return missing(
    reader,
    node,
    firstCharacter(node),
    ["users", "arrivals"],
    "how much load, such as users: 10 or arrivals: 10/s",
  );
}

function sameModel(reader: Reader, node: SourceNode, model: Model): void {
  const other = reader.entry(node, model === "users" ? "arrivals" : "users");
  if (other === undefined) return;
  const expected = `${model} alone: a load is of users or of arrivals`;
  reader.report("conflict", other.keyPlace, { key: other.key, expected });
}

function readStages(reader: Reader, nodes: SourceNode[], model: Model): Level[] {
  const stages: Level[] = [];
  for (const [i, node] of nodes.entries()) {
    if (node.kind !== "map") continue;
    sameModel(reader, node, model);
    if (modelOf(reader, node) === undefined) missingModel(reader, node);
    if (reader.get(node, "over") === undefined && reader.get(node, "for") === undefined) {
      missing(reader, node, firstCharacter(node), ["over", "for"], "a time with its unit, such as 2m");
    }
    const from = reader.entry(node, "from");
    if (from !== undefined && i > 0) {
      const expected = "it in the first stage: each other begins where the one before ended";
      reader.report("conflict", from.keyPlace, { key: "from", expected });
    } else if (from !== undefined) {
      stages.push({ level: readLevel(reader, from.value, model) ?? 0, overMs: 0, forMs: 0 });
    }
    stages.push({ level: readLevel(reader, reader.get(node, model), model) ?? 0, ...readTimes(reader, node) });
  }
  return stages;
}

function readTimes(reader: Reader, node: SourceNode): { overMs: number; forMs: number } {
  const overMs = reader.duration(reader.get(node, "over")) ?? 0;
  return { overMs, forMs: reader.duration(reader.get(node, "for")) ?? 0 };
}

function readLevel(reader: Reader, node: SourceNode | undefined, model: Model): number | undefined {
  if (node === undefined || model === "arrivals") return reader.rate(node);
  return reader.number(node) ?? reader.reject("wrong-type", node, { expected: "a whole number of users" });
}

/** From one level to another, each held: compiled to stages. */
function readSteps(reader: Reader, node: SourceNode, model: Model): Level[] | undefined {
  sameModel(reader, node, model);
  const range = reader.get(node, model);
  const byNode = reader.get(node, "by");
  const times = readTimes(reader, node);
  const ends = reader.range(range, model === "users" ? "count" : "rate");
  const by = model === "users" ? readLevel(reader, byNode, model) : reader.rateAbove0(byNode);
  if (range === undefined || ends === undefined || by === undefined) return undefined;
  const list = levels(...ends, by);
  if (list !== undefined) return list.map((level) => ({ level, ...times }));
  return reader.reject("wrong-value", byNode ?? range, { expected: `at most ${MOST_STEPS} steps: a larger one` });
}
