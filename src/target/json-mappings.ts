import { type Observation, seriesName } from "../metrics/observation.ts";
import { type CompiledPath, compilePath } from "../scenario/json-path.ts";
import type { MetricMapping } from "../scenario/plan-source.ts";
import { type Arithmetic, type ArithmeticProblem, calculate, parseArithmetic } from "./arithmetic.ts";
import { CollectError, type CollectReason } from "./collect-error.ts";
import type { Filling } from "./filling.ts";
import type { MappingProblem } from "./mapping-problems.ts";
import type { Remarks } from "./remarks.ts";
import { shown } from "./whole-body.ts";

interface Path {
  text: string;
  compiled: CompiledPath;
}

/** Why a metric has no value at this look. */
interface Gap {
  reason: CollectReason;
  message: string;
}

/**
 * Takes metrics out of a JSON document. Each mapping gives one observation: a JSONPath that finds one number, or arithmetic
 * of such. A metric whose path finds nothing is a gap, said once; the look fails when no metric has a value.
 */
export class JsonMappings {
  readonly #source: string;
  readonly #mappings: { mapping: MetricMapping; expression: Arithmetic<Path> }[];
  readonly #remarks: Remarks;
  readonly #filling: Filling;

  constructor(source: { name: string; metrics: readonly MetricMapping[] }, remarks: Remarks, filling: Filling) {
    this.#source = source.name;
    this.#remarks = remarks;
    this.#filling = filling;
    this.#mappings = source.metrics.map((mapping) => {
      const expression = parseArithmetic(mapping.from, readPath);
      if ("problem" in expression) throw new Error(`source ${source.name}, ${mapping.from}: ${expression.problem}`);
      return { mapping, expression };
    });
  }

  observe(content: unknown, at: number): Observation[] {
    const observations: Observation[] = [];
    let worst: Gap | undefined;
    for (const { mapping, expression } of this.#mappings) {
      const { metric, labels, type, from } = mapping;
      const value = evaluate(expression, content);
      if (typeof value === "number") {
        observations.push({ source: this.#source, metric, labels, type, value, at });
      } else {
        const series = seriesName(metric, labels);
        this.#remarks.once(`${series} ${value.reason}`, at, `${series} has no value: ${from}: ${value.message}`);
        if (worst === undefined || value.reason === "parse") worst = value;
      }
    }
    if (observations.length === 0 && worst !== undefined) {
      throw new CollectError(worst.reason, this.#filling.redact(`no metric has a value: ${worst.message}`));
    }
    return observations;
  }
}

/** What is wrong with the paths of mappings. */
export function jsonProblems(metrics: readonly MetricMapping[]): MappingProblem[] {
  return metrics.flatMap(({ metric, from }) => {
    const expression = parseArithmetic(from, readPath);
    return "problem" in expression ? [{ metric, from, ...expression }] : [];
  });
}

/** Reads `$.a[0]['b']..c` as far as it goes: `*` belongs to the path only after a dot or in brackets. */
function readPath(text: string, offset: number): { operand: Path; end: number } | ArithmeticProblem {
  if (text.charAt(offset) !== "$") {
    const got = offset >= text.length ? "the end" : JSON.stringify(text.slice(offset, offset + 20));
    return { problem: `expected a JSONPath ($.name), a number or "(", got ${got}`, offset };
  }
  let end = offset + 1;
  for (;;) {
    const dot = /\.\.?(?:[\w\u0080-\uffff]+|\*|(?=\[))/y;
    dot.lastIndex = end;
    const name = dot.exec(text)?.[0];
    if (name !== undefined) end += name.length;
    else if (text.charAt(end) === "[") end = afterBracket(text, end);
    else break;
  }
  const path = text.slice(offset, end);
  const compiled = compilePath(path);
  if ("problem" in compiled) return { problem: compiled.problem, offset: offset + (compiled.offset ?? 0) };
  return { operand: { text: path, compiled }, end };
}

/** Where the bracket that opens at `offset` is closed; the end of the text if it never is. */
function afterBracket(text: string, offset: number): number {
  let depth = 0;
  let quote = "";
  for (let i = offset; i < text.length; i++) {
    const char = text.charAt(i);
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "[") depth++;
    else if (char === "]" && --depth === 0) return i + 1;
  }
  return text.length;
}

function evaluate(expression: Arithmetic<Path>, document: unknown): number | Gap {
  const value = calculate<Path, number | Gap>(expression, {
    number: (constant) => constant,
    operand: (path) => numberAt(path, document),
    combine: (left, right, operation) => {
      if (typeof left !== "number") return left;
      return typeof right === "number" ? operation(left, right) : right;
    },
  });
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  return { reason: "missing", message: "gives no finite number (a division by 0?)" };
}

/** Numbers as text and booleans (1 and 0) count too; null is "no value now". */
function numberAt({ text, compiled }: Path, document: unknown): number | Gap {
  const [value, ...more] = compiled.values(document);
  if (more.length > 0) {
    return { reason: "parse", message: `${text} finds ${more.length + 1} values: pick one of them, such as [0]` };
  }
  if (value === undefined) return { reason: "missing", message: `${text} finds nothing` };
  if (value === null) return { reason: "missing", message: `${text} is null` };
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/.test(value)) return Number(value);
  return { reason: "parse", message: `${text}: expected a number, got ${shown(value)}` };
}
