import { describe, expect, it } from "vitest";
import { makePlan, type PlanOptions } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { describeProblems } from "../../src/scenario/problem.ts";

const shop = `
host: http://localhost:8000
users:
  Buyer:
    tags: [shop]
    tasks:
      Look: { get: /look, tags: [read] }
      Order: { post: /orders, tags: [write, slow] }
  Clerk:
    weight: 2
    tasks:
      Sort: { get: /sort, tags: [slow] }
      Clean: { delete: /old }
`;

function made(text: string, options: Partial<PlanOptions>) {
  const read = readScenario("shop.yaml", text, {});
  if ("problems" in read) throw new Error(describeProblems("shop.yaml", text, read.problems));
  return makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", ...options });
}

function tasks(options: Partial<PlanOptions>): string {
  const plan = made(shop, options);
  if ("problems" in plan) throw new Error(JSON.stringify(plan.problems));
  const classes = plan.plan.loads.flatMap((load) => load.classes);
  return classes.map(({ name, tasks }) => `${name}: ${tasks.map((task) => task.name).join(", ")}`).join("; ");
}

function said(text: string, options: Partial<PlanOptions>): string {
  const plan = made(text, options);
  return "problems" in plan ? describeProblems("shop.yaml", text, plan.problems) : "a plan";
}

describe("tags", () => {
  it.each<[string, Partial<PlanOptions>, string]>([
    ["none", {}, "Buyer: Look, Order; Clerk: Sort, Clean"],
    ["one", { tags: ["read"] }, "Buyer: Look"],
    ["any of several", { tags: ["read", "slow"] }, "Buyer: Look, Order; Clerk: Sort"],
    ["a class's", { tags: ["shop"] }, "Buyer: Look, Order"],
    ["all but", { excludeTags: ["slow"] }, "Buyer: Look; Clerk: Clean"],
    ["some of them but", { tags: ["shop"], excludeTags: ["write"] }, "Buyer: Look"],
    ["with classes", { tags: ["slow"], classes: ["Clerk"] }, "Clerk: Sort"],
  ])("choose tasks: %s", (_, options, expected) => {
    expect(tasks(options)).toBe(expected);
  });

  it("that choose nothing are a mistake that says so", () => {
    expect(said(shop, { tags: ["read"], classes: ["Clerk"] })).toBe(
      "shop.yaml: the tags choose no task\n  expected a task tagged read\n  got none in Clerk",
    );
    expect(said(shop, { tags: ["read"], excludeTags: ["shop"] })).toContain("tagged read and not shop");
  });

  it("that no task has are a mistake, also those to leave out", () => {
    expect(said(shop, { tags: ["reed"] })).toContain("did you mean read?");
    expect(said(shop, { excludeTags: ["wrote"] })).toContain('no task has this tag "wrote"');
  });
});

describe("fixedCount", () => {
  const admin = "host: http://h\nusers: { Admin: { fixedCount: 2, tasks: { T: { get: / } } }, ";
  const guest = "Guest: { tasks: { T: { get: / } } } }\n";

  it("is in the plan", () => {
    const plan = made(admin + guest, { users: 5 });
    expect("plan" in plan && plan.plan.loads[0]?.classes[0]?.fixedCount).toBe(2);
  });

  it("must fit the load", () => {
    expect(said(admin + guest, { users: 1, classes: ["Admin"] })).toBe("a plan");
    expect(said(admin + guest, { users: 3, classes: ["Admin"] })).toContain(
      'users of a fixed number do not fit this load "Admin"\n  expected at most 2 users, as many as these are\n  got 3 in default',
    );
    const arrivals = "profiles: { open: { arrivals: 5/s, duration: 1s } }\n";
    expect(said(admin + guest + arrivals, {})).toContain("expected a load of users\n  got open, of arrivals");
  });
});

describe("thresholds", () => {
  const judged = `${shop}
profiles:
  all: { users: 3, duration: 1m }
  clerks: { users: 2, duration: 1m, classes: [Clerk] }
thresholds:
  - ratio(errors) < 1%
  - max(latency{task="Look"}) < 1s
  - max(latency{task="Sort"}) < 1s
  - max(latency{user="Clerk", outcome="success"}) < 1s
  - max(latency{tag="slow"}) < 1s
  - max(latency{tag="write"}) < 1s
  - max(latency{user="Buyer", task="Clean"}) < 1s
  - max(cpu_utilization_ratio) < 1
`;

  it.each<[string, Partial<PlanOptions>, string[]]>([
    ["all", { profile: "all" }, ["Look", "Sort", "Clerk", "slow", "write", "Clean"]],
    ["those of a class", { profile: "all", classes: ["Buyer"] }, ["Look", "slow", "write", "Clean"]],
    ["those of a profile's classes", { profile: "clerks" }, ["Sort", "Clerk", "slow", "Clean"]],
    ["those of tags", { profile: "all", tags: ["read"] }, ["Look", "Clean"]],
  ])("are judged that the run can say something about, and those that name what there is not: %s", (_, options, names) => {
    const plan = made(judged, options);
    if ("problems" in plan) throw new Error(JSON.stringify(plan.problems));
    const labels = plan.plan.thresholds.map(({ filters }) => filters["task"] ?? filters["user"] ?? filters["tag"]);
    expect(labels.filter((label) => label !== undefined)).toEqual(names);
    expect(plan.plan.thresholds.length).toBe(names.length + 2);
  });
});
