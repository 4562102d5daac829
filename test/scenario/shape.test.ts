import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { userChanges } from "../../src/load/stages.ts";
import { requestsOf } from "../../src/scenario/flow.ts";
import { makePlan, type PlanOptions } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { endOfLoads, type Load, lengthOf, type Plan, UNTIL_STOPPED_MS } from "../../src/scenario/plan.ts";
import { describeProblems } from "../../src/scenario/problem.ts";
import { arrivals } from "../load/arrival-times.ts";

const always = { seed: 1, suffix: "3f2a", startedAt: 0, version: "1.2.3", profile: "p" };
const users = "users: { Buyer: { tasks: { Look: { get: /a } } }, Clerk: { tasks: { Sort: { get: /b } } } }\n";

function make(profile: string, options: Partial<PlanOptions> = {}) {
  const text = `host: http://localhost:8000\n${users}profiles:\n  p: ${profile}\n`;
  const read = readScenario("shop.yaml", text, {});
  if ("problems" in read) throw new Error(describeProblems("shop.yaml", text, read.problems));
  const made = makePlan(read.scenario, { ...always, ...options });
  return "plan" in made ? made : { said: describeProblems("shop.yaml", text, made.problems) };
}

function plan(profile: string, options: Partial<PlanOptions> = {}): Plan {
  const made = make(profile, options);
  if ("said" in made) throw new Error(made.said);
  return made.plan;
}

function said(profile: string, options: Partial<PlanOptions> = {}): string {
  const made = make(profile, options);
  return "said" in made ? made.said : "a plan";
}

function load(profile: string, options: Partial<PlanOptions> = {}): Load {
  const [first, ...more] = plan(profile, options).loads;
  if (first === undefined || more.length > 0) throw new Error("expected one load");
  return first.load;
}

const at = (level: number, forMs: number, overMs = 0) => ({ users: level, overMs, forMs });
const rateAt = (perSecond: number, forMs: number, overMs = 0) => ({ perSecond, overMs, forMs });
const ofUsers = (...stages: ReturnType<typeof at>[]) => ({ kind: "users", stages });
const ofArrivals = (maxUsers: number, ...stages: ReturnType<typeof rateAt>[]) => {
  return { kind: "arrivals", stages, maxUsers, spacing: "constant" };
};

describe("a load", () => {
  it.each<[string, unknown]>([
    ["{ stages: [{ users: 200, from: 10, over: 10m }] }", ofUsers(at(10, 0), at(200, 0, 600_000))],
    [
      "{ stages: [{ users: 10, for: 2m }, { users: 100, over: 5s, for: 1m }] }",
      ofUsers(at(10, 120_000), at(100, 60_000, 5000)),
    ],
    ["{ stages: [{ users: 10, for: 1s }, { users: 0, over: 2s }] }", ofUsers(at(10, 1000), at(0, 0, 2000))],
    ["{ steps: { users: 10..30, by: 10, for: 1m } }", ofUsers(at(10, 60_000), at(20, 60_000), at(30, 60_000))],
    [
      "{ steps: { users: 9..1, by: 4, for: 1s, over: 2s } }",
      ofUsers(at(9, 1000, 2000), at(5, 1000, 2000), at(1, 1000, 2000)),
    ],
    ["{ steps: { users: 10..15, by: 4, for: 1s } }", ofUsers(at(10, 1000), at(14, 1000), at(15, 1000))],
    ["{ steps: { users: 10..10, by: 4, for: 1s } }", ofUsers(at(10, 1000))],
    ["{ arrivals: 500/s, duration: 5m, maxUsers: 2000 }", ofArrivals(2000, rateAt(500, 300_000))],
    ["{ arrivals: 90/min, duration: 10m }", ofArrivals(15, rateAt(1.5, 600_000))],
    ["{ arrivals: 36/h }", ofArrivals(10, rateAt(0.01, UNTIL_STOPPED_MS))],
    ["{ arrivals: 5000/s, duration: 1s }", ofArrivals(10_000, rateAt(5000, 1000))],
    ["{ arrivals: 5/s, duration: 1s, spacing: poisson }", { ...ofArrivals(50, rateAt(5, 1000)), spacing: "poisson" }],
    [
      "{ stages: [{ arrivals: 100/s, from: 10/s, over: 1m, for: 2m }, { arrivals: 0/s, over: 30s }] }",
      ofArrivals(1000, rateAt(10, 0), rateAt(100, 120_000, 60_000), rateAt(0, 0, 30_000)),
    ],
    [
      "{ steps: { arrivals: 50/s..150/s, by: 50/s, for: 1m }, maxUsers: 7 }",
      ofArrivals(7, rateAt(50, 60_000), rateAt(100, 60_000), rateAt(150, 60_000)),
    ],
    [
      "{ users: 10, iterations: 1000 }",
      { kind: "iterations", users: 10, iterations: 1000, per: "run", maxMs: 600_000 },
    ],
    [
      "{ iterations: 20, per: user, duration: 1m }",
      { kind: "iterations", users: 1, iterations: 20, per: "user", maxMs: 60_000 },
    ],
  ])("%s", (profile, expected) => {
    expect(load(profile)).toEqual(expected);
  });

  it("of steps climbs evenly to its end, whatever the unit", () => {
    const arrivalsIn = fc.record({
      from: fc.nat(500),
      by: fc.integer({ min: 1, max: 50 }),
      steps: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(arrivalsIn, fc.constantFrom("s", "min", "h"), ({ from, by, steps }, unit) => {
        const to = from + by * steps;
        const made = load(`{ steps: { arrivals: ${from}/${unit}..${to}/${unit}, by: ${by}/${unit}, for: 10s } }`);
        if (made.kind !== "arrivals") throw new Error("expected arrivals");
        const seconds = { s: 1, min: 60, h: 3600 }[unit] ?? 1;
        const perUnit = made.stages.map(({ perSecond }) => perSecond * seconds);
        expect(perUnit).toHaveLength(steps + 1);
        for (const [i, level] of perUnit.entries()) expect(level).toBeCloseTo(from + by * i, 6);
      }),
      { numRuns: 100 },
    );
  });

  it("makes as many arrivals as its rate says, by the minute too", () => {
    const made = load("{ arrivals: 80/min, duration: 10m }");
    if (made.kind !== "arrivals") throw new Error("expected arrivals");
    expect(arrivals(made.stages, made.spacing, 1)).toHaveLength(800);
  });
});

const stage = fc
  .record({ level: fc.nat(30), over: fc.nat(20), for: fc.nat(20) })
  .filter((one) => one.over + one.for > 0);
const stages = fc.array(stage, { minLength: 1, maxLength: 5 }).filter((list) => list.some(({ level }) => level > 0));

/** The YAML of stages; times in tenths of a second. */
function written(list: { level: number; over: number; for: number }[], level: (value: number) => string): string {
  const each = list.map((one) => {
    const times = [...(one.over > 0 ? [`over: ${one.over}00ms`] : []), ...(one.for > 0 ? [`for: ${one.for}00ms`] : [])];
    return `{ ${level(one.level)}, ${times.join(", ")} }`;
  });
  return `{ stages: [${each.join(", ")}] }`;
}

describe("stages", () => {
  it("last as long as they say together", () => {
    fc.assert(
      fc.property(stages, (list) => {
        const sum = list.reduce((ms, one) => ms + (one.over + one.for) * 100, 0);
        expect(lengthOf(load(written(list, (users) => `users: ${users}`)))).toBe(sum);
        expect(lengthOf(load(written(list, (rate) => `arrivals: ${rate}/s`)))).toBe(sum);
      }),
      { numRuns: 200 },
    );
  });

  it("of users are the same up to where a duration cuts them off, and then no more", () => {
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: 20_000 }), (list, durationMs) => {
        const profile = written(list, (users) => `users: ${users}`);
        const [whole, cut] = [load(profile), load(profile, { durationMs })];
        if (whole.kind !== "users" || cut.kind !== "users") throw new Error("expected users");
        const endMs = Math.min(durationMs, lengthOf(whole));
        expect(lengthOf(cut)).toBeCloseTo(endMs, 6);
        const isBefore = ({ at }: { at: number }) => at < endMs - 1e-6;
        const rounded = (one: { at: number }) => ({ ...one, at: Math.round(one.at * 1e6) });
        const changes = [...userChanges(cut.stages)].filter(isBefore).map(rounded);
        expect(changes).toEqual([...userChanges(whole.stages)].filter(isBefore).map(rounded));
      }),
      { numRuns: 300 },
    );
  });

  it("of arrivals are too", () => {
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: 20_000 }), (list, durationMs) => {
        const profile = written(list, (rate) => `arrivals: ${rate}/s`);
        const [whole, cut] = [load(profile), load(profile, { durationMs })];
        if (whole.kind !== "arrivals" || cut.kind !== "arrivals") throw new Error("expected arrivals");
        const endMs = Math.min(durationMs, lengthOf(whole));
        expect(lengthOf(cut)).toBeCloseTo(endMs, 6);
        const times = ({ stages, spacing }: typeof cut) =>
          arrivals(stages, spacing, 1).filter((time) => time < endMs - 1e-3);
        const [expected, got] = [times(whole), times(cut)];
        expect(got).toHaveLength(expected.length);
        for (const [n, time] of got.entries()) expect(time).toBeCloseTo(expected[n] as number, 3);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the options of a run", () => {
  it.each<[string, Partial<PlanOptions>, unknown]>([
    ["{ arrivals: 5/s, duration: 5m }", { durationMs: 1000 }, { stages: [rateAt(5, 1000)] }],
    ["{ arrivals: 5/s }", { durationMs: 1000 }, { stages: [rateAt(5, 1000)] }],
    ["{ arrivals: 5/s, duration: 5m, startAt: 10s }", { durationMs: 30_000 }, { stages: [rateAt(5, 20_000)] }],
    ["{ users: 10, iterations: 100 }", { users: 3, durationMs: 1000 }, { users: 3, iterations: 100, maxMs: 1000 }],
    ["{ stages: [{ users: 10, for: 1m }] }", { durationMs: 120_000 }, { stages: [at(10, 60_000)] }],
    ["{ users: 10, spawnRate: 1/s, duration: 1m }", { users: 4, spawnRate: 2 }, { stages: [at(4, 58_000, 2000)] }],
  ])("fit %s: %j", (profile, options, expected) => {
    expect(load(profile, options)).toMatchObject(expected as object);
  });

  it.each<[string, Partial<PlanOptions>, string]>([
    ["{ stages: [{ users: 10, for: 1m }] }", { users: 5 }, "p, which has stages"],
    ["{ steps: { arrivals: 1/s..9/s, by: 1/s, for: 1m } }", { users: 5 }, "p, which has stages"],
    ["{ arrivals: 10/s }", { users: 5 }, "p, which has arrivals"],
    ["{ arrivals: 10/s }", { spawnRate: 5 }, "p, which has arrivals"],
    ["{ iterations: 10 }", { spawnRate: 5 }, "p, which has iterations"],
    ["{ loads: [{ users: 1 }, { users: 2 }] }", { users: 5 }, "p, which has several loads"],
  ])("do not fit %s: %j", (profile, options, got) => {
    const text = said(profile, options);
    expect(text).toMatch(new RegExp(`^shop.yaml: .* option "${Object.keys(options)[0]}"\n`));
    expect(text).toContain(`got ${got}`);
  });
});

describe("several loads", () => {
  const mixed = `
    loads:
      - { classes: [Buyer], users: 50, spawnRate: 50/s, duration: 10m }
      - { classes: [Clerk], arrivals: 80/min, duration: 5m, startAt: 10m, host: "http://localhost:8001/base" }
      - { stages: [{ users: 5, for: 1m }], startAt: 30s }`;

  const shown = (made: Plan) =>
    made.loads.map(({ load, classes, startMs }) => ({
      kind: load.kind,
      startMs,
      urls: classes.map(({ tasks }) => requestsOf(tasks[0]?.steps ?? [])[0]?.url),
    }));

  it("have each their classes, host and start", () => {
    const made = plan(mixed);
    expect(shown(made)).toEqual([
      { kind: "users", startMs: 0, urls: ["http://localhost:8000/a"] },
      { kind: "arrivals", startMs: 600_000, urls: ["http://localhost:8001/base/b"] },
      { kind: "users", startMs: 30_000, urls: ["http://localhost:8000/a", "http://localhost:8000/b"] },
    ]);
    expect(endOfLoads(made.loads)).toBe(900_000);
    expect(made.target).toBe("localhost:8000");
  });

  it("keep their own hosts when another is given for the scenario's", () => {
    expect(shown(plan(mixed, { host: "http://localhost:9" })).map(({ urls }) => urls[0])).toEqual([
      "http://localhost:9/a",
      "http://localhost:8001/base/b",
      "http://localhost:9/a",
    ]);
  });

  it("drive those of their classes that are asked for; one with none is left out", () => {
    expect(shown(plan(mixed, { classes: ["Clerk"] })).map(({ urls }) => urls)).toEqual([
      ["http://localhost:8001/base/b"],
      ["http://localhost:8000/b"],
    ]);
    expect(said("{ users: 5, classes: [Buyer] }", { classes: ["Clerk"] })).toContain(
      "expected one of its user classes, Buyer",
    );
  });

  it("end together at the duration; one that would begin later is left out", () => {
    const made = plan(mixed, { durationMs: 45_000 });
    expect(made.loads.map(({ load, startMs }) => startMs + lengthOf(load))).toEqual([45_000, 45_000]);
    expect(said("{ users: 5, startAt: 1m }", { durationMs: 60_000 })).toContain("a duration of more than 60s");
  });

  it("are watched as often as the whole run asks for", () => {
    const text = `host: http://h\n${users}watch: { app: { prometheus: /m } }\nprofiles:\n  p:${mixed}\n`;
    const read = readScenario("shop.yaml", text, {});
    const made = "scenario" in read && makePlan(read.scenario, always);
    expect(made && "plan" in made && made.plan.sources[0]?.everyMs).toBe(5000);
  });

  it("say once that a class has no host", () => {
    const text = `${users}profiles: { p: { loads: [{ users: 1 }, { users: 2 }] } }\n`;
    const read = readScenario("shop.yaml", text, {});
    const made = "scenario" in read && makePlan(read.scenario, always);
    expect(made && "problems" in made && made.problems.map(({ code }) => code)).toEqual(["no-host", "no-host"]);
  });
});

describe("warm-up", () => {
  it("is kept in the plan, and is none by default", () => {
    expect(plan("{ users: 5, warmUp: 30s }").warmUpMs).toBe(30_000);
    expect(plan("{ users: 5 }").warmUpMs).toBe(0);
  });

  it("has to leave something of the run", () => {
    expect(said("{ users: 5, duration: 1m, warmUp: 1m }")).toMatch(
      /^shop\.yaml:4:40: .*\n.*\n.*\n {2}expected a time shorter/,
    );
    expect(said("{ users: 5, duration: 1h, warmUp: 1m }", { durationMs: 30_000 })).toContain("shop.yaml:4:40: ");
  });
});
