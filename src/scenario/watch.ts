import { type Address, readAddress, readServiceAddress } from "./address.ts";
import { readCommand } from "./command.ts";
import { readContainers } from "./containers.ts";
import { notYet } from "./definition/scenario.ts";
import { type SourceKey, sourceShapes } from "./definition/source.ts";
import { readLogs } from "./logs.ts";
import { readMappings } from "./metric-mapping.ts";
import type { CommandSource, MetricMapping, Source, SourceCommon } from "./plan-source.ts";
import type { Problem } from "./problem.ts";
import type { Reader } from "./reader.ts";
import { readHeaders } from "./request.ts";
import type { Entry, SourceNode } from "./source.ts";

/** What a run decides of a source: how often it is asked, and where what is below the host is. */
type Unplanned<Kind extends Source> = Kind extends { url: unknown }
  ? Omit<Kind, "url" | "replicas" | "everyMs" | "timeoutMs"> & Times & { address: Address; replicas?: Address[] }
  : Kind extends CommandSource
    ? // It knows the problem that it is where commands are not allowed.
      Omit<Kind, "everyMs" | "timeoutMs"> & Times & { notAllowed: Problem }
    : Omit<Kind, "everyMs" | "timeoutMs"> & Times;
type Times = Partial<Pick<SourceCommon, "everyMs" | "timeoutMs">>;

/** A source before the host and the run's length are known. */
export type ScenarioSource = Unplanned<Source>;

/** What is wrong with the `from` of a mapping; `offset` counts characters in it. `target/collector.ts` has it. */
export interface MappingProblem {
  metric: string;
  from: string;
  offset: number;
  problem: string;
}

/** Says what is wrong with a source's mappings: the room that asks the source knows their language. */
export type MappingCheck = (kind: Source["kind"], metrics: readonly MetricMapping[]) => MappingProblem[];

/** One entry of `watch:` whose kind is known. */
interface Written {
  name: string;
  node: SourceNode;
  keyPlace: Entry["keyPlace"];
  /** Of the key that says the kind. */
  value: SourceNode;
  times: Times;
  check: MappingCheck;
}

/** Reads one entry of `watch:`. Files are found from `folder`. */
export function readSource(
  reader: Reader,
  { key: name, value: node, keyPlace }: Entry,
  check: MappingCheck,
  folder: string,
): ScenarioSource | undefined {
  if (node.kind !== "map") return undefined;
  const everyMs = reader.duration(reader.get(node, "every"));
  const timeoutMs = reader.duration(reader.get(node, "timeout"));
  const times = {
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  const [first, second] = node.entries.filter(({ key }) => Object.hasOwn(sourceShapes, key));
  if (first === undefined) {
    if (!node.entries.some(({ key }) => notYet.has(key))) {
      const key = Object.keys(sourceShapes).join(" or ");
      reader.report("missing-key", keyPlace, { key, expected: "what to look at" });
    }
    return undefined;
  }
  if (second !== undefined) {
    const expected = `one source; ${first.key} is there already`;
    return reader.report("conflict", second.keyPlace, { key: second.key, expected });
  }
  const key = first.key as SourceKey;
  if (!checkKeys(reader, node, keyPlace, key)) return undefined;
  const written = { name, node, keyPlace, value: first.value, times, check };
  switch (key) {
    case "prometheus":
    case "json":
    case "promql":
    case "actuator": {
      const asked = readAsked(reader, written);
      const metrics = readMetrics(reader, key, written);
      return asked && { kind: key, name, ...asked, metrics, ...times };
    }
    case "nginx":
    case "nats": {
      const asked = readAsked(reader, written);
      return asked && { kind: key, name, ...asked, ...times };
    }
    case "rabbitmq": {
      const asked = readAsked(reader, written);
      const queues = readNames(reader, reader.get(node, "queues"));
      return asked && { kind: key, name, ...asked, queues, ...times };
    }
    case "redis": {
      const address = readServiceAddress(reader, first.value, "redis://localhost:6379", ["redis:", "rediss:"]);
      const queues = readNames(reader, reader.get(node, "queues"));
      const streams = readNames(reader, reader.get(node, "streams"));
      return address && { kind: key, name, address, queues, streams, ...times };
    }
    case "postgres": {
      const example = "postgres://localhost:5432/shop";
      const address = readServiceAddress(reader, first.value, example, ["postgres:", "postgresql:"]);
      const metrics = readMetrics(reader, key, written);
      return address && { kind: key, name, address, metrics, ...times };
    }
    case "host":
      return reader.boolean(first.value) === true ? { kind: key, name, ...times } : undefined;
    case "process": {
      const process = reader.string(first.value);
      return process === undefined ? undefined : { kind: key, name, process, ...times };
    }
    case "docker":
    case "compose": {
      const docker = readContainers(reader, node);
      return docker && { name, ...docker, ...times };
    }
    case "command": {
      const command = readCommand(reader, first.value);
      const metrics = readMetrics(reader, key, written);
      const hint = "give --allow-commands, if you know what it runs";
      const notAllowed = reader.source.problem("commands-not-allowed", first.value, { hint });
      return command && { kind: key, name, command, metrics, notAllowed, ...times };
    }
    case "logs": {
      const logs = readLogs(reader, node, folder);
      return logs && { name, ...logs, ...times };
    }
  }
}

/** What the kind takes, and what it cannot do without. */
function checkKeys(reader: Reader, node: SourceNode, keyPlace: Entry["keyPlace"], kind: SourceKey): boolean {
  const { beside, required }: { beside: readonly string[]; required: readonly string[] } = sourceShapes[kind];
  const entries = node.kind === "map" ? node.entries : [];
  const ofOthers = new Set(Object.values(sourceShapes).flatMap((shape): readonly string[] => shape.beside));
  const strange = entries.filter(({ key }) => ofOthers.has(key) && !beside.includes(key));
  for (const { key, keyPlace } of strange) {
    reader.report("conflict", keyPlace, {
      key,
      expected: `only ${["every", "timeout", ...beside].join(", ")} beside ${kind}`,
    });
  }
  const missing = required.filter((key) => !entries.some((entry) => entry.key === key));
  for (const key of missing) reader.report("missing-key", keyPlace, { key, expected: requiredKeys[key] ?? "a value" });
  return strange.length === 0 && missing.length === 0;
}

const requiredKeys: Record<string, string> = { metrics: "a map of metric names to where they come from" };

/** Where a source is that is asked by GET, perhaps in several replicas, and with what headers. */
function readAsked(reader: Reader, { node, value }: Written) {
  const headers = readHeaders(reader, reader.get(node, "headers"), undefined);
  const written = value.kind === "list" ? value.items : [value];
  const [address, ...replicas] = written.flatMap((one) => readAddress(reader, one, undefined) ?? []);
  return address && { address, headers, ...(replicas.length === 0 ? {} : { replicas }) };
}

function readMetrics(reader: Reader, kind: Source["kind"], { node, check }: Written): MetricMapping[] {
  const written = readMappings(reader, reader.get(node, "metrics"));
  const metrics = written.map(({ mapping }) => mapping);
  for (const problem of check(kind, metrics)) {
    const at = written.find(({ mapping }) => mapping.metric === problem.metric && mapping.from === problem.from)?.node;
    if (at?.kind !== "scalar") continue;
    const place = reader.source.within(at, Math.min(problem.offset, Math.max(0, problem.from.length - 1)), 1);
    reader.report("metric", place, { hint: problem.problem });
  }
  return metrics;
}

function readNames(reader: Reader, node: SourceNode | undefined): string[] {
  return reader.items(node).flatMap((item) => reader.string(item) ?? []);
}

/** Names that a source brings of its own, beside the vocabulary's: thresholds may use them. */
export function ownMetrics(source: ScenarioSource): string[] {
  return "metrics" in source ? source.metrics.map(({ metric }) => metric) : [];
}
