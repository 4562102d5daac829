import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { loadsInWords, plannedMs } from "../../src/sinks/console-load.ts";

function plan(profile: string): Plan {
  const users = "users: { Buyer: { tasks: { T: { get: / } } }, Clerk: { tasks: { T: { get: / } } } }";
  const read = readScenario("s.yaml", `host: http://localhost\n${users}\nprofiles:\n  p: ${profile}\n`, {});
  const made = "scenario" in read && makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
  if (!made || !("plan" in made)) throw new Error(`not a good profile: ${profile}`);
  return made.plan;
}

describe("a load in words", () => {
  it.each([
    ["{ users: 1 }", "1 user within 1 s, until stopped"],
    ["{ users: 1000, spawnRate: 100/s, duration: 5m }", "1,000 users within 10 s, held for 4.83 min"],
    ["{ stages: [{ users: 200, from: 10, over: 10m }] }", "10 → 200 users within 10 min"],
    [
      "{ stages: [{ users: 10, for: 2m }, { users: 100, over: 5s, for: 1m }, { users: 0, over: 30s }] }",
      "10 users for 2 min; 100 users within 5 s, held for 60 s; 0 users within 30 s",
    ],
    [
      "{ stages: [{ users: 1, for: 1s }, { users: 2, for: 2s }, { users: 3, for: 1s }, { users: 5, for: 1s }, { users: 9, for: 1s }] }",
      "1 user for 1 s; 2 users for 2 s; 3 users for 1 s; 5 users for 1 s; 1 more stage",
    ],
    ["{ steps: { users: 10..100, by: 10, for: 2m } }", "10 → 100 users in 10 steps of 2 min"],
    ["{ steps: { users: 9..1, by: 4, for: 2m, over: 5s } }", "9 → 1 user in 3 steps of 2 min, each reached within 5 s"],
    ["{ arrivals: 500/s, duration: 5m, maxUsers: 2000 }", "500 arrivals/s for 5 min, at most 2,000 users"],
    [
      "{ arrivals: 80/min, duration: 10m, maxUsers: 1, spacing: poisson }",
      "80 arrivals/min for 10 min, at random (Poisson), at most 1 user",
    ],
    ["{ arrivals: 7/h }", "7 arrivals/h until stopped, at most 10 users"],
    ["{ arrivals: 90/min, duration: 2m }", "1.5 arrivals/s for 2 min, at most 15 users"],
    ["{ arrivals: 0.37/s, duration: 1m }", "0.37 arrivals/s for 60 s, at most 10 users"],
    [
      "{ stages: [{ arrivals: 100/s, from: 10/s, over: 3m, for: 2m }, { arrivals: 80/min, for: 2m }], maxUsers: 9 }",
      "600 → 6,000 arrivals/min within 3 min, held for 2 min; 80 arrivals/min for 2 min, at most 9 users",
    ],
    [
      "{ steps: { arrivals: 50/s..500/s, by: 50/s, for: 2m } }",
      "50 → 500 arrivals/s in 10 steps of 2 min, at most 5,000 users",
    ],
    ["{ users: 10, iterations: 1000 }", "1,000 iterations shared by 10 users, for at most 10 min"],
    ["{ users: 10, iterations: 20, per: user, duration: 5m }", "20 iterations by each of 10 users, for at most 5 min"],
    ["{ iterations: 1 }", "1 iteration by 1 user, for at most 10 min"],
    ["{ arrivals: 5/s, duration: 5m, startAt: 10s }", "after 10 s: 5 arrivals/s for 5 min, at most 50 users"],
  ])("%s", (profile, words) => {
    expect(loadsInWords(plan(profile))).toEqual([words]);
  });

  it("tells several apart by their classes", () => {
    const made = plan(
      "{ loads: [{ users: 10, spawnRate: 10/s, duration: 1m }, { classes: [Clerk], arrivals: 1/s, duration: 2m, startAt: 3m }] }",
    );
    expect(loadsInWords(made)).toEqual([
      "Buyer, Clerk: 10 users within 1 s, held for 59 s",
      "Clerk, after 3 min: 1 arrival/s for 2 min, at most 10 users",
    ]);
    expect(plannedMs(made)).toBe(300_000);
  });

  it("tells of the warm-up", () => {
    expect(loadsInWords(plan("{ iterations: 1, warmUp: 30s }"))).toEqual([
      "1 iteration by 1 user, for at most 10 min",
      "the first 30 s warm up, and count in no threshold",
    ]);
  });
});
