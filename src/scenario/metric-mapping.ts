import { targetMetric } from "../metrics/vocabulary.ts";
import type { MetricMapping } from "./plan-source.ts";
import type { Reader } from "./reader.ts";
import type { Entry, SourceNode } from "./source.ts";

/** A mapping with the node that its `from` stands in. */
export interface WrittenMapping {
  mapping: MetricMapping;
  node: SourceNode;
}

/** Reads `metrics:` of a source. */
export function readMappings(reader: Reader, node: SourceNode | undefined): WrittenMapping[] {
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
