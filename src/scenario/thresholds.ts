import type { CustomMetric } from "../metrics/custom.ts";
import { parseK6Threshold } from "../verdict/k6-threshold.ts";
import { parseThreshold, type Threshold } from "../verdict/threshold.ts";
import type { Reader } from "./reader.ts";
import type { Entry, Place, ScalarNode, SourceNode } from "./source.ts";

/** What thresholds may refer to. */
export interface Names {
  /** The target metrics that the scenario's sources bring. */
  metrics: Set<string>;
  /** The scenario's own, which its code records. */
  custom: readonly CustomMetric[];
  /** By the label that filters for them. */
  filters: Map<string, Set<string>>;
}

/** Reads `thresholds:`, a list of lines, or a map as k6 has it. */
export function readThresholds(reader: Reader, node: SourceNode | undefined, names: Names): Threshold[] {
  if (node?.kind === "map") {
    return reader.named(node).flatMap((entry) => {
      const values = entry.value.kind === "list" ? entry.value.items : [entry.value];
      return values.flatMap((one) => readK6(reader, entry, one, names));
    });
  }
  return reader.items(node).flatMap((line): Threshold[] => {
    const text = reader.string(line);
    if (line.kind !== "scalar" || text === undefined) return [];
    const read = parseThreshold(text, names.metrics, names.custom);
    if ("threshold" in read) return known(reader, line, text, read.threshold, names);
    const { offset, length, expected, got, suggestion } = read.problem;
    report(reader, placeIn(reader, line, offset, length), { expected, got, suggestion });
    return [];
  });
}

/** `p(95)<500`, or `{ threshold, abortOnFail, delayAbortEval }`. */
function readK6(reader: Reader, { key, keyPlace }: Entry, node: SourceNode, names: Names): Threshold[] {
  const written = node.kind === "map" ? reader.get(node, "threshold") : node;
  const text = reader.string(written);
  if (written?.kind !== "scalar" || text === undefined) return [];
  const abortOnFail = reader.boolean(reader.get(node, "abortOnFail")) ?? false;
  const delayAbortMs = reader.duration(reader.get(node, "delayAbortEval"), 0) ?? 0;
  const read = parseK6Threshold({ key, text, abortOnFail, delayAbortMs }, names.custom);
  if ("threshold" in read) return known(reader, keyPlace, key, read.threshold, names);
  const { offset, length, expected, got, suggestion } = read.problem;
  const place = read.problem.in === "key" ? keyPlace : placeIn(reader, written, offset, length);
  report(reader, place, { expected, got, suggestion });
  return [];
}

interface Said {
  expected: string;
  got: string;
  suggestion: string | undefined;
}

function report(reader: Reader, place: Place, { suggestion, ...said }: Said): void {
  reader.report("threshold", place, { ...said, ...(suggestion === undefined ? {} : { suggestion }) });
}

function placeIn(reader: Reader, node: ScalarNode, offset: number, length: number): Place {
  return reader.fromEnvironment(node) ? node : reader.source.within(node, offset, Math.max(1, length));
}

/** The threshold, once it is reported which of the names in it nothing has. */
function known(
  reader: Reader,
  at: ScalarNode | Place,
  text: string,
  threshold: Threshold,
  { filters }: Names,
): Threshold[] {
  for (const [label, value] of threshold.subject === "client" ? Object.entries(threshold.filters) : []) {
    const names = filters.get(label);
    if (names === undefined || names.has(value)) continue;
    const written = JSON.stringify(value);
    const offset = "kind" in at ? text.indexOf(written) : -1;
    const place = "kind" in at && offset >= 0 ? reader.source.within(at, offset, written.length) : at;
    reader.unknown("unknown-reference", place, value, names, { expected: `the name of a ${label}` });
  }
  return [threshold];
}

/** The profile's thresholds come in place of the scenario's that ask the same of the same. */
export function mergedThresholds(scenario: Threshold[], profile: Threshold[]): Threshold[] {
  const replaced = new Set(profile.map(subjectOf));
  return [...scenario.filter((threshold) => !replaced.has(subjectOf(threshold))), ...profile];
}

function subjectOf({ aggregation, subject, metric, filters, within, overMs, during }: Threshold): string {
  const labels = Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([aggregation, subject, metric, labels, within, overMs, during]);
}
