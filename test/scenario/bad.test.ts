import { describe, expect, it } from "vitest";
import { readScenario } from "../../src/scenario/parse.ts";
import { describeProblems } from "../../src/scenario/problem.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { badFiles, environment } from "./files.ts";

describe("bad scenarios", () => {
  it("are at least a hundred", () => {
    expect(badFiles.length).toBeGreaterThanOrEqual(100);
  });

  it.each(badFiles)("$name: each mistake at its place, and nothing else", ({ name, text }) => {
    const read = readScenario(name, text, environment, mappingProblems);
    const problems = "problems" in read ? read.problems : [];
    const found = problems.map(({ line, column, code }) => `${line}:${column} ${code}`);
    expect(`# ${found.join(", ")}`).toBe(text.split("\n")[0]);

    const shown = describeProblems(name, text, problems);
    for (const { line, column } of problems) {
      expect(shown).toContain(`${name}:${line}:${column}: `);
      expect(shown).toContain(`| ${text.split("\n")[line - 1]}`);
    }
    expect(shown).not.toContain("canary");
    expect(shown).not.toMatch(/undefined|\[object|NaN|invalid union/i);
  });

  it.each([
    ["unknown-key-class", "did you mean weight?"],
    ["check-type", "did you mean string?"],
    ["unknown-variable", "did you mean orderId?"],
    ["function-without-brackets", "did you mean uuid()?"],
    ["threshold-metric", "did you mean db_pool_overflow?"],
    ["threshold-own-metric", "did you mean carts_open?"],
    ["threshold-task", "did you mean Look?"],
    ["url-relative", "did you mean /shop?"],
    ["url-with-space", "did you mean /shop?name=tea%20pot?"],
    ["host-without-scheme", "did you mean http://localhost:8000?"],
    ["metric-name", "did you mean queue_depth?"],
    ["within-without-unit", "expected a time with its unit, such as 500ms or 2s"],
    ["status-in-list", 'got "ok"'],
    ["trap-template", 'expected "{{ path }}"'],
    ["trap-block", 'expected ">5"'],
    ["trap-tag", 'expected "!=0"'],
    ["duplicate-key", "it is in line "],
    ["syntax-colon", "quote a text that has a colon and a space in it"],
    ["merge-unknown-alias", "did you mean *base?"],
    ["words-of-k6", "did you mean users?"],
    ["words-of-k6", "did you mean over?"],
    ["words-of-limits", "did you mean 500ms?"],
    ["words-of-limits", "did you mean ratio(errors)?"],
    ["words-of-limits", "did you mean ratio(errors) …?"],
    ["words-of-limits", "did you mean cpu_utilization_ratio?"],
    ["words-of-limits", 'phase{phase="wait"}'],
  ])("%s says %s", (name, said) => {
    const { text = "" } = badFiles.find((file) => file.name === `${name}.yaml`) ?? {};
    const read = readScenario(name, text, environment);
    expect("problems" in read && describeProblems(name, text, read.problems)).toContain(said);
  });
});

describe("describeProblems", () => {
  const problem = { code: "wrong-value", path: "a", line: 1 } as const;

  it("underlines what is wrong", () => {
    const shown = describeProblems("s.yaml", "\twait: 5", [{ ...problem, column: 8, params: { length: 1, got: "5" } }]);
    expect(shown).toBe("s.yaml:1:8: wrong value\n  1 | \twait: 5\n    | \t      ^\n  got 5");
  });

  it("lets no control character of a file reach the terminal", () => {
    const text = "name: \u001b[2Jx";
    expect(describeProblems("s.yaml", text, [{ ...problem, column: 7, params: { got: text } }])).not.toContain(
      "\u001b",
    );
  });

  it("shows a part of a very long line", () => {
    const text = `${"x".repeat(100_000)}!${"y".repeat(100_000)}`;
    const shown = describeProblems("s.yaml", text, [{ ...problem, column: 100_001, params: {} }]);
    expect(shown.length).toBeLessThan(600);
    const [, line = "", caret = ""] = shown.split("\n");
    expect(line[caret.indexOf("^")]).toBe("!");
  });

  it("ends a long list with how many more there are", () => {
    const problems = Array.from({ length: 70 }, () => ({ ...problem, column: 1, params: {} }));
    expect(describeProblems("s.yaml", "x", problems)).toMatch(/\nand 20 more$/);
  });
});
