import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePlan, type PlanOptions } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { lengthOf, type Plan, type Stage, UNTIL_STOPPED_MS } from "../../src/scenario/plan.ts";
import { describeProblems } from "../../src/scenario/problem.ts";
import { environment, goodFiles } from "./files.ts";

const always = { seed: 1, suffix: "3f2a", startedAt: Date.UTC(2026, 10, 21, 10, 15), version: "1.2.3" };
const users =
  "users: { Buyer: { tasks: { Look: { get: /shop } } }, Clerk: { weight: 2, tasks: { Sort: { get: /sort } } } }\n";
const host = "host: http://localhost:8000\n";

function make(text: string, options: Partial<PlanOptions> = {}) {
  const read = readScenario("shop.yaml", text, environment);
  if ("problems" in read) throw new Error(describeProblems("shop.yaml", text, read.problems));
  return makePlan(read.scenario, { ...always, ...options });
}

function plan(text: string, options: Partial<PlanOptions> = {}): Plan {
  const made = make(text, options);
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  return made.plan;
}

/** The stages of a plan's only load. */
function stagesOf({ loads }: Plan): Stage[] {
  const [first] = loads;
  if (first?.load.kind !== "users" || loads.length > 1) throw new Error("expected one load of users");
  return first.load.stages;
}

function said(text: string, options: Partial<PlanOptions> = {}): string {
  const made = make(text, options);
  return "problems" in made ? describeProblems("shop.yaml", text, made.problems) : "a plan";
}

describe("makePlan", () => {
  const [boss = { name: "", text: "" }] = goodFiles.filter(({ name }) => name === "boss-workflow.yaml");

  it("is data, frozen, and says what the run is", () => {
    const made = plan(boss.text, { profile: "light", labels: { team: "sre" } });
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    expect(structuredClone(made)).toEqual(made);
    expect(made).toMatchObject({
      runId: "20261121T101500Z-boss-workflow-light-3f2a",
      version: "1.2.3",
      scenario: "boss-workflow",
      profile: "light",
      target: "localhost:8000",
      labels: { team: "sre", build: "42" },
      traces: { sample: 0.01, slowerThanMs: 1000, failed: true },
    });
    expect(() => {
      (made.loads[0]?.classes[0]?.tasks as unknown[]).pop();
    }).toThrow(TypeError);
  });

  it.each([
    ["the only one", "profiles: { light: { users: 5, duration: 1m } }\n", {}, "light", 5],
    ["the named one", "profiles: { light: { users: 5 }, heavy: { users: 50 } }\n", { profile: "heavy" }, "heavy", 50],
    ["default", "profiles: { light: { users: 5 }, default: { users: 7 } }\n", {}, "default", 7],
    ["one user", "", {}, "default", 1],
    ["the options'", "profiles: { light: { users: 5 }, heavy: { users: 50 } }\n", { users: 9 }, "default", 9],
    ["the options' number", "profiles: { light: { users: 5 } }\n", { users: 9 }, "light", 9],
  ])("takes as profile %s", (_, profiles, options, profile, count) => {
    const made = plan(host + users + profiles, options);
    expect(made.profile).toBe(profile);
    expect(stagesOf(made)).toMatchObject([{ users: count }]);
  });

  it.each([
    ["1 a second, until stopped", "{ users: 10 }", { users: 10, overMs: 10_000, forMs: UNTIL_STOPPED_MS }],
    [
      "spawning is part of the duration",
      "{ users: 100, spawnRate: 10/s, duration: 5m }",
      { users: 100, overMs: 10_000, forMs: 290_000 },
    ],
    ["rates by the minute", "{ users: 10, spawnRate: 60/min, duration: 10s }", { users: 10, overMs: 10_000, forMs: 0 }],
    [
      "a duration too short to spawn all",
      "{ users: 100, spawnRate: 2/s, duration: 10s }",
      { users: 20, overMs: 10_000, forMs: 0 },
    ],
  ])("%s", (_, profile, stage) => {
    expect(stagesOf(plan(`${host}${users}profiles: { p: ${profile} }\n`))).toEqual([stage]);
  });

  it("lasts what was asked for and never has more users", () => {
    const rate = fc.double({ min: 0.01, max: 1000, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        rate,
        fc.integer({ min: 100, max: 1e7 }),
        (count, spawnRate, durationMs) => {
          const stages = stagesOf(plan(host + users, { users: count, spawnRate, durationMs }));
          expect(lengthOf({ kind: "users", stages })).toBeCloseTo(durationMs, 3);
          expect(Math.max(...stages.map((stage) => stage.users))).toBeLessThanOrEqual(count);
          expect(Math.min(...stages.map((stage) => stage.users))).toBeGreaterThan(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("drives the classes that are asked for", () => {
    const names = (classes?: string[]) =>
      plan(host + users, classes === undefined ? {} : { classes }).loads[0]?.classes.map(({ name }) => name);
    expect(names()).toEqual(["Buyer", "Clerk"]);
    expect(names([])).toEqual(["Buyer", "Clerk"]);
    expect(names(["Clerk"])).toEqual(["Clerk"]);
  });

  it.each([
    ["profiles: { light: { users: 5 } }\n", { profile: "lihgt" }, 'has this name "lihgt"', "did you mean light?"],
    ["", { profile: "light" }, 'has this name "light"', "the scenario has none"],
    ["", { classes: ["Buyr", "Clerk"] }, 'has this name "Buyr"', "did you mean Buyer?"],
    ["profiles: { a: { users: 5 }, b: { users: 5 } }\n", {}, "several profiles", "expected one of a, b"],
    ["", { host: "localhost:9" }, "no URL", "did you mean http://localhost:9?"],
    ["", { host: "http://u:pw@localhost" }, "must come from the environment", "write ${"],
  ])("%j with %j is a problem of the command line", (profiles, options, headline, help) => {
    const text = said(host + users + profiles, options);
    expect(text).toContain(headline);
    expect(text).toContain(help);
    expect(text).not.toMatch(/shop\.yaml:\d/);
  });

  it("needs a host for relative URLs: each is shown where it stands", () => {
    expect(said(users)).toMatch(/^shop\.yaml:1:41: .*no host\n.*\n.*\n.*--host/);
    expect(said(users)).toContain("shop.yaml:1:96: ");
    const below = plan(users, { host: "http://localhost:1/base/" });
    expect(below.loads[0]?.classes[0]?.tasks[0]?.steps[0]).toMatchObject({ url: "http://localhost:1/base/shop" });
    expect(plan("users: { A: { tasks: { T: { get: 'http://localhost:5/x' } } } }\n").target).toBe("localhost:5");
  });

  it("replaces thresholds of the same subject by the profile's, and keeps the others", () => {
    const text = `${host}${users}
thresholds: [p95(latency) < 1s, ratio(errors) < 1%, 'p95(latency{task="Look"}) < 1s', "ratio(good, 1s) > 99%"]
profiles:
  p: { users: 1, thresholds: [ratio(errors) < 5%, p95(latency) < 2s, p99(latency) < 3s, "ratio(good, 2s) > 99%"] }
`;
    expect(plan(text).thresholds.map(({ expression }) => expression)).toEqual([
      'p95(latency{task="Look"}) < 1s',
      "ratio(good, 1s) > 99%",
      "ratio(errors) < 5%",
      "p95(latency) < 2s",
      "p99(latency) < 3s",
      "ratio(good, 2s) > 99%",
    ]);
  });

  it("makes every latency of a threshold a bound, once and in order", () => {
    const text = `${host}${users}thresholds: [p95(latency) target < 333ms critical < 1s, "ratio(good, 42ms) > 99%", rate(requests) > 7/s]\n`;
    const { bounds } = plan(text);
    expect(bounds).toEqual([...new Set(bounds)].toSorted((a, b) => a - b));
    expect(bounds).toEqual(expect.arrayContaining([0.001, 0.042, 0.333, 1, 60]));
    expect(bounds).not.toContain(7);
  });

  it.each([
    ["10m", 1000, 800],
    ["11m", 5000, 4000],
    ["1h", 5000, 4000],
    ["2h", 15_000, 5000],
  ])("looks at sources in a run of %s every %i ms", (duration, everyMs, timeoutMs) => {
    const text = `${host}${users}profiles: { p: { users: 1, duration: ${duration} } }
watch:
  app: { prometheus: /metrics }
  own: { prometheus: "http://localhost:1/metrics", every: 2s }
  slow: { prometheus: /slow, every: 10s, timeout: 9s }
`;
    expect(plan(text).sources).toMatchObject([
      { name: "app", url: "http://localhost:8000/metrics", everyMs, timeoutMs },
      { name: "own", url: "http://localhost:1/metrics", everyMs: 2000, timeoutMs: 1600 },
      { name: "slow", everyMs: 10_000, timeoutMs: 9000 },
    ]);
  });

  it("reads metrics with their labels and types", () => {
    const text = `${host}${users}
watch:
  pool:
    json: /pool
    metrics: { 'db_pool_connections{state="in_use", pool="a\\"b"}': $.a, db_pool_timeouts_total: $.b, own_total: $.c, own: $.d }
`;
    const [source] = plan(text).sources;
    expect(source !== undefined && "metrics" in source && source.metrics).toEqual([
      { metric: "db_pool_connections", labels: { state: "in_use", pool: 'a"b' }, type: "gauge", from: "$.a" },
      { metric: "db_pool_timeouts_total", labels: {}, type: "counter", from: "$.b" },
      { metric: "own_total", labels: {}, type: "counter", from: "$.c" },
      { metric: "own", labels: {}, type: "gauge", from: "$.d" },
    ]);
  });

  describe("of watching alone", () => {
    const text = `${host}${users}
watch: { box: { host: true } }
thresholds:
  - p95(latency) < 1s
  - max(load1) < 9
profiles:
  one: { users: 5, warmUp: 1s, duration: 1m, thresholds: [max(threads) < 900] }
  two: { users: 6 }
`;

    it("has no load, and the thresholds on the target alone", () => {
      const { loads, watchMs, thresholds, profile, warmUpMs } = plan(text, { watchOnly: true, durationMs: 5000 });
      expect({ loads, watchMs, profile, warmUpMs }).toEqual({
        loads: [],
        watchMs: 5000,
        profile: "watch",
        warmUpMs: 0,
      });
      expect(thresholds.map(({ expression }) => expression)).toEqual(["max(load1) < 9"]);
      const named = plan(text, { watchOnly: true, profile: "one" });
      expect(named.thresholds).toHaveLength(2);
      expect(named.watchMs).toBe(UNTIL_STOPPED_MS);
    });

    it("needs no users, and a load does", () => {
      const alone = "watch: { app: { prometheus: http://localhost:9000/metrics } }";
      expect(plan(alone, { watchOnly: true })).toMatchObject({ loads: [], target: "localhost:9000" });
      const codes = (text: string, options: Partial<PlanOptions> = {}) => {
        const read = readScenario("s.yaml", text, {});
        if ("problems" in read) throw new Error("not read");
        const made = makePlan(read.scenario, { seed: 1, suffix: "x", startedAt: 0, version: "0", ...options });
        return "problems" in made ? made.problems.map(({ code, path }) => `${code} ${path}`) : [];
      };
      expect(codes(alone)).toEqual(["missing-key users"]);
      expect(codes(`${host}${users}`, { watchOnly: true })).toEqual(["missing-key watch"]);
    });
  });
});
