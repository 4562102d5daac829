import type { Operand, Operator } from "./plan-request.ts";

type Operation = Extract<Operand, { kind: "operation" }>;

/** Words that a variable cannot be called by. */
export const reservedWords: readonly string[] = ["and", "or", "not", "true", "false", "null"];

/** Reads a variable or a call; undefined if it is neither. */
type ReadTerm = (text: string) => Operand | undefined;

const space = /\s*/uy;
const comparison = /==|!=|<=|>=|<|>/uy;
const number = /-?\d+(?:\.\d+)?(?![\w.])/uy;
const quoted = /"([^"]*)"|'([^']*)'/uy;
const word = /[A-Za-z_]\w*/uy;
/** A variable with its path, or a call with its arguments. */
const term = /[A-Za-z_]\w*(?:\s*\((?:[^()"']|"[^"]*"|'[^']*')*\)|(?:\.\w+|\[\d+\]|\["[^"]*"\]|\['[^']*'\])*)/uy;

/**
 * Reads `order.total > 100 and not paid`: comparisons (== != < <= > >=) of variables, calls, numbers, texts in quotes, true,
 * false and null, with `not`, `and`, `or` and brackets; `not` binds more than `and`, `and` more than `or`. Undefined if it is
 * not such a text, or no operation.
 */
export function parseOperation(text: string, readTerm: ReadTerm): Operation | undefined {
  const operand = new OperationParser(text, readTerm).parse();
  return operand?.kind === "operation" ? operand : undefined;
}

/** Recursive descent. What cannot be read makes the whole undefined. */
class OperationParser {
  readonly #text: string;
  readonly #readTerm: ReadTerm;
  #at = 0;

  constructor(text: string, readTerm: ReadTerm) {
    this.#text = text;
    this.#readTerm = readTerm;
  }

  parse(): Operand | undefined {
    const whole = this.#either();
    this.#match(space);
    return this.#at === this.#text.length ? whole : undefined;
  }

  #either(): Operand | undefined {
    return this.#chain("or", () => this.#chain("and", () => this.#inverse()));
  }

  #chain(operator: "and" | "or", next: () => Operand | undefined): Operand | undefined {
    const first = next();
    if (first === undefined) return undefined;
    const operands = [first];
    while (this.#word(operator)) {
      const operand = next();
      if (operand === undefined) return undefined;
      operands.push(operand);
    }
    return operands.length === 1 ? first : { kind: "operation", operator, operands };
  }

  #inverse(): Operand | undefined {
    if (!this.#word("not")) return this.#comparison();
    const operand = this.#inverse();
    return operand && { kind: "operation", operator: "not", operands: [operand] };
  }

  #comparison(): Operand | undefined {
    const left = this.#operand();
    this.#match(space);
    const operator = this.#match(comparison);
    if (left === undefined || operator === undefined) return left;
    const right = this.#operand();
    return right && { kind: "operation", operator: operator as Operator, operands: [left, right] };
  }

  #operand(): Operand | undefined {
    this.#match(space);
    if (this.#text[this.#at] === "(") {
      this.#at++;
      const inner = this.#either();
      this.#match(space);
      if (this.#text[this.#at++] !== ")") return undefined;
      return inner;
    }
    const digits = this.#match(number);
    if (digits !== undefined) return { kind: "literal", value: Number(digits) };
    const text = this.#match(quoted);
    if (text !== undefined) return { kind: "literal", value: text.slice(1, -1) };
    const found = this.#match(term);
    if (found === "true" || found === "false") return { kind: "literal", value: found === "true" };
    if (found === "null") return { kind: "literal", value: null };
    return found === undefined || reservedWords.includes(found) ? undefined : this.#readTerm(found);
  }

  #word(wanted: string): boolean {
    this.#match(space);
    const before = this.#at;
    if (this.#match(word) === wanted) return true;
    this.#at = before;
    return false;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }
}

/** What an operator says of its operands' values. */
export function operate(operator: Operator, values: readonly unknown[]): boolean {
  const [left, right] = values;
  switch (operator) {
    case "and":
      return values.every(isTrue);
    case "or":
      return values.some(isTrue);
    case "not":
      return !isTrue(left);
    case "==":
      return isSame(left, right);
    case "!=":
      return !isSame(left, right);
    default:
      return isOrdered(operator, left, right);
  }
}

/** Everything but what is missing, null, false, 0, an empty text and an empty list. */
export function isTrue(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** As JSON; a number is the same as a text of it, as services are not of one mind about these. */
function isSame(left: unknown, right: unknown): boolean {
  const [a, b] = alike(left ?? null, right ?? null);
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** Of two numbers, or of two texts; of anything else false. */
function isOrdered(operator: "<" | "<=" | ">" | ">=", left: unknown, right: unknown): boolean {
  const [a, b] = alike(left, right);
  const numbers = typeof a === "number" && typeof b === "number";
  const texts = typeof a === "string" && typeof b === "string";
  if (!numbers && !texts) return false;
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

function alike(left: unknown, right: unknown): [unknown, unknown] {
  if (typeof left === "number" && typeof right === "string") return [left, numberOf(right)];
  if (typeof left === "string" && typeof right === "number") return [numberOf(left), right];
  return [left, right];
}

function numberOf(text: string): number | string {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
