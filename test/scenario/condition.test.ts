import { describe, expect, it } from "vitest";
import { splitText } from "../../src/scenario/expression.ts";
import type { Condition } from "../../src/scenario/flow.ts";
import { compileCondition, type Scope } from "../../src/scenario/template.ts";

function condition(text: string): Condition | undefined {
  const { pieces } = splitText(`{{ ${text} }}`);
  const [only] = pieces;
  return only?.kind === "expression" ? only.part : undefined;
}

function holds(text: string, variables: Record<string, unknown>): boolean {
  const scope: Scope = {
    variables: new Map(Object.entries(variables)),
    secret: () => "",
    random: () => 0,
    userNumber: 7,
    now: () => 0,
  };
  const parsed = condition(text);
  if (parsed === undefined) throw new Error(`${text} is no condition`);
  return compileCondition(parsed)(scope);
}

describe("a condition", () => {
  const variables = { n: 5, text: "10", word: "paid", yes: true, none: null, empty: [], list: [1], o: { a: { b: 2 } } };

  it.each([
    ["n > 4", true],
    ["n >= 5", true],
    ["n < 5", false],
    ["n <= 5 and n != 6", true],
    ["n == 5", true],
    // Services are not of one mind about numbers in quotes.
    ["text == 10", true],
    ["text > 9", true],
    ["n == '5'", true],
    ["word == 'paid'", true],
    ['word == "open" or yes', true],
    ["word > 'open'", true],
    // Neither two numbers nor two texts.
    ["word > 3", false],
    ["none < 1", false],
    ["not yes", false],
    ["not not yes", true],
    ["yes", true],
    ["list", true],
    ["empty", false],
    ["none", false],
    ["missing", false],
    ["missing == null", true],
    ["o.missing == null", true],
    ["o.a.b == 2", true],
    ["list[0] == 1", true],
    ["o == o", true],
    ["list == empty", false],
    ["userNumber() == 7", true],
    ["userNumber() > 3 and userNumber() < 5", false],
    ["true", undefined],
    // not before and before or
    ["yes or yes and none", true],
    ["(yes or yes) and none", false],
    ["not none and yes", true],
    ["not (none and yes)", true],
    ["n > -1.5", true],
  ])("%s: %s", (text, wanted) => {
    if (wanted === undefined) expect(condition(text)).toEqual({ kind: "variable", path: ["true"] });
    else expect(holds(text, variables)).toBe(wanted);
  });

  it.each([
    "",
    "n >",
    "> n",
    "n > > 3",
    "n = 3",
    "(n > 3",
    "n > 3)",
    "n and",
    "not",
    "n > 3 4",
    "1 + 1",
    "n > f(1)",
    "3",
    "'x'",
  ])("%j is none", (text) => {
    expect(condition(text)?.kind === "operation").toBe(false);
  });

  it("does not fall over a text that is nested very deeply", () => {
    expect(condition(`${"(".repeat(100_000)}n > 1${")".repeat(100_000)}`)).toBeUndefined();
    expect(holds(`${"(".repeat(400)}n > 1${")".repeat(400)}`, variables)).toBe(true);
  });
});
