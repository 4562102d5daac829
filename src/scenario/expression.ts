import { nearest } from "../verdict/spelling.ts";
import { parseOperation } from "./condition.ts";
import { type TemplateFunction, type TemplatePart, templateFunctions } from "./plan-request.ts";
import type { ProblemCode, ProblemParams } from "./problem.ts";

/** A piece of a scalar's text; `offset` and `length` are where it stands in it. */
export type Piece =
  | { kind: "text"; text: string }
  | { kind: "environment"; name: string; fallback?: string; offset: number; length: number }
  | { kind: "expression"; part: Expression; offset: number; length: number };

export type Expression = Extract<TemplatePart, { kind: "variable" | "call" | "operation" }>;

/** What is wrong in a text, and where in it. */
export interface TextProblem {
  code: ProblemCode;
  offset: number;
  length: number;
  params: ProblemParams;
}

/** What is in `${…}`: NAME, or NAME:-default. */
const environment = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/su;
const variable = /^[A-Za-z_]\w*(?:\.\w+|\[\d+\]|\["[^"]*"\]|\['[^']*'\])*$/u;
const call = /^([A-Za-z_]\w*)\s*\((.*)\)$/su;
const argument = /\s*(?:(-?\d+(?:\.\d+)?)|"([^"]*)"|'([^']*)')\s*(,|$)/uy;

/**
 * Splits a text at `${NAME}`, `${NAME:-default}` and `{{ expression }}`. `$${` stands for the characters `${`. What
 * cannot be read is a problem, and left out of the pieces.
 */
export function splitText(text: string): { pieces: Piece[]; problems: TextProblem[] } {
  const pieces: Piece[] = [];
  const problems: TextProblem[] = [];
  const add = (literal: string) => {
    if (literal !== "") pieces.push({ kind: "text", text: literal });
  };
  let at = 0;
  for (let mark = nextMark(text, at); mark !== undefined; mark = nextMark(text, at)) {
    const [offset, open, close] = mark;
    add(text.slice(at, offset));
    if (open === "$${") {
      add(`\${`);
      at = offset + open.length;
      continue;
    }
    const end = text.indexOf(close, offset + open.length);
    const length = (end === -1 ? text.length : end + close.length) - offset;
    const inner = text.slice(offset + open.length, end === -1 ? text.length : end);
    at = offset + length;
    const read = end === -1 ? unclosed(open, close) : open === "${" ? readEnvironment(inner) : readExpression(inner);
    if ("code" in read) problems.push({ ...read, offset, length });
    else pieces.push({ ...read, offset, length });
  }
  add(text.slice(at));
  return { pieces, problems };
}

type Mark = [offset: number, open: "$${" | "${" | "{{", close: "}" | "}}"];

function nextMark(text: string, from: number): Mark | undefined {
  const found = /\$\$\{|\$\{|\{\{/gu;
  found.lastIndex = from;
  const match = found.exec(text);
  if (match === null) return undefined;
  return match[0] === "{{" ? [match.index, "{{", "}}"] : [match.index, match[0] as "$${" | "${", "}"];
}

type ReadProblem = Pick<TextProblem, "code" | "params">;

function unclosed(open: string, close: string): ReadProblem {
  const code = open === "{{" ? "template-syntax" : "environment-syntax";
  return { code, params: { expected: `${close} after ${open}` } };
}

function readEnvironment(inner: string): { kind: "environment"; name: string; fallback?: string } | ReadProblem {
  const [, name, fallback] = environment.exec(inner) ?? [];
  if (name !== undefined && !fallback?.includes("${")) {
    return { kind: "environment", name, ...(fallback === undefined ? {} : { fallback }) };
  }
  const params = {
    expected: `\${NAME} or \${NAME:-default}`,
    got: `\${${inner}}`,
    hint: `for the characters \${ write $\${`,
  };
  return { code: "environment-syntax", params };
}

function readExpression(inner: string): { kind: "expression"; part: Expression } | ReadProblem {
  const text = inner.trim();
  const operation = text.length > LONGEST_OPERATION ? undefined : parseOperation(text, knownTerm);
  if (operation !== undefined) return { kind: "expression", part: operation };
  const term = readTerm(text);
  return "kind" in term ? { kind: "expression", part: term } : term;
}

/** Operations are read by recursion. */
const LONGEST_OPERATION = 1000;

type Term = Extract<TemplatePart, { kind: "variable" | "call" }>;

function knownTerm(text: string): Term | undefined {
  const term = readTerm(text);
  return "kind" in term ? term : undefined;
}

function readTerm(text: string): Term | ReadProblem {
  if (variable.test(text)) {
    const path = [...text.matchAll(/\["([^"]*)"\]|\['([^']*)'\]|\w+/gu)].map(([word, a, b]) => a ?? b ?? word);
    return { kind: "variable", path };
  }
  const [, name, inBrackets = ""] = call.exec(text) ?? [];
  if (name === undefined) {
    const params = { expected: "a variable, such as {{ token }}, or a function, such as {{ uuid() }}", got: text };
    return { code: "template-syntax", params: { ...params, got: text === "" ? "nothing" : text } };
  }
  const known = templateFunctions.find((one) => one === name);
  if (known === undefined) {
    const suggestion = nearest(name, templateFunctions);
    const params = { key: name, expected: `one of ${templateFunctions.join(", ")}` };
    return { code: "unknown-function", params: suggestion === undefined ? params : { ...params, suggestion } };
  }
  const args = readArguments(inBrackets);
  const { usage, accepts } = functions[known];
  if (args === undefined || !accepts(args)) {
    return { code: "function-arguments", params: { expected: usage, got: text } };
  }
  return { kind: "call", name: known, args };
}

function readArguments(text: string): (string | number)[] | undefined {
  if (text.trim() === "") return [];
  const args: (string | number)[] = [];
  argument.lastIndex = 0;
  for (let match = argument.exec(text); match !== null; match = argument.exec(text)) {
    const [, number, double, single, after] = match;
    args.push(number === undefined ? (double ?? single ?? "") : Number(number));
    if (after === "") return args;
  }
  return undefined;
}

type Args = readonly (string | number)[];

/** The forms of a function's result that `now` knows. */
const timeForms = ["ms", "s", "iso"] as const;
/** The longest `randomString`. */
const LONGEST_STRING = 10_000;

const functions: Record<TemplateFunction, { usage: string; accepts(args: Args): boolean }> = {
  uuid: { usage: "uuid()", accepts: (args) => args.length === 0 },
  userNumber: { usage: "userNumber()", accepts: (args) => args.length === 0 },
  now: {
    usage: 'now() in Unix milliseconds, now("s") in seconds, or now("iso")',
    accepts: ([form = "ms", ...more]) => more.length === 0 && timeForms.some((one) => one === form),
  },
  randomInt: {
    usage: "randomInt(LEAST, MOST), both whole numbers, such as randomInt(1, 100)",
    accepts: ([least, most, ...more]) =>
      more.length === 0 && Number.isSafeInteger(least) && Number.isSafeInteger(most) && Number(least) <= Number(most),
  },
  randomString: {
    usage: `randomString(LENGTH), with a length from 1 to ${LONGEST_STRING}`,
    accepts: ([length, ...more]) =>
      more.length === 0 && Number.isInteger(length) && Number(length) >= 1 && Number(length) <= LONGEST_STRING,
  },
};
