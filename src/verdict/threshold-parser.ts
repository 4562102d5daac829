import { targetMetric, targetMetrics } from "../metrics/vocabulary.ts";
import { type Dimension, parseQuantity } from "./quantity.ts";
import { nearest } from "./spelling.ts";
import type { Aggregation, Limit, Operator, Threshold, ThresholdProblem } from "./threshold.ts";
import { stringValue, type Token, tokenize } from "./threshold-tokens.ts";

type Kind = Aggregation["kind"];

/** Its text is a label on /metrics; and a longer one is a mistake in the file's quotes. */
const LONGEST = 1000;

const functions = ["avg", "min", "max", "rate", "ratio", "count", "last"] as const satisfies Kind[];
const operators: readonly string[] = ["<", "<=", ">", ">=", "==", "!="] satisfies Operator[];
const overTime: readonly Kind[] = ["max", "avg", "quantile", "min", "last"];
const counted: readonly Kind[] = ["rate", "count"];

/** What requests are told apart by; a tag is one of those of their task. */
const requestLabels = ["user", "task", "request", "method", "tag"] as const;

/** What may be asked of each client metric, and by which labels its series are told apart. */
const clientMetrics: Record<string, { kinds: readonly Kind[]; filters: readonly string[] }> = {
  latency: { kinds: ["quantile", "avg", "min", "max"], filters: [...requestLabels, "outcome"] },
  service: { kinds: ["quantile", "avg", "min", "max"], filters: [...requestLabels, "outcome"] },
  requests: { kinds: counted, filters: [...requestLabels, "outcome"] },
  errors: { kinds: ["ratio", "rate", "count"], filters: requestLabels },
  good: { kinds: ["ratio"], filters: requestLabels },
  iterations: { kinds: counted, filters: ["outcome"] },
};

/** Words of other tools, and what they are called here. */
const otherWords: Record<string, string> = {
  average: "avg",
  mean: "avg",
  med: "p50",
  median: "p50",
  failures: "errors",
  http_req_duration: "latency",
  http_req_failed: "errors",
  http_reqs: "requests",
  response_time: "latency",
  service_time: "service",
};

const notYet: Record<string, string> = {
  over: "windows (over) are not supported yet: a threshold judges the whole run",
  for: "for is not supported yet: a threshold judges the whole run",
  after: "after is not supported yet: a threshold judges the whole run",
  during: "during is not supported yet: a threshold judges the whole run",
  abort: "abort is not supported yet: a threshold is judged at the end and does not stop a run",
};

interface Metric {
  token: Token;
  subject: Threshold["subject"];
  kinds: readonly Kind[];
  /** Absent: any label. */
  filters?: readonly string[];
}

/** Recursive descent over the tokens. A method that fails has noted the problem, and returns undefined. */
export class ThresholdParser {
  readonly #text: string;
  readonly #tokens: Token[];
  readonly #ownMetrics: ReadonlySet<string>;
  #next = 0;
  #problem: ThresholdProblem | undefined;

  constructor(text: string, ownMetrics: Iterable<string>) {
    this.#text = text;
    this.#tokens = tokenize(text.slice(0, LONGEST));
    this.#ownMetrics = new Set(ownMetrics);
  }

  parse(): { threshold: Threshold } | { problem: ThresholdProblem } {
    const { length } = this.#text;
    if (length > LONGEST) {
      const expected = `a threshold of at most ${LONGEST} characters`;
      return { problem: { offset: LONGEST, length: length - LONGEST, expected, got: `${length} characters` } };
    }
    const threshold = this.#threshold();
    if (threshold !== undefined) return { threshold };
    return { problem: this.#problem ?? { offset: 0, length: this.#text.length, expected: "a threshold", got: "" } };
  }

  #threshold(): Threshold | undefined {
    const name = this.#peek();
    const aggregation = this.#aggregation();
    if (aggregation === undefined || this.#symbol("(", `such as ${name.text}(latency)`) === undefined) return undefined;
    const metric = this.#metric();
    if (metric === undefined) return undefined;
    if (!metric.kinds.includes(aggregation.kind)) {
      return this.#fail(name, `${metric.kinds.map(functionName).join(" or ")} of ${metric.token.text}`);
    }
    const filters = this.#filters(metric);
    if (filters === undefined) return undefined;
    const within = metric.token.text === "good" && metric.subject === "client" ? this.#within() : undefined;
    if (this.#problem !== undefined || this.#symbol(")") === undefined) return undefined;
    const limits = this.#limits(dimensionOf(metric, aggregation.kind));
    if (limits === undefined) return undefined;
    return {
      expression: this.#text.trim(),
      aggregation,
      subject: metric.subject,
      metric: metric.token.text,
      filters,
      ...(within === undefined ? {} : { within }),
      ...limits,
    };
  }

  #aggregation(): Aggregation | undefined {
    const token = this.#take();
    const name = token.text;
    if (token.kind !== "word") return this.#fail(token, "a function of a metric, such as p95(latency)");
    const kind = functions.find((one) => one === name);
    if (kind !== undefined) return { kind };
    const percent = /^p(\d{1,2}(?:\.\d{1,4})?)$/.exec(name)?.[1];
    // The exponent keeps p99.9 at 0.999: 99.9 / 100 is a rounding error away from it.
    if (percent !== undefined && Number(percent) > 0) return { kind: "quantile", q: Number(`${percent}e-2`) };
    if (name === "slope" || name === "changes") {
      return this.#fail(
        token,
        `a percentile such as p95, or one of ${functions.join(", ")}: ${name} is not supported yet`,
      );
    }
    const [usual] = this.#kindsOf(name) ?? [];
    if (usual !== undefined)
      return this.#fail(token, `a function of it, such as ${usual === "quantile" ? "p95" : usual}(${name})`);
    return this.#fail(token, `a percentile such as p95, or one of ${functions.join(", ")}`, nearestFunction(name));
  }

  /** What may be asked of a metric, the usual first; undefined if nobody has it. */
  #kindsOf(name: string): readonly Kind[] | undefined {
    if (Object.hasOwn(clientMetrics, name)) return clientMetrics[name]?.kinds;
    const known = targetMetric(name)?.type;
    if (known === undefined && !this.#ownMetrics.has(name)) return undefined;
    return (known === undefined ? name.endsWith("_total") : known === "counter") ? counted : overTime;
  }

  #metric(): Metric | undefined {
    const token = this.#take();
    const name = token.text;
    const kinds = this.#kindsOf(name);
    const client = Object.hasOwn(clientMetrics, name) ? clientMetrics[name] : undefined;
    if (client !== undefined) return { token, subject: "client", ...client };
    if (kinds !== undefined) return { token, subject: "target", kinds };
    const expected = `a client metric (${Object.keys(clientMetrics).join(", ")}) or one of the target's`;
    if (token.kind !== "word") return this.#fail(token, expected);
    const names = [...Object.keys(clientMetrics), ...Object.keys(targetMetrics), ...this.#ownMetrics];
    const bare = name.replace(/^target_/, "");
    const other = Object.hasOwn(otherWords, name) ? otherWords[name] : undefined;
    return this.#fail(token, expected, this.#kindsOf(bare) !== undefined ? bare : (other ?? nearest(bare, names)));
  }

  #filters(metric: Metric): Record<string, string> | undefined {
    const filters: [string, string][] = [];
    if (this.#peek().text === "{") {
      do {
        this.#take();
        const label = this.#take();
        if (label.kind !== "word") return this.#fail(label, 'a label, such as task="Login"');
        if (metric.filters !== undefined && !metric.filters.includes(label.text)) {
          const expected = `one of the labels of ${metric.token.text}: ${metric.filters.join(", ")}`;
          return this.#fail(label, expected, nearest(label.text, metric.filters));
        }
        if (filters.some(([name]) => name === label.text)) return this.#fail(label, "each label once");
        if (this.#symbol("=") === undefined) return undefined;
        const value = this.#take();
        if (value.kind !== "string") return this.#fail(value, 'a value in double quotes, such as "Login"');
        if (metric.filters?.includes(label.text) && label.text === "outcome") {
          if (!["success", "failure"].includes(stringValue(value))) return this.#fail(value, '"success" or "failure"');
        }
        filters.push([label.text, stringValue(value)]);
      } while (this.#peek().text === ",");
      if (this.#symbol("}") === undefined) return undefined;
    }
    return Object.fromEntries(filters);
  }

  #within(): number | undefined {
    if (this.#symbol(",", "and the latency that is good enough, such as ratio(good, 500ms)") === undefined) {
      return undefined;
    }
    const token = this.#take();
    const time = parseQuantity(token.text, "time");
    if ("expected" in time) return this.#fail(token, time.expected);
    return time.value > 0 ? time.value : this.#fail(token, "a time above 0, such as 500ms");
  }

  #limits(dimension: Dimension): Pick<Threshold, "target" | "critical"> | undefined {
    const limits: Pick<Threshold, "target" | "critical"> = {};
    if (this.#peek().kind === "symbol") {
      const critical = this.#limit(dimension);
      if (critical === undefined) return undefined;
      const second = this.#peek().text === "target" || this.#peek().text === "critical";
      const expected = second ? "one limit, or each with its word: target < … critical < …" : "nothing more";
      return this.#end(expected) === undefined ? undefined : { critical };
    }
    for (let token = this.#peek(); token.kind === "word"; token = this.#peek()) {
      const level = token.text;
      if (level !== "target" && level !== "critical") break;
      if (limits[level] !== undefined) return this.#fail(token, `${level} only once`);
      this.#take();
      const limit = this.#limit(dimension);
      if (limit === undefined) return undefined;
      limits[level] = limit;
      const stricter = contradiction(limits);
      if (stricter !== undefined) return this.#fail(token, stricter);
    }
    const found = Object.keys(limits).length;
    const expected = found === 0 ? "a limit: < 500ms, or target < 500ms critical < 1s" : "nothing more";
    if (this.#end(expected) === undefined) return undefined;
    return found === 0 ? this.#fail(this.#peek(), expected) : limits;
  }

  #limit(dimension: Dimension): Limit | undefined {
    const operator = this.#take();
    if (!operators.includes(operator.text)) {
      return this.#fail(operator, `one of ${operators.join(" ")}`, operator.text === "=" ? "==" : undefined);
    }
    const token = this.#take();
    const quantity = parseQuantity(token.text, dimension);
    if ("expected" in quantity) return this.#fail(token, quantity.expected);
    return { operator: operator.text as Operator, value: quantity.value, text: token.text };
  }

  #end(expected: string): true | undefined {
    const token = this.#peek();
    if (token.kind === "end") return true;
    const later = Object.hasOwn(notYet, token.text) ? `${expected} (${notYet[token.text]})` : undefined;
    return this.#fail(token, later ?? expected, nearest(token.text, ["target", "critical"]));
  }

  #symbol(text: string, why?: string): Token | undefined {
    const token = this.#take();
    if (token.text === text) return token;
    return this.#fail(token, why === undefined ? `"${text}"` : `"${text}", ${why}`);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", offset: this.#text.length };
  }

  /** The end is never passed: it is there to be taken again. */
  #take(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#next++;
    return token;
  }

  #fail(token: Token, expected: string, suggestion?: string): undefined {
    this.#problem ??= {
      offset: token.offset,
      length: token.text.length,
      expected,
      got: token.kind === "end" ? "the end" : token.text,
      ...(suggestion === undefined ? {} : { suggestion }),
    };
    return undefined;
  }
}

function functionName(kind: Kind): string {
  return kind === "quantile" ? "a percentile such as p95" : kind;
}

function nearestFunction(name: string): string | undefined {
  if (Object.hasOwn(otherWords, name)) return otherWords[name];
  if (name === "p0") return "min";
  if (name === "p100") return "max";
  const digits = /^p(\d\d)(\d+)$/.exec(name);
  if (digits !== null) return `p${digits[1]}.${digits[2]}`;
  return nearest(name, [...functions, "p50", "p95", "p99"]);
}

/** By the suffix, as Prometheus names metrics; a counter's rate is of what it counts. */
function dimensionOf(metric: Metric, kind: Kind): Dimension {
  if (kind === "ratio") return "ratio";
  const name = metric.token.text;
  const time = metric.subject === "client" ? ["latency", "service"].includes(name) : /_seconds(_total)?$/.test(name);
  // Seconds a second are a share of the time.
  if (time) return kind === "rate" ? "ratio" : "time";
  if (/_bytes(_total)?$/.test(name)) return kind === "rate" ? "byte rate" : "bytes";
  if (kind === "rate") return "rate";
  return name.endsWith("_ratio") ? "ratio" : "number";
}

/** A critical limit that is missed before its target, or looks the other way, is a mistake. */
function contradiction({ target, critical }: Pick<Threshold, "target" | "critical">): string | undefined {
  if (target === undefined || critical === undefined) return undefined;
  const [side, other] = [target.operator[0], critical.operator[0]];
  if (side !== "<" && side !== ">") return undefined;
  if (other !== "<" && other !== ">") return undefined;
  if (side !== other) return `target and critical on the same side: both < or both >`;
  const stricter = side === "<" ? critical.value < target.value : critical.value > target.value;
  return stricter ? "a critical limit that is wider than the target" : undefined;
}
