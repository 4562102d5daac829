import { describe, expect, it } from "vitest";
import { readScenario } from "../../src/scenario/parse.ts";

function codes(text: string): string[] {
  const read = readScenario("bomb.yaml", text, {});
  return "problems" in read ? read.problems.map(({ code }) => code) : [];
}

const tail = "users: { A: { tasks: { T: { get: 'http://localhost/' } } } }\n";

describe("YAML", () => {
  it.each([
    ["50 MB in one scalar", `name: ${"x".repeat(50_000_000)}\n${tail}`, "too-large"],
    ["500,000 words", `labels: [${"1,".repeat(250_000)}]\n${tail}`, "too-large"],
    ["billion laughs", laughs(), "too-large"],
    ["a long text, 10,000 times", `a: &a ${"x".repeat(100_000)}\nb: [${"*a,".repeat(10_000)}]\n`, "too-large"],
    ["10,000 open brackets", "[".repeat(10_000), "too-deep"],
    ["10,000 nested lists", `${"[".repeat(10_000)}${"]".repeat(10_000)}`, "too-deep"],
    ["10,000 nested maps", `${"{a: ".repeat(10_000)}${"}".repeat(10_000)}`, "too-deep"],
    ["nested blocks", Array.from({ length: 500 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""), "too-deep"],
    ["a list in a list in a list", "- ".repeat(10_000), "too-deep"],
    ["keys that are keys", "? ".repeat(10_000), "too-deep"],
    ["an alias of itself", "users: &a [*a]\n", "too-deep"],
    ["a merge of itself", "users: &a\n  <<: *a\n  b: 1\n", "too-deep"],
    ["two that merge each other", "a: &a\n  b: &b\n    <<: *a\n  <<: *b\n", "too-deep"],
  ])("%s is a problem", (_, text, code) => {
    expect(codes(text)).toEqual([code]);
  });

  it("has many keys in no time", () => {
    const labels = Array.from({ length: 10_000 }, (_, i) => `  k${i}: v\n`).join("");
    expect(codes(`labels:\n${labels}${tail}`)).toEqual([]);
    expect(codes(`labels:\n${labels}  k7: v\n${tail}`)).toEqual(["duplicate-key"]);
  });

  it("takes aliases and merge keys: own keys win, then the first map", () => {
    const text = [
      "users:",
      "  A: &a",
      "    weight: 3",
      "    wait: 1s",
      "    tasks: &tasks { T: { get: 'http://localhost/' } }",
      "  B:",
      "    <<: [{ weight: 5 }, *a]",
      "    wait: 2s",
      "  C: { tasks: *tasks }",
    ].join("\n");
    const read = readScenario("s.yaml", text, {});
    const classes = "scenario" in read ? read.scenario.classes : [];
    expect(classes.map(({ name, weight, wait, tasks }) => [name, weight, wait, tasks.length])).toEqual([
      ["A", 3, { kind: "uniform", minMs: 1000, maxMs: 1000 }, 1],
      ["B", 5, { kind: "uniform", minMs: 2000, maxMs: 2000 }, 1],
      ["C", 1, { kind: "uniform", minMs: 0, maxMs: 0 }, 1],
    ]);
  });

  it("may begin with a byte order mark and have Windows line ends", () => {
    expect(codes(`\uFEFF${tail.replaceAll("\n", "\r\n")}`)).toEqual([]);
    const read = readScenario("s.yaml", `\uFEFFname: a\r\nhots: b\r\n${tail}`, {});
    expect("problems" in read && read.problems).toMatchObject([{ code: "unknown-key", line: 2, column: 1 }]);
  });
});

function laughs(): string {
  const lines = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"];
  for (let i = 1; i < 10; i++)
    lines.push(
      `l${i}: &l${i} [${Array(9)
        .fill(`*l${i - 1}`)
        .join(", ")}]`,
    );
  return lines.join("\n");
}
