import type { CustomMetric } from "../metrics/custom.ts";
import { type Dimension, parseQuantity } from "./quantity.ts";
import { nearest } from "./spelling.ts";
import type { Aggregation, Limit, Operator, Threshold, ThresholdProblem } from "./threshold.ts";
import { type Clauses, clauseWords, readClause } from "./threshold-clauses.ts";
import {
  clientMetrics,
  dimensionOf,
  exchangeParts,
  KnownMetrics,
  type Metric,
  otherWords,
  phrases,
} from "./threshold-metrics.ts";
import { stringValue, type Token, TokenReader } from "./threshold-tokens.ts";

type Kind = Aggregation["kind"];

/** Its text is a label on /metrics; and a longer one is a mistake in the file's quotes. */
const LONGEST = 1000;

const functions = ["avg", "min", "max", "rate", "ratio", "count", "last", "slope", "changes"] as const satisfies Kind[];
const operators: readonly string[] = ["<", "<=", ">", ">=", "==", "!="] satisfies Operator[];
type Limits = Pick<Threshold, "target" | "critical">;

/** Recursive descent over the tokens. A method that fails has noted the problem, and returns undefined. */
export class ThresholdParser {
  readonly #text: string;
  readonly #reader: TokenReader;
  readonly #metrics: KnownMetrics;
  /** The metric's share, where it has one. */
  #share: string | undefined;

  constructor(text: string, ownMetrics: Iterable<string>, custom: readonly CustomMetric[]) {
    this.#text = text;
    this.#reader = new TokenReader(text.slice(0, LONGEST));
    this.#metrics = new KnownMetrics(ownMetrics, custom);
  }

  parse(): { threshold: Threshold } | { problem: ThresholdProblem } {
    const { length } = this.#text;
    if (length > LONGEST) {
      const expected = `a threshold of at most ${LONGEST} characters`;
      return { problem: { offset: LONGEST, length: length - LONGEST, expected, got: `${length} characters` } };
    }
    const threshold = this.#threshold();
    if (threshold !== undefined) return { threshold };
    return { problem: this.#reader.problem ?? { offset: 0, length, expected: "a threshold", got: "" } };
  }

  #threshold(): Threshold | undefined {
    const reader = this.#reader;
    const name = reader.peek();
    const aggregation = this.#aggregation();
    if (aggregation === undefined) return undefined;
    if (reader.symbol("(", `such as ${name.text}(latency)`) === undefined) return undefined;
    const metric = this.#metric();
    if (metric === undefined) return undefined;
    if (!metric.kinds.includes(aggregation.kind)) {
      return reader.fail(name, `${metric.kinds.map(functionName).join(" or ")} of ${metric.name}`);
    }
    // k6's word for the share of a rate that is good.
    const asked: Aggregation = metric.custom === "rate" ? { kind: "ratio" } : aggregation;
    const filters = this.#filters(metric);
    if (filters === undefined) return undefined;
    const within = metric.name === "good" && metric.subject === "client" ? this.#within() : undefined;
    if (reader.problem !== undefined || reader.symbol(")") === undefined) return undefined;
    if (metric.kinds.includes("ratio")) this.#share = `ratio(${metric.name}) …`;
    const rest = this.#rest(dimensionOf(metric, asked.kind));
    if (rest === undefined) return undefined;
    return {
      expression: this.#text.trim(),
      aggregation: asked,
      subject: metric.subject,
      metric: metric.name,
      ...(metric.custom === undefined ? {} : { custom: metric.custom }),
      filters,
      ...(within === undefined ? {} : { within }),
      ...rest,
    };
  }

  #aggregation(): Aggregation | undefined {
    const token = this.#reader.take();
    const name = token.text;
    if (token.kind !== "word") return this.#reader.fail(token, "a function of a metric, such as p95(latency)");
    const kind = functions.find((one) => one === name);
    if (kind !== undefined) return { kind };
    const percent = /^p(\d{1,2}(?:\.\d{1,4})?)$/.exec(name)?.[1];
    // The exponent keeps p99.9 at 0.999: 99.9 / 100 is a rounding error away from it.
    if (percent !== undefined && Number(percent) > 0) return { kind: "quantile", q: Number(`${percent}e-2`) };
    const [usual] = this.#metrics.find(name)?.kinds ?? [];
    if (usual !== undefined) {
      return this.#reader.fail(token, `a function of it, such as ${usual === "quantile" ? "p95" : usual}(${name})`);
    }
    const expected = `a percentile such as p95, or one of ${functions.join(", ")}`;
    return this.#reader.fail(token, expected, nearestFunction(name));
  }

  #metric(): Metric | undefined {
    const token = this.#reader.take();
    const known = this.#metrics.find(token.text);
    if (known !== undefined) return known;
    const expected = `a client metric (${Object.keys(clientMetrics).join(", ")}) or one of the target's`;
    return this.#reader.fail(token, expected, token.kind === "word" ? this.#metrics.suggestion(token.text) : undefined);
  }

  #filters(metric: Metric): Record<string, string> | undefined {
    const reader = this.#reader;
    const filters: [string, string][] = [];
    if (reader.peek().text === "{") {
      do {
        reader.take();
        const label = reader.take();
        if (label.kind !== "word") return reader.fail(label, 'a label, such as task="Login"');
        if (metric.filters !== undefined && !metric.filters.includes(label.text)) {
          const known = metric.filters.length === 0 ? "it has none" : metric.filters.join(", ");
          return reader.fail(
            label,
            `one of the labels of ${metric.name}: ${known}`,
            nearest(label.text, metric.filters),
          );
        }
        if (filters.some(([name]) => name === label.text)) return reader.fail(label, "each label once");
        if (reader.symbol("=") === undefined) return undefined;
        const value = reader.take();
        if (value.kind !== "string") return reader.fail(value, 'a value in double quotes, such as "Login"');
        if (metric.subject === "client" && label.text === "outcome") {
          if (!["success", "failure"].includes(stringValue(value))) return reader.fail(value, '"success" or "failure"');
        }
        if (metric.subject === "client" && label.text === "phase" && !exchangeParts.includes(stringValue(value))) {
          return reader.fail(value, `one of ${exchangeParts.join(", ")}`, nearest(stringValue(value), exchangeParts));
        }
        filters.push([label.text, stringValue(value)]);
      } while (reader.peek().text === ",");
      if (reader.symbol("}") === undefined) return undefined;
    }
    if (metric.subject === "client" && metric.name === "phase" && filters.length === 0) {
      return reader.fail(reader.peek(), `which part: phase{phase="wait"}, or another of ${exchangeParts.join(", ")}`);
    }
    return Object.fromEntries(filters);
  }

  #within(): number | undefined {
    if (this.#reader.symbol(",", "and the latency that is good enough, such as ratio(good, 500ms)") === undefined) {
      return undefined;
    }
    const token = this.#reader.take();
    const time = parseQuantity(token.text, "time");
    if ("expected" in time) return this.#reader.fail(token, time.expected);
    return time.value > 0 ? time.value : this.#reader.fail(token, "a time above 0, such as 500ms");
  }

  /** Limits and clauses, in any order. */
  #rest(dimension: Dimension): (Limits & Clauses) | undefined {
    const reader = this.#reader;
    const limits: Limits = {};
    const clauses: Clauses = {};
    let single = false;
    for (let token = reader.peek(); token.kind !== "end"; token = reader.peek()) {
      if (token.kind === "symbol" && Object.keys(limits).length === 0) {
        const critical = this.#limit(dimension);
        if (critical === undefined) return undefined;
        limits.critical = critical;
        single = true;
      } else if (token.text === "target" || token.text === "critical") {
        if (single) return reader.fail(token, "one limit, or each with its word: target < … critical < …");
        if (this.#level(token.text, limits, dimension) === undefined) return undefined;
      } else if (readClause(reader, clauses) === undefined) {
        const expected = Object.keys(limits).length === 0 ? noLimit : "nothing more";
        return reader.fail(token, expected, nearest(token.text, ["target", "critical", ...clauseWords]));
      }
    }
    if (Object.keys(limits).length === 0) return reader.fail(reader.peek(), noLimit);
    if (clauses.abort !== undefined && limits.critical === undefined) {
      return reader.fail(reader.peek(), "a critical limit: only that one aborts a run");
    }
    return { ...limits, ...clauses };
  }

  #level(level: "target" | "critical", limits: Limits, dimension: Dimension): true | undefined {
    const token = this.#reader.take();
    if (limits[level] !== undefined) return this.#reader.fail(token, `${level} only once`);
    const limit = this.#limit(dimension);
    if (limit === undefined) return undefined;
    limits[level] = limit;
    const stricter = contradiction(limits);
    return stricter === undefined ? true : this.#reader.fail(token, stricter);
  }

  /** What a limit that cannot be read most likely means: a unit apart from its number, or a share where a rate is asked for. */
  #meant({ text }: Token, dimension: Dimension): string | undefined {
    const whole = text + this.#reader.peek().text;
    if (!("expected" in parseQuantity(whole, dimension))) return whole;
    return dimension === "rate" && text.endsWith("%") ? this.#share : undefined;
  }

  #limit(dimension: Dimension): Limit | undefined {
    const operator = this.#reader.take();
    if (!operators.includes(operator.text)) {
      return this.#reader.fail(operator, `one of ${operators.join(" ")}`, operator.text === "=" ? "==" : undefined);
    }
    const token = this.#reader.take();
    const quantity = parseQuantity(token.text, dimension);
    if ("expected" in quantity) return this.#reader.fail(token, quantity.expected, this.#meant(token, dimension));
    return { operator: operator.text as Operator, value: quantity.value, text: token.text };
  }
}

const noLimit = "a limit: < 500ms, or target < 500ms critical < 1s";

function functionName(kind: Kind): string {
  return kind === "quantile" ? "a percentile such as p95" : kind;
}

function nearestFunction(name: string): string | undefined {
  if (Object.hasOwn(phrases, name)) return phrases[name];
  if (Object.hasOwn(otherWords, name)) return otherWords[name];
  if (name === "p0") return "min";
  if (name === "p100") return "max";
  const digits = /^p(\d\d)(\d+)$/.exec(name);
  if (digits !== null) return `p${digits[1]}.${digits[2]}`;
  return nearest(name, [...functions, "p50", "p95", "p99"]);
}

/** A critical limit that is missed before its target, or looks the other way, is a mistake. */
function contradiction({ target, critical }: Limits): string | undefined {
  if (target === undefined || critical === undefined) return undefined;
  const [side, other] = [target.operator[0], critical.operator[0]];
  if (side !== "<" && side !== ">") return undefined;
  if (other !== "<" && other !== ">") return undefined;
  if (side !== other) return `target and critical on the same side: both < or both >`;
  const stricter = side === "<" ? critical.value < target.value : critical.value > target.value;
  return stricter ? "a critical limit that is wider than the target" : undefined;
}
