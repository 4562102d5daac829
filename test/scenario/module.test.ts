import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineScenario } from "../../src/index.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { codeIn, functionAt } from "../../src/scenario/module.ts";
import { readModule, readScenario, readValue } from "../../src/scenario/parse.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { describeProblems } from "../../src/scenario/problem.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";

const folder = join(import.meta.dirname, "modules");
const environment = { ADMIN_KEY: "canary-key" };

async function read(name: string) {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  if (name.endsWith(".yaml")) return { text, ...readScenario(path, text, environment, mappingProblems) };
  return { text, ...(await readModule(path, text, environment, mappingProblems)) };
}

function plan(scenario: Scenario, profile: string): Plan {
  const made = makePlan(scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", profile });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  return made.plan;
}

async function loaded(name: string): Promise<Scenario> {
  const { text, ...found } = await read(name);
  if ("problems" in found) throw new Error(describeProblems(name, text, found.problems));
  return found.scenario;
}

function understood(value: unknown) {
  return readValue(value, { path: "s.ts", text: "", module: "file:///s.ts" }, environment);
}

describe("a TypeScript scenario", () => {
  it.each(["light", "spike"])("gives the plan that its YAML twin gives: %s", async (profile) => {
    const twins = await Promise.all([loaded("twin.ts"), loaded("twin.yaml")]);
    const [code, yaml] = twins.map((one) => plan(one, profile));
    expect(code).toEqual(yaml);
    expect(JSON.stringify(code)).toContain("ADMIN_KEY");
    expect(JSON.stringify(code)).not.toContain("canary");
  });

  it("has its mistakes shown at their lines, all of them", async () => {
    const { text, ...found } = await read("wrong.ts");
    const problems = "problems" in found ? found.problems : [];
    expect(problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      "6 url",
      "9 wrong-value",
      "16 wrong-value",
      "20 threshold",
    ]);
    const shown = describeProblems("wrong.ts", text, problems);
    expect(shown).toContain("wrong.ts:6:3: ");
    expect(shown).toContain("did you mean http://localhost:8000?");
    expect(shown).toContain("  9 |       wait,\n    |       ^^^^\n");
    expect(shown).toContain("did you mean latency?");
  });

  it("names its code by where it stands, in a plan that is plain data", () => {
    const pay = async () => {};
    const login = async () => {};
    const check = () => {};
    const value = defineScenario({
      host: "http://localhost/base/",
      users: {
        "A/B": {
          headers: { authorization: "Bearer {{ token }}" },
          start: login,
          tasks: { Pay: pay, "Check ~": { weight: 3, steps: [{ get: "/{{ id }}" }, { repeat: 2, steps: [check] }] } },
        },
      },
    });
    const found = understood(value);
    if ("problems" in found) throw new Error(JSON.stringify(found.problems));
    const made = makePlan(found.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
    if ("problems" in made) throw new Error(JSON.stringify(made.problems));
    expect(structuredClone(made.plan)).toEqual(made.plan);
    const code = codeIn(made.plan);
    expect(code.map(({ key }) => key)).toEqual([
      "/users/A~1B/start",
      "/users/A~1B/tasks/Pay",
      "/users/A~1B/tasks/Check ~0/steps/1/steps/0",
    ]);
    expect(code.map(({ key }) => functionAt(value, key))).toEqual([login, pay, check]);
    expect(code[0]).toMatchObject({ module: "file:///s.ts", host: "http://localhost/base" });
  });

  it.each<[string, unknown, string]>([
    [
      "a function where a value is wanted",
      { host: () => "x", users: { U: { tasks: { T: { get: "/" } } } } },
      "wrong-type",
    ],
    [
      "a function in a body",
      { host: "http://h", users: { U: { tasks: { T: { post: "/", json: { a: () => 1 } } } } } },
      "wrong-type",
    ],
    ["no map", [1], "no-scenario"],
    ["nothing", undefined, "no-scenario"],
    ["a key with a number for text", { host: 5, users: { U: { tasks: { T: { get: "/" } } } } }, "wrong-type"],
  ])("that has %s is refused", (_, value, code) => {
    const found = understood(value);
    expect("problems" in found && found.problems.map((problem) => problem.code)).toEqual([code]);
  });

  it("may take down what its setup, which is code, has captured", () => {
    const code = () => {};
    const users = { U: { tasks: { T: { get: "/{{ shop }}" } } } };
    const found = understood({ host: "http://h", setup: code, users, teardown: [{ delete: "/{{ shop }}" }] });
    expect("problems" in found && found.problems).toBe(false);
    const without = understood({ host: "http://h", users, teardown: [{ delete: "/{{ shop }}" }] });
    expect("problems" in without && without.problems.map(({ code }) => code)).toEqual([
      "unknown-variable",
      "unknown-variable",
    ]);
  });

  it("that refers to itself is refused", () => {
    const value: Record<string, unknown> = { host: "http://h" };
    value["users"] = { U: { tasks: { T: { post: "/", json: value } } } };
    const found = understood(value);
    expect(found).toMatchObject({ problems: [{ code: "too-deep" }] });
  });

  it("that exports nothing by default is refused, one that throws throws", async () => {
    const nothing = await read("nothing.ts");
    expect("problems" in nothing && nothing.problems).toMatchObject([{ code: "no-scenario", line: 1 }]);
    await expect(read("throws.ts")).rejects.toThrow("no such table");
  });
});

describe("the scenario's own metrics", () => {
  it.each([
    ["latency: counter", "know this one already"],
    ["db_pool_overflow: gauge", "know this one already"],
    ["Tokens: counter", "lower-case"],
    ["tokens_count: counter", "_count"],
    ["hits_total: rate", "_total"],
  ])("%s is refused: %s", (line, said) => {
    const text = `host: http://h\nmetrics: { ${line} }\nusers: { U: { tasks: { T: { get: / } } } }\n`;
    const found = readScenario("s.yaml", text, {});
    expect("problems" in found && describeProblems("s.yaml", text, found.problems)).toContain(said);
  });

  it("may not be called the same on /metrics, nor be too many", () => {
    const twice = {
      users: { U: { tasks: { T: { get: "http://h/" } } } },
      metrics: { a: "counter", a_total: "counter" },
    };
    expect(understood(twice)).toMatchObject({ problems: [{ code: "metric", params: { key: "a_total" } }] });
    const metrics = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`m${i}`, "trend"]));
    expect(understood({ ...twice, metrics })).toMatchObject({ problems: [{ params: { key: "m100" } }] });
  });
});
