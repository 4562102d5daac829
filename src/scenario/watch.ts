import { targetMetric } from "../metrics/vocabulary.ts";
import { type Address, readAddress } from "./address.ts";
import { notYet } from "./definition.ts";
import type { MetricMapping, Source, SourceCommon } from "./plan.ts";
import type { Reader } from "./reader.ts";
import { readHeaders } from "./request.ts";
import type { Entry, SourceNode } from "./source.ts";

/** A source before the host and the run's length are known. */
export interface ScenarioSource extends Omit<Source, "url" | keyof SourceCommon> {
  name: string;
  everyMs?: number;
  timeoutMs?: number;
  address: Address;
}

/** What is wrong with the `from` of a mapping; `offset` counts characters in it. `target/collector.ts` has it. */
export interface MappingProblem {
  metric: string;
  from: string;
  offset: number;
  problem: string;
}

/** Says what is wrong with a source's mappings: the room that asks the source knows their language. */
export type MappingCheck = (source: Source) => MappingProblem[];

const kinds = ["prometheus", "json"] as const;

/** Reads one entry of `watch:`. */
export function readSource(
  reader: Reader,
  { key: name, value: node, keyPlace }: Entry,
  check: MappingCheck,
): ScenarioSource | undefined {
  if (node.kind !== "map") return undefined;
  const [first, second] = node.entries.filter(({ key }) => kinds.some((kind) => kind === key));
  if (second !== undefined) {
    reader.report("conflict", second.keyPlace, {
      key: second.key,
      expected: `one source; ${first?.key} is there already`,
    });
  }
  const kind = kinds.find((one) => one === first?.key);
  if (kind === undefined && !node.entries.some(({ key }) => notYet.has(key))) {
    reader.report("missing-key", keyPlace, { key: kinds.join(" or "), expected: "the URL to ask" });
  }
  const metricsNode = reader.get(node, "metrics");
  if (kind === "json" && metricsNode === undefined) {
    reader.report("missing-key", keyPlace, { key: "metrics", expected: "a map of metric names to JSONPaths" });
  }
  const address = readAddress(reader, first?.value, undefined);
  const headers = readHeaders(reader, reader.get(node, "headers"), undefined);
  const everyMs = reader.duration(reader.get(node, "every"));
  const timeoutMs = reader.duration(reader.get(node, "timeout"));
  const metrics = readMappings(reader, metricsNode);
  if (kind === undefined || second !== undefined) return undefined;
  const common = { kind, name, headers, metrics: metrics.map(({ mapping }) => mapping) };
  for (const problem of check({ ...common, url: "", everyMs: 0, timeoutMs: 0 })) {
    const at = metrics.find(({ mapping }) => mapping.metric === problem.metric && mapping.from === problem.from)?.node;
    if (at?.kind !== "scalar") continue;
    const place = reader.source.within(at, Math.min(problem.offset, Math.max(0, problem.from.length - 1)), 1);
    reader.report("metric", place, { hint: problem.problem });
  }
  if (address === undefined) return undefined;
  return {
    ...common,
    address,
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function readMappings(reader: Reader, node: SourceNode | undefined): { mapping: MetricMapping; node: SourceNode }[] {
  return reader.named(node).flatMap((entry) => {
    const series = readSeries(reader, entry);
    const from = reader.string(entry.value);
    if (series === undefined || from === undefined) return [];
    return [{ mapping: { ...series, type: typeOf(series.metric), from }, node: entry.value }];
  });
}

const series = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?$/su;
const label = /\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/uy;
/** Labels that Prometheus or Plimsoll gives every series. */
const reserved = ["run_id", "target", "source", "job", "instance", "le", "quantile"];

/** The key of a mapping: `db_pool_connections{state="in_use"}`. */
function readSeries(reader: Reader, { key, keyPlace }: Entry): Pick<MetricMapping, "metric" | "labels"> | undefined {
  const [, metric, inBraces = ""] = series.exec(key.trim()) ?? [];
  const labels = readLabels(inBraces);
  if (metric === undefined || labels === undefined) {
    return reader.report("metric", keyPlace, { key, expected: 'a name such as db_pool_connections{state="in_use"}' });
  }
  const bare = metric.replace(/^target_/u, "");
  if (bare !== metric) {
    return reader.report("metric", keyPlace, {
      key,
      expected: "the name without target_",
      suggestion: key.trim().slice("target_".length),
    });
  }
  const taken = reserved.find((name) => Object.hasOwn(labels, name));
  if (taken !== undefined) return reader.report("metric", keyPlace, { key, expected: `another label than ${taken}` });
  return { metric, labels };
}

function readLabels(text: string): Record<string, string> | undefined {
  const labels: [string, string][] = [];
  if (text.trim() === "") return {};
  label.lastIndex = 0;
  for (let match = label.exec(text); match !== null; match = label.exec(text)) {
    const [, name = "", value = "", after] = match;
    labels.push([name, value.replaceAll(/\\(.)/gsu, (_, char: string) => (char === "n" ? "\n" : char))]);
    if (after === "") return Object.fromEntries(labels);
  }
  return undefined;
}

function typeOf(metric: string): MetricMapping["type"] {
  const known = targetMetric(metric)?.type;
  return known === "counter" || (known === undefined && metric.endsWith("_total")) ? "counter" : "gauge";
}
