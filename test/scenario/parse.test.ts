// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
import { describe, expect, it } from "vitest";
import { requestsOf } from "../../src/scenario/flow.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { ScenarioStep } from "../../src/scenario/steps.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { environment, goodFiles } from "./files.ts";

function scenario(text: string, variables: Record<string, string> = {}, path = "shop.yaml"): Scenario {
  const read = readScenario(path, text, variables);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

/** A scenario of one request: its task, and what else stands at the top. */
function task(lines: string, top = "host: http://localhost:8000"): string {
  return `${top}\nusers:\n  Buyer:\n    tasks:\n      Look:\n        ${lines.replaceAll("\n", "\n        ")}\n`;
}

function step(lines: string, variables: Record<string, string> = {}) {
  return requestsOf(scenario(task(lines), variables).classes[0]?.tasks[0]?.steps ?? [])[0];
}

describe("readScenario", () => {
  it.each(goodFiles)("$name is good, and so is where its metrics come from", ({ name, text }) => {
    expect(readScenario(name, text, environment, mappingProblems)).toHaveProperty("scenario");
  });

  it("takes its name from the file, if it has none", () => {
    expect(scenario(task("get: /"), {}, "runs/of/shop.v2.yml").name).toBe("shop.v2");
    expect(scenario(task("get: /", "name: mine"), {}, "shop.yaml").name).toBe("mine");
  });

  it.each([
    ["2s", 2000, 2000],
    ["1s..3s", 1000, 3000],
    ["500ms .. 1.5s", 500, 1500],
    ["0.29s", 290, 290],
    ["1min", 60_000, 60_000],
    ["0s", 0, 0],
  ])("wait: %s", (wait, minMs, maxMs) => {
    const text = task("get: /").replace("    tasks:", `    wait: ${wait}\n    tasks:`);
    expect(scenario(text).classes[0]?.wait).toEqual({ kind: "uniform", minMs, maxMs });
  });

  it.each([
    ["{ pacing: 10s }", { kind: "pace", everyMs: 10_000 }],
    ["{ throughput: 0.5/s }", { kind: "pace", everyMs: 2000 }],
    ["{ throughput: 30/min }", { kind: "pace", everyMs: 2000 }],
    ["{ poisson: 2s }", { kind: "poisson", meanMs: 2000 }],
  ])("wait: %s", (wait, expected) => {
    const text = task("get: /").replace("    tasks:", `    wait: ${wait}\n    tasks:`);
    expect(scenario(text).classes[0]?.wait).toEqual(expected);
  });

  it("names requests", () => {
    const text = `
host: http://localhost
users:
  Buyer:
    start:
      - post: /login?from=x
        capture: { id: $.id, order: $.order }
    tasks:
      One: { get: "/a/{{ id }}" }
      Named: { get: /a, name: mine }
      Alone: { steps: [{ get: /b }] }
      Several:
        steps:
          - get: "/orders/{{ order.id }}/items/{{ id }}?page={{ randomInt(1, 9) }}"
          - delete: "https://other.example/v1/{{ uuid() }}"
          - put: "{{ order.url }}"
          - patch: https://other.example
          - get: /x
            name: "X"
`;
    const [buyer] = scenario(text).classes;
    const steps = [...(buyer?.start ?? []), ...(buyer?.tasks.flatMap(({ steps }) => steps) ?? [])];
    expect(requestsOf(steps).map(({ name }) => name)).toEqual([
      "POST /login",
      "One",
      "mine",
      "Alone",
      "GET /orders/:order.id/items/:id",
      "DELETE /v1/:uuid",
      "PUT :order.url",
      "PATCH /",
      "X",
    ]);
  });

  it("merges headers of the class under those of a step, from where their variables can be known", () => {
    const text = `
host: http://localhost
users:
  Buyer:
    headers: { Accept: text/html, authorization: "Bearer {{ token }}", x-cart: "{{ cart }}" }
    start:
      - post: /login
        capture: { token: $.token }
      - get: /me
    tasks:
      Fill:
        steps:
          - post: /cart
            headers: { accept: application/json }
            capture: { cart: $.id }
          - get: /cart
      Look: { get: / }
`;
    const [buyer] = scenario(text).classes;
    const headers = (steps: ScenarioStep[] = []) => requestsOf(steps).map((one) => one.headers.map(([name]) => name));
    expect(headers(buyer?.start)).toEqual([["Accept"], ["Accept", "authorization"]]);
    expect(headers(buyer?.tasks[0]?.steps)).toEqual([
      ["authorization", "accept"],
      ["Accept", "authorization", "x-cart"],
    ]);
    expect(headers(buyer?.tasks[1]?.steps)).toEqual([["Accept", "authorization", "x-cart"]]);
  });

  it("reads what is expected", () => {
    const lines = `get: /
expect:
  status: [200, 404]
  within: 300ms
  body: { contains: "a {{ userNumber() }}", matches: "^{" }
  json: { $.a: null, $.b: { min: 1, max: 2, type: number }, "$.c[0]": [1], $.d: { equals: { e: 1 }, exists: true } }`;
    expect(step(lines)?.expect).toEqual({
      status: [200, 404],
      withinMs: 300,
      body: [
        { kind: "contains", value: ["a ", { kind: "call", name: "userNumber", args: [] }] },
        { kind: "matches", value: "^{" },
      ],
      json: [
        { path: "$.a", check: { kind: "equals", value: null } },
        { path: "$.b", check: { kind: "min", value: 1 } },
        { path: "$.b", check: { kind: "max", value: 2 } },
        { path: "$.b", check: { kind: "type", value: "number" } },
        { path: "$.c[0]", check: { kind: "equals", value: { kind: "array", items: [1] } } },
        { path: "$.d", check: { kind: "equals", value: { kind: "object", entries: [["e", 1]] } } },
        { path: "$.d", check: { kind: "exists", value: true } },
      ],
    });
  });

  it("keeps numbers in texts as they are written", () => {
    expect(step("get: /\nheaders: { version: 1.0, on: true }")?.headers).toEqual([
      ["version", "1.0"],
      ["on", "true"],
    ]);
  });

  it("sends __proto__ in JSON as a name like any other", () => {
    const entries = [["__proto__", { kind: "object", entries: [["a", 1]] }]];
    expect(step("post: /\njson: { __proto__: { a: 1 } }")?.body).toEqual({
      kind: "json",
      value: { kind: "object", entries },
    });
  });
});

describe("the environment", () => {
  it("is typed where it is the whole value", () => {
    const text = task(
      "get: /",
      'profiles: { p: { users: "${USERS}", spawnRate: "${RATE:-5/s}" } }\nhost: http://localhost',
    );
    expect(scenario(text, { USERS: "30" }).profiles[0]?.loads[0]?.shape).toMatchObject({
      users: 30,
      spawnRate: 5,
    });
    expect(scenario(`name: \${BUILD}\n${task("get: /")}`, { BUILD: "42" }).name).toBe("42");
  });

  it.each([
    ["n: ${V}", "12", 12],
    ["n: '${V}'", "12", { kind: "text", value: "12" }],
    ["n: ${V}", "012", { kind: "text", value: "012" }],
    ["n: ${V}", "12345678901234567890", { kind: "text", value: "12345678901234567890" }],
    ["n: ${V}", "true", true],
    ["n: a${V}", "12", { kind: "text", value: "a12" }],
    ["n: ${NONE:-7}", "", 7],
    ["n: ${NONE:-}x", "", { kind: "text", value: "x" }],
    ["n: ${V:-7}", "", 7],
    ["n: ${V}", "{{ uuid() }} ${V} # 'x", { kind: "text", value: "{{ uuid() }} ${V} # 'x" }],
    ["n: $${V}", "12", { kind: "text", value: "${V}" }],
  ])("in JSON: %s, where V is %j", (json, V, value) => {
    const body = { kind: "json", value: { kind: "object", entries: [["n", value]] } };
    expect(step(`post: /\njson:\n  ${json}`, { V })?.body).toEqual(body);
  });

  it.each(["API_TOKEN", "db_password", "CLIENT_SECRET_2", "MONKEY"])("%s is a secret by its name", (name) => {
    expect(step(`get: /\nheaders: { a: "x \${${name}}" }`, { [name]: "canary" })?.headers).toEqual([
      ["a", ["x ", { kind: "secret", name }]],
    ]);
  });

  it.each([
    ["the whole URL", "${BASE}/x", { BASE: "http://u:canary@localhost" }, [{ kind: "secret", name: "BASE" }, "/x"]],
    [
      "its password",
      "http://${WHO}:${PW}@localhost/",
      { WHO: "u", PW: "canary" },
      ["http://", { kind: "secret", name: "WHO" }, ":", { kind: "secret", name: "PW" }, "@localhost/"],
    ],
    [
      "a password with marks in it",
      "${BASE}",
      { BASE: "http://u:can/a#r?y@localhost" },
      [{ kind: "secret", name: "BASE" }],
    ],
    ["no login at all", "http://${AT}/x", { AT: "localhost:1" }, "http://localhost:1/x"],
  ])("in a URL, %s", (_, url, variables: Record<string, string>, template) => {
    expect(step(`get: "${url}"`, variables)?.address).toEqual({ kind: "absolute", url: template });
  });

  it("gives a secret host its target without the login", () => {
    const text = task("get: /a\n", "host: ${SHOP}");
    const read = scenario(text, { SHOP: "http://u:canary@localhost:8000/base/" });
    const made = makePlan(read, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
    expect(made).toMatchObject({ plan: { target: "localhost:8000" } });
    const [first] = "plan" in made ? (made.plan.loads[0]?.classes[0]?.tasks[0]?.steps ?? []) : [];
    expect(first).toMatchObject({ url: [{ kind: "secret", name: "SHOP" }, "a"] });
    expect(JSON.stringify(made)).not.toContain("canary");
  });

  it.each(goodFiles)("leaves no secret's value in the plan of $name", ({ name, text }) => {
    const read = readScenario(name, text, { ...environment, LOAD_TEST_HOST: environment.LOGIN_URL });
    const made =
      "scenario" in read && makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", users: 1 });
    expect(made).toHaveProperty("plan");
    expect(JSON.stringify([read, made])).not.toContain("canary");
    expect(JSON.stringify(made)).toContain('"kind":"secret"');
  });
});
