import { processMetrics, recordedMetrics } from "../../src/dashboards/promql.ts";
import { plimsollMetrics, targetMetrics } from "../../src/metrics/vocabulary.ts";

const keywords = new Set([
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "and",
  "or",
  "unless",
  "bool",
  "offset",
]);

/** Names of the series that an expression reads. */
export function metricNames(expr: string): string[] {
  const bare = withoutStrings(expr)
    .replace(/\{[^}]*\}|""/g, "")
    .replace(/\[[^\]]*\]/g, "")
    .replace(/\boffset\s+\$?\w+/g, "")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const names = bare.matchAll(/(?<![\w.$])([a-zA-Z_:][\w:]*)(?!\w*\s*\()/g);
  return [...new Set([...names].map(([name]) => name))].filter((name) => !keywords.has(name));
}

/** The selectors of an expression: name and matchers as written, `""` where it has none. */
export function selectors(expr: string): { name: string; matchers: string }[] {
  const names = new Set(metricNames(expr));
  const found = expr.matchAll(/(?<![\w"])([a-zA-Z_:][\w:]*)(\{(?:"(?:\\.|[^"\\])*"|[^}"])*\})?/g);
  return [...found].map(([, name = "", matchers = ""]) => ({ name, matchers })).filter(({ name }) => names.has(name));
}

/** What stands in the brackets of range selectors. */
export function ranges(expr: string): string[] {
  return [...withoutStrings(expr).matchAll(/\[([^\]]*)\]/g)].map(([, range = ""]) => range);
}

function withoutStrings(expr: string): string {
  return expr.replace(/"(\\.|[^"\\])*"/g, '""');
}

/** What `/metrics` serves, its histograms' parts included, what rules record, and Prometheus's own `up` and `ALERTS`. */
export function isServed(name: string): boolean {
  return served.has(name);
}

const served = new Set<string>([
  "up",
  "ALERTS",
  ...processMetrics,
  ...recordedMetrics,
  ...Object.keys(targetMetrics).map((name) => `target_${name}`),
  ...Object.entries(plimsollMetrics).flatMap(([name, { type }]) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
]);
