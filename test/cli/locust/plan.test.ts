import { describe, expect, it } from "vitest";
import { choicesOf } from "../../../src/cli/choices.ts";
import type { Io } from "../../../src/cli/io.ts";
import { followKeys } from "../../../src/cli/keys.ts";
import { LocustArguments } from "../../../src/cli/locust/arguments.ts";
import { locustExitCode } from "../../../src/cli/locust/exit.ts";
import { classCounts, planFor, spawnedAt } from "../../../src/cli/locust/plan.ts";
import { settingsOf } from "../../../src/cli/locust/settings.ts";
import { outputName } from "../../../src/cli/output-file.ts";
import { printTaskRatio } from "../../../src/cli/task-ratio.ts";
import type { Outcome } from "../../../src/run.ts";
import type { Summary } from "../../../src/runs/summary.ts";
import { readScenario } from "../../../src/scenario/parse.ts";
import { mappingProblems } from "../../../src/target/mapping-problems.ts";
import type { Verdict } from "../../../src/verdict/verdict.ts";

const text = `
name: shop
host: http://localhost:8000
users:
  Buyer:
    weight: 3
    tasks:
      Browse: { weight: 5, tags: [read], get: /products }
      Order: { tags: [write], post: /orders }
  Admin:
    tasks:
      Look: { get: /admin }
profiles:
  light: { users: 20, spawnRate: 10/s, duration: 1m }
  spike: { stages: [{ users: 5, for: 10s }, { users: 50, over: 5s, for: 10s }] }
thresholds: [ratio(errors) < 1%]
`;

const scenario = (() => {
  const read = readScenario("shop.yaml", text, {}, mappingProblems);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return { kind: "opened" as const, path: "shop.yaml", text, scenario: read.scenario };
})();

const io: Io = {
  argv: [],
  environment: {},
  stdout: { write: () => undefined },
  stderr: { write: () => undefined },
  onSignal: () => () => undefined,
  wallClock: () => Date.UTC(2026, 10, 21),
};

function settings(...argv: string[]) {
  const given = new LocustArguments(argv, { environment: {}, configFiles: [] });
  const made = settingsOf(given);
  expect(given.problems).toEqual([]);
  return made;
}

const plan = (...argv: string[]) => planFor(io, scenario, settings(...argv), {}).plan;

describe("a plan", () => {
  it("is of the command line's numbers, whatever profiles there are", () => {
    const { loads, profile, thresholds } = plan("-u", "10", "-r", "5", "-t", "1m", "-s", "2");
    expect(profile).toBe("default");
    expect(loads[0]?.load).toEqual({ kind: "users", stages: [{ users: 10, overMs: 2000, forMs: 58_000 }] });
    expect(thresholds).toHaveLength(1);
    expect(plan("-u", "10", "-s", "2").stopTimeoutMs).toBe(2000);
  });

  it("is of a profile that is named, with the numbers that are given", () => {
    expect(plan("--profile", "light", "-u", "40").loads[0]?.load).toEqual({
      kind: "users",
      stages: [{ users: 40, overMs: 4000, forMs: 56_000 }],
    });
  });

  it.each([
    [["--headless"], /name one/],
    [["--profile", "lihgt"], /light/],
    [["--profile", "spike", "-u", "5"], /does not take this option/],
    [["-u", "5", "Byer"], /Buyer/],
    [["-u", "5", "--tags", "raed"], /read/],
    [["-u", "5", "--config-users", '{"user_class_name": "Byer"}'], /Buyer/],
    [["-u", "5", "--config-users", '{"user_class_name": "Buyer", "tasks": ["Brwose"]}'], /Browse/],
    [["-u", "5", "--config-users", '{"user_class_name": "Buyer", "host": "nowhere"}'], /host/],
  ])("%j is refused", (argv, problem) => {
    expect(() => plan(...argv)).toThrow(problem);
  });

  it("has classes as they were changed", () => {
    const changes = [
      { user_class_name: "Buyer", weight: 1, host: "http://other:1", tasks: ["Order"] },
      { user_class_name: "Admin", fixed_count: 2 },
    ];
    const [load] = plan("-u", "10", "--config-users", JSON.stringify(changes)).loads;
    expect(load?.classes).toMatchObject([
      { name: "Buyer", weight: 1, tasks: [{ name: "Order", steps: [{ url: "http://other:1/orders" }] }] },
      { name: "Admin", fixedCount: 2, tasks: [{ steps: [{ url: "http://localhost:8000/admin" }] }] },
    ]);
    const [equal] = plan("-u", "10", "--equal-weights").loads;
    expect(equal?.classes.flatMap(({ weight, tasks }) => [weight, ...tasks.map((task) => task.weight)])).toEqual([
      1, 1, 1, 1, 1,
    ]);
  });

  it("leaves out of thresholds what --reset-stats takes off the figures", () => {
    const reset = plan("-u", "10", "-r", "5", "-t", "1m", "--reset-stats");
    expect([reset.warmUpMs, spawnedAt(reset)]).toEqual([2000, 2000]);
    // It would never come: then nothing is reset.
    const short = plan("-u", "10", "-r", "1", "-t", "5s", "--reset-stats");
    expect([short.warmUpMs, spawnedAt(short)]).toEqual([0, undefined]);
  });

  it("says how many users are of which class, and how often each task runs", () => {
    const made = plan("-u", "8");
    const [load] = made.loads;
    expect(load && classCounts(load, 8)).toEqual({ Buyer: 6, Admin: 2 });
    expect(printTaskRatio(made).split("\n")).toEqual([
      "",
      " Task ratio per User class",
      "-".repeat(80),
      " 75.0       Buyer",
      "   83.3       Browse",
      "   16.7       Order",
      " 25.0       Admin",
      "   100.0      Look",
      "",
      " Total task ratio",
      "-".repeat(80),
      " 75.0       Buyer",
      "   62.5       Browse",
      "   12.5       Order",
      " 25.0       Admin",
      "   25.0       Look",
      "",
    ]);
  });
});

describe("the start form", () => {
  it("offers the scenario's profiles, and begins as the command line says", () => {
    expect(choicesOf(scenario.scenario, settings("--profile", "spike"))).toEqual({
      scenario: "shop",
      host: "http://localhost:8000",
      profiles: [
        { name: "light", users: 20, spawnRate: 10, arrivals: null, durationMs: 60_000 },
        { name: "spike", users: null, spawnRate: null, arrivals: null, durationMs: null },
      ],
      profile: "spike",
      classes: ["Buyer", "Admin"],
      tags: ["read", "write"],
    });
  });

  it("offers the command line's own numbers, which need no profile", () => {
    const given = settings("-u", "5", "-t", "30s", "-H", "http://x:1");
    const { host, profile, profiles } = choicesOf(scenario.scenario, given);
    expect([host, profile, profiles[0]]).toEqual([
      "http://x:1",
      "–",
      { name: "–", users: 5, spawnRate: null, arrivals: null, durationMs: 30_000 },
    ]);
    expect(planFor(io, scenario, given, { profile }).plan.loads[0]?.load).toMatchObject({ stages: [{ users: 5 }] });
  });
});

describe("a file's name", () => {
  it.each([
    [["-u", "100", "-r", "10", "-t", "50"], "report_100_10_50.html"],
    [["-u", "100", "-r", "0.5", "-t", "1h"], "report_100_0.5_3600.html"],
    [["--profile", "light"], "report_20_10_60.html"],
    [["-u", "3"], "report_3_1_{t}.html"],
    [["--profile", "spike"], "report_{u}_{r}_25.html"],
  ])("with %j is %s", (argv, name) => {
    expect(outputName("report_{u}_{r}_{t}.html", plan(...argv), settings(...argv))).toBe(name);
  });
});

describe("the exit code", () => {
  const outcome = (verdict: Verdict, changes: Partial<Summary> = {}) => {
    const summary = {
      generator: { trusted: true },
      thresholds: [],
      totals: { requests: 5 },
      ...changes,
    } as unknown as Summary;
    return { verdict, summary } satisfies Outcome;
  };
  const habits = { hasThresholds: false, onError: 1, stopIsTheEnd: false };
  const failed = outcome({ state: "failed", breaches: ["x"], warnings: [] });
  const stopped: Verdict = { state: "stopped", reasons: [], warnings: [] };
  const distrusted = { generator: { trusted: false } } as unknown as Partial<Summary>;

  it.each([
    ["passed", outcome({ state: "passed", warnings: [] }), {}, 0],
    ["a request failed", failed, {}, 1],
    ["a request failed, and another code was asked for", failed, { onError: 7 }, 7],
    ["a request failed, and nobody minds", failed, { onError: 0 }, 0],
    ["nobody minds, but the generator was too busy", outcome(failed.verdict, distrusted), { onError: 0 }, 98],
    ["a threshold failed", failed, { hasThresholds: true, onError: 0 }, 99],
    ["inconclusive", outcome({ state: "inconclusive", reasons: [], warnings: [] }), {}, 98],
    ["stopped before its end", outcome(stopped), {}, 105],
    ["stopped where there was no other end", outcome(stopped), { stopIsTheEnd: true }, 0],
    [
      "stopped there, but nothing was measured",
      outcome(stopped, { totals: { requests: 0 } } as never),
      { stopIsTheEnd: true },
      98,
    ],
  ])("%s", (_, ended, changes, code) => {
    expect(locustExitCode(ended, { ...habits, ...changes })).toBe(code);
  });
});

describe("keys", () => {
  it("add and take users, and open the page; others do nothing", () => {
    const happened: unknown[] = [];
    let press: (key: string) => void = () => undefined;
    const release = followKeys(
      {
        ...io,
        onKey: (fn) => {
          press = fn;
          return () => happened.push("released");
        },
      },
      { change: (by) => happened.push(by), openPage: () => happened.push("page") },
    );
    for (const key of ["w", "W", "s", "S", "\r", "\n", "x", " "]) press(key);
    release();
    expect(happened).toEqual([1, 10, -1, -10, "page", "page", "released"]);
  });

  it("do nothing where there is no keyboard", () => {
    expect(followKeys(io, { change: () => undefined, openPage: () => undefined })()).toBeUndefined();
  });
});
