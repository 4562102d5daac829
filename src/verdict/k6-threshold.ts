import type { CustomMetric } from "../metrics/custom.ts";
import { seriesName } from "../metrics/observation.ts";
import { nearest } from "./spelling.ts";
import { parseThreshold, type Threshold, type ThresholdProblem } from "./threshold.ts";
import { clientMetrics } from "./threshold-metrics.ts";

/** One threshold as k6 writes it: an entry of its `thresholds`, in the long form or the short one. */
export interface K6Threshold {
  /** `http_req_duration` or `http_req_duration{name:login}`. */
  key: string;
  /** `p(95)<500`. */
  text: string;
  abortOnFail?: boolean;
  delayAbortMs?: number;
}

/** What of an entry cannot be read. */
export interface K6Problem extends ThresholdProblem {
  in: "key" | "text";
}

interface Meaning {
  metric: string;
  /** Labels that the metric's name stands for. */
  filters?: Record<string, string>;
  /** k6's functions and what they are here. */
  functions: Record<string, string>;
  /** What a bare number of k6's is in. */
  unit: (method: string) => string;
}

const trend = { avg: "avg", min: "min", max: "max", med: "p50" };
const counter = { count: "count", rate: "rate" };
const perSecond = (method: string) => (method === "rate" ? "/s" : "");
const ms = () => "ms";
const bare = () => "";
const part = (phase: string): Meaning => ({ metric: "phase", filters: { phase }, functions: trend, unit: ms });

const metrics: Record<string, Meaning> = {
  http_req_duration: { metric: "latency", functions: trend, unit: ms },
  http_req_connecting: part("connect"),
  http_req_tls_handshaking: part("tls"),
  http_req_sending: part("send"),
  http_req_waiting: part("wait"),
  http_req_receiving: part("receive"),
  http_req_failed: { metric: "errors", functions: { rate: "ratio" }, unit: bare },
  http_reqs: { metric: "requests", functions: counter, unit: perSecond },
  iterations: { metric: "iterations", functions: counter, unit: perSecond },
  dropped_iterations: { metric: "dropped", functions: counter, unit: perSecond },
  iteration_duration: { metric: "iteration_duration", functions: trend, unit: ms },
  group_duration: { metric: "group_duration", functions: trend, unit: ms },
  checks: { metric: "checks", functions: { rate: "ratio" }, unit: bare },
};

/** A metric of the scenario's own; a bare number is in the unit of its name. */
function ofOwn({ name, kind }: CustomMetric): Meaning {
  const unit = name.endsWith("_seconds") ? "s" : name.endsWith("_bytes") ? "B" : "";
  switch (kind) {
    case "counter":
      return { metric: name, functions: counter, unit: (method) => unit + perSecond(method) };
    case "gauge":
      return { metric: name, functions: { value: "last" }, unit: () => unit };
    case "rate":
      return { metric: name, functions: { rate: "rate" }, unit: bare };
    case "trend":
      return { metric: name, functions: trend, unit: () => unit };
  }
}

/** k6's tags, and the labels that say the same here; those of the same name are not among them. */
const tags: Record<string, string> = { name: "request", group: "task", expected_response: "outcome" };

const assertion =
  /^\s*(?:(?<method>[a-z]+)|p\(\s*(?<percent>\d+(?:\.\d+)?)\s*\))\s*(?<operator><=|>=|===|==|!=|<|>)\s*(?<number>-?\d+(?:\.\d+)?)\s*$/u;

/**
 * Reads a threshold of k6's: `assertion = method operator number`, where a method is count, rate, avg, min, max, med or
 * p(N). Times are milliseconds. Its duration is the latency of here, which in an open model counts from when a request
 * should have started. Source: k6's metrics/thresholds_parser.go, its documentation's "Thresholds".
 */
export function parseK6Threshold(
  given: K6Threshold,
  custom: readonly CustomMetric[] = [],
): { threshold: Threshold } | { problem: K6Problem } {
  const { key, text, abortOnFail = false, delayAbortMs = 0 } = given;
  const [, name = "", inBraces] = /^\s*([\w.]+)\s*(?:\{(.*)\})?\s*$/u.exec(key) ?? [];
  const own = custom.find((metric) => metric.name === name);
  const meaning = own !== undefined ? ofOwn(own) : Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (meaning === undefined) {
    const known = [...Object.keys(metrics), ...custom.map((metric) => metric.name)];
    return inKey(given, `a metric of k6's (${known.join(", ")}); for others write a list of thresholds`, name, known);
  }
  const labels = meaning.filters === undefined ? (clientMetrics[meaning.metric]?.filters ?? []) : [];
  const known = [...Object.keys(tags).filter((tag) => labels.includes(labelOf(tag, labels))), ...labels];
  const filters = filtersOf(inBraces, labels);
  if ("unknown" in filters) {
    const expected =
      known.length === 0 ? `no tags of ${name}` : `tags of ${[...new Set(known)].join(", ")}, as name:login`;
    return inKey(given, expected, filters.unknown, known);
  }
  const groups = assertion.exec(text)?.groups;
  const method = groups?.["method"] ?? "";
  const percent = groups?.["percent"];
  const percents = meaning.functions["avg"] !== undefined;
  const written = percent === undefined ? meaning.functions[method] : percents ? percentile(percent) : undefined;
  if (groups === undefined || written === undefined) {
    const methods = [...Object.keys(meaning.functions), ...(percents ? ["p(95)"] : [])];
    return inText(given, `${methods.join(" or ")} of ${name}, an operator and a number, such as ${methods.at(-1)}<500`);
  }
  const operator = groups["operator"] === "===" ? "==" : groups["operator"];
  const limit = `${groups["number"]}${meaning.unit(method)}`;
  const abort = abortOnFail ? ` abort after ${delayAbortMs}ms` : "";
  const read = parseThreshold(
    `${written}(${seriesName(meaning.metric, { ...meaning.filters, ...filters.filters })}) ${operator} ${limit}${abort}`,
    [],
    custom,
  );
  if ("problem" in read) return inText(given, read.problem.expected);
  return { threshold: { ...read.threshold, expression: `${key.trim()}: ${text.trim()}` } };
}

function percentile(percent: string): string {
  if (Number(percent) === 0) return "min";
  return Number(percent) >= 100 ? "max" : `p${Number(percent)}`;
}

/** What a tag is called here: a group is a task's, but of times of groups their own. */
function labelOf(tag: string, labels: readonly string[]): string {
  const label = Object.hasOwn(tags, tag) && !labels.includes(tag) ? tags[tag] : undefined;
  return label ?? tag;
}

function filtersOf(
  inBraces: string | undefined,
  labels: readonly string[],
): { filters: Record<string, string> } | { unknown: string } {
  const filters: [string, string][] = [];
  for (const pair of inBraces?.split(",") ?? []) {
    const [, tag = "", value = ""] = /^\s*(\w+)\s*:\s*(.*?)\s*$/su.exec(pair) ?? [];
    const label = labelOf(tag, labels);
    if (!labels.includes(label)) return { unknown: tag === "" ? pair.trim() : tag };
    const bare = value.replace(/^(["'])(.*)\1$/su, "$2");
    filters.push([label, meaningOf(tag, bare)]);
  }
  return { filters: Object.fromEntries(filters) };
}

/** k6's groups begin with `::`, its expected responses are true or false. */
function meaningOf(tag: string, value: string): string {
  if (tag === "group") return value.replace(/^::/u, "");
  return tag === "expected_response" ? (value === "true" ? "success" : "failure") : value;
}

function inKey({ key }: K6Threshold, expected: string, got: string, known: readonly string[]): { problem: K6Problem } {
  const suggestion = nearest(got, known);
  const problem = { in: "key" as const, offset: 0, length: key.length, expected, got: got === "" ? key : got };
  return { problem: { ...problem, ...(suggestion === undefined ? {} : { suggestion }) } };
}

function inText({ text }: K6Threshold, expected: string): { problem: K6Problem } {
  return { problem: { in: "text", offset: 0, length: text.length, expected, got: text } };
}
