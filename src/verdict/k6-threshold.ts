import { seriesName } from "../metrics/observation.ts";
import { nearest } from "./spelling.ts";
import { parseThreshold, type Threshold, type ThresholdProblem } from "./threshold.ts";

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
  /** k6's functions and what they are here. */
  functions: Record<string, string>;
  /** What a bare number of k6's is in. */
  unit: (method: string) => string;
}

const trend = { avg: "avg", min: "min", max: "max", med: "p50" };
const counter = { count: "count", rate: "rate" };
const perSecond = (method: string) => (method === "rate" ? "/s" : "");

const metrics: Record<string, Meaning> = {
  http_req_duration: { metric: "latency", functions: trend, unit: () => "ms" },
  http_req_failed: { metric: "errors", functions: { rate: "ratio" }, unit: () => "" },
  http_reqs: { metric: "requests", functions: counter, unit: perSecond },
  iterations: { metric: "iterations", functions: counter, unit: perSecond },
  checks: { metric: "checks", functions: { rate: "ratio" }, unit: () => "" },
  dropped_iterations: { metric: "dropped", functions: counter, unit: perSecond },
};

/** k6's tags, and the labels that say the same here; those of the same name are in neither. */
const tags: Record<string, string> = { name: "request", group: "task", expected_response: "outcome" };
const labels = ["user", "task", "request", "method", "outcome", "check"];

const assertion =
  /^\s*(?:(?<method>[a-z]+)|p\(\s*(?<percent>\d+(?:\.\d+)?)\s*\))\s*(?<operator><=|>=|===|==|!=|<|>)\s*(?<number>-?\d+(?:\.\d+)?)\s*$/u;

/**
 * Reads a threshold of k6's: `assertion = method operator number`, where a method is count, rate, avg, min, max, med or
 * p(N). Times are milliseconds. Its duration is the latency of here, which in an open model counts from when a request
 * should have started. Source: k6's metrics/thresholds_parser.go, its documentation's "Thresholds".
 */
export function parseK6Threshold(given: K6Threshold): { threshold: Threshold } | { problem: K6Problem } {
  const { key, text, abortOnFail = false, delayAbortMs = 0 } = given;
  const [, name = "", inBraces] = /^\s*([\w.]+)\s*(?:\{(.*)\})?\s*$/u.exec(key) ?? [];
  const meaning = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (meaning === undefined) {
    const known = Object.keys(metrics);
    return inKey(given, `a metric of k6's (${known.join(", ")}); for others write a list of thresholds`, name, known);
  }
  const filters = filtersOf(inBraces);
  if ("unknown" in filters) {
    const known = [...Object.keys(tags), ...labels];
    return inKey(given, `tags of ${known.join(", ")}, as name:login`, filters.unknown, known);
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
    `${written}(${seriesName(meaning.metric, filters.filters)}) ${operator} ${limit}${abort}`,
  );
  if ("problem" in read) return inText(given, read.problem.expected);
  return { threshold: { ...read.threshold, expression: `${key.trim()}: ${text.trim()}` } };
}

function percentile(percent: string): string {
  if (Number(percent) === 0) return "min";
  return Number(percent) >= 100 ? "max" : `p${Number(percent)}`;
}

function filtersOf(inBraces: string | undefined): { filters: Record<string, string> } | { unknown: string } {
  const filters: [string, string][] = [];
  for (const pair of inBraces?.split(",") ?? []) {
    const [, tag = "", value = ""] = /^\s*(\w+)\s*:\s*(.*?)\s*$/su.exec(pair) ?? [];
    const label = Object.hasOwn(tags, tag) ? tags[tag] : labels.find((one) => one === tag);
    if (label === undefined) return { unknown: tag === "" ? pair.trim() : tag };
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
