/** `+ - * /` with parentheses over operands of any kind: JSONPaths of a JSON source, series of a Prometheus one. */
export type Arithmetic<Operand> =
  | { kind: "number"; value: number }
  | { kind: "operand"; operand: Operand }
  | { kind: "negative"; of: Arithmetic<Operand> }
  | { kind: "binary"; operator: Operator; left: Arithmetic<Operand>; right: Arithmetic<Operand> };

export type Operator = "+" | "-" | "*" | "/";

/** `offset` counts characters of the text, from 0. */
export interface ArithmeticProblem {
  problem: string;
  offset: number;
}

/** Reads the operand at `offset`; `end` is where the text goes on. */
export type OperandReader<Operand> = (
  text: string,
  offset: number,
) => { operand: Operand; end: number } | ArithmeticProblem;

/** Longer texts are refused, which bounds the depth of what is parsed. */
const MAX_LENGTH = 1000;

/** Reads a whole text; `*` and `/` bind closer than `+` and `-`, equals from left to right. */
export function parseArithmetic<Operand>(
  text: string,
  readOperand: OperandReader<Operand>,
): Arithmetic<Operand> | ArithmeticProblem {
  if (text.length > MAX_LENGTH) {
    return { problem: `expected at most ${MAX_LENGTH} characters, got ${text.length}`, offset: MAX_LENGTH };
  }
  return new Parser(text, readOperand).whole();
}

class Parser<Operand> {
  readonly #text: string;
  readonly #readOperand: OperandReader<Operand>;
  #offset = 0;

  constructor(text: string, readOperand: OperandReader<Operand>) {
    this.#text = text;
    this.#readOperand = readOperand;
  }

  whole(): Arithmetic<Operand> | ArithmeticProblem {
    const sum = this.#chain(["+", "-"]);
    if ("problem" in sum) return sum;
    const next = this.#next();
    return next === "" ? sum : this.#expected("an operator (+ - * /) or the end");
  }

  #chain(operators: [Operator, Operator]): Arithmetic<Operand> | ArithmeticProblem {
    const part = () => (operators[0] === "+" ? this.#chain(["*", "/"]) : this.#part());
    let left = part();
    while (!("problem" in left)) {
      const next = this.#next();
      const operator = operators.find((one) => one === next);
      if (operator === undefined) return left;
      this.#offset++;
      const right = part();
      if ("problem" in right) return right;
      left = { kind: "binary", operator, left, right };
    }
    return left;
  }

  #part(): Arithmetic<Operand> | ArithmeticProblem {
    const next = this.#next();
    if (next === "-") {
      this.#offset++;
      const of = this.#part();
      return "problem" in of ? of : { kind: "negative", of };
    }
    if (next === "(") {
      this.#offset++;
      const inner = this.#chain(["+", "-"]);
      if ("problem" in inner) return inner;
      if (this.#next() !== ")") return this.#expected('")"');
      this.#offset++;
      return inner;
    }
    const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
    number.lastIndex = this.#offset;
    const digits = number.exec(this.#text)?.[0];
    if (digits !== undefined) {
      this.#offset += digits.length;
      return { kind: "number", value: Number(digits) };
    }
    const read = this.#readOperand(this.#text, this.#offset);
    if ("problem" in read) return read;
    this.#offset = read.end;
    return { kind: "operand", operand: read.operand };
  }

  /** The next character that is not a space, `""` at the end. */
  #next(): string {
    while (/\s/.test(this.#text.charAt(this.#offset))) this.#offset++;
    return this.#text.charAt(this.#offset);
  }

  #expected(what: string): ArithmeticProblem {
    const rest = this.#text.slice(this.#offset, this.#offset + 20);
    return { problem: `expected ${what}, got ${rest === "" ? "the end" : `"${rest}"`}`, offset: this.#offset };
  }
}

/** What an expression means over values of one kind. */
export interface Calculation<Operand, Value> {
  number(value: number): Value;
  operand(operand: Operand): Value;
  combine(left: Value, right: Value, operation: (a: number, b: number) => number): Value;
}

const operations: Record<Operator, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

export function calculate<Operand, Value>(expression: Arithmetic<Operand>, over: Calculation<Operand, Value>): Value {
  switch (expression.kind) {
    case "number":
      return over.number(expression.value);
    case "operand":
      return over.operand(expression.operand);
    case "negative":
      return over.combine(over.number(0), calculate(expression.of, over), operations["-"]);
    case "binary":
      return over.combine(
        calculate(expression.left, over),
        calculate(expression.right, over),
        operations[expression.operator],
      );
  }
}

/** Every operand of an expression. */
export function operandsOf<Operand>(expression: Arithmetic<Operand>): Operand[] {
  switch (expression.kind) {
    case "number":
      return [];
    case "operand":
      return [expression.operand];
    case "negative":
      return operandsOf(expression.of);
    case "binary":
      return [...operandsOf(expression.left), ...operandsOf(expression.right)];
  }
}
