import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calculate, type OperandReader, parseArithmetic } from "../../src/target/arithmetic.ts";

const values: Record<string, number> = { a: 2, b: 3, c: 5 };

const readLetter: OperandReader<string> = (text, offset) => {
  const letter = text.charAt(offset);
  return Object.hasOwn(values, letter)
    ? { operand: letter, end: offset + 1 }
    : { problem: "expected a letter", offset };
};

function result(text: string): number | { problem: string; offset: number } {
  const expression = parseArithmetic(text, readLetter);
  if ("problem" in expression) return expression;
  return calculate<string, number>(expression, {
    number: (value) => value,
    operand: (letter) => values[letter] ?? Number.NaN,
    combine: (left, right, operation) => operation(left, right),
  });
}

describe("arithmetic", () => {
  it.each([
    ["a", 2],
    ["42", 42],
    ["a + b * c", 17],
    ["(a + b) * c", 25],
    ["a - b - c", -6],
    ["c / a / b", 5 / 2 / 3],
    ["-a + b", 1],
    ["a * -b", -6],
    ["--a", 2],
    ["  ( ( a ) )  ", 2],
    ["a/100", 0.02],
    ["1e3*a", 2000],
    [".5 + 1.", 1.5],
  ])("%s = %d", (text, value) => {
    expect(result(text)).toBe(value);
  });

  it.each([
    ["", 0],
    ["a +", 3],
    ["a b", 2],
    ["(a", 2],
    ["a)", 1],
    ["a ** b", 3],
    ["a % b", 2],
    ["1.2.3", 3],
    [`a${" + a".repeat(300)}`, 1000],
  ])("%j is a problem at %d", (text, offset) => {
    expect(result(text)).toMatchObject({ problem: expect.stringContaining("expected"), offset });
  });

  it("calculates as JavaScript does", () => {
    const expression = fc.letrec<{ sum: string; atom: string }>((tie) => ({
      atom: fc.oneof(fc.constantFrom("a", "b", "c"), fc.nat(99).map(String)),
      sum: fc.oneof(
        { maxDepth: 5 },
        tie("atom"),
        fc
          .tuple(tie("sum"), fc.constantFrom("+", "-", "*", "/"), tie("sum"))
          .map(([left, operator, right]) => `${left} ${operator} ${right}`),
        tie("sum").map((inner) => `(${inner})`),
      ),
    })).sum;
    fc.assert(
      fc.property(expression, (text) => {
        fc.pre(text.length <= 1000);
        const { a, b, c } = values;
        expect(result(text)).toBe(new Function("a", "b", "c", `return ${text}`)(a, b, c));
      }),
    );
  });

  it("never throws", () => {
    const piece = fc.constantFrom("a", "(", ")", "+", "-", "*", "/", " ", "1", ".", "e", "$");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 1200 }), (pieces) => {
        const outcome = result(pieces.join(""));
        expect(typeof outcome === "number" || outcome.offset <= pieces.length).toBe(true);
      }),
    );
  });
});
