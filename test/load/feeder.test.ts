import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromTheStart, type Resume } from "../../src/load/executor.ts";
import { Feeder } from "../../src/load/feeder.ts";
import { owns, userSequence } from "../../src/load/share.ts";
import { type FeedTable, packTable } from "../../src/scenario/feed-table.ts";
import type { Feed, UserClass } from "../../src/scenario/plan.ts";
import type { Scope } from "../../src/scenario/template.ts";

type Class = Pick<UserClass, "weight" | "feeds" | "fixedCount">;

interface Setting {
  rows: number;
  order: Feed["order"];
  each?: Feed["each"];
  loads: { classes: Class[]; users: number; model: "users" | "arrivals" }[];
}

function tableOf(rows: number): FeedTable {
  return packTable(
    "f",
    Array.from({ length: rows }, (_, n) => ({ n })),
  );
}

/** What a worker's feeders of each load give. */
function worker({ rows, order, each, loads }: Setting, resume: Resume = fromTheStart, reserve = (_: number) => {}) {
  let exhausted = 0;
  const feed: Feed = { name: "f", columns: ["n"], rows, order, ...(each === undefined ? {} : { each }) };
  const feeders = loads.map(({ classes, users, model }, load) => {
    const sequence = userSequence(classes);
    const feeder = new Feeder({
      feeds: [feed],
      tables: [tableOf(rows)],
      loads: loads as never,
      load,
      sequence,
      users,
      model,
      seed: 7,
      reserve,
      exhausted: { add: (n) => (exhausted += n) },
    });
    feeder.resume(resume);
    return { feeder, classOf: sequence.classOf };
  });
  const scopeOf = () => ({ variables: new Map<string, unknown>() }) as Scope;
  const rowIn = ({ variables }: Scope) => (variables.get("f") as { n: number } | undefined)?.n;
  return {
    exhausted: () => exhausted,
    /** A user of a load: each call is an iteration, and gives its row. */
    user(load: number, number: number): () => number | undefined {
      const { feeder, classOf } = feeders[load] as (typeof feeders)[number];
      const scope = scopeOf();
      const take = feeder.user(number, classOf(number), scope);
      return () => (take === undefined || !take() ? undefined : rowIn(scope));
    },
    arrive(load: number, n: number, scope = scopeOf()): number | undefined {
      const { feeder, classOf } = feeders[load] as (typeof feeders)[number];
      return feeder.arrive(n, classOf(n), scope) ? rowIn(scope) : undefined;
    },
    scopeOf,
  };
}

const aClass: fc.Arbitrary<Class> = fc.record(
  { weight: fc.integer({ min: 1, max: 5 }), feeds: fc.constant(["f"]), fixedCount: fc.integer({ min: 1, max: 4 }) },
  { requiredKeys: ["weight"] },
);
const classes = fc.array(aClass, { minLength: 1, maxLength: 4 });
const users = fc.integer({ min: 1, max: 25 });
const setting = fc.record(
  {
    rows: fc.integer({ min: 1, max: 200 }),
    order: fc.constantFrom<Feed["order"][]>("sequential", "random", "unique"),
    each: fc.constantFrom<("user" | "iteration")[]>("user", "iteration"),
    loads: fc.array(
      fc.record({ classes, users, model: fc.constantFrom<("users" | "arrivals")[]>("users", "arrivals") }),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ["rows", "order", "loads"] },
) as fc.Arbitrary<Setting>;

const TURNS = 4;

/** All rows that so many workers give, by who got them: `load user turn`. */
function given(of: Setting, workers: number): { rows: Map<string, number | undefined>; exhausted: number } {
  const rows = new Map<string, number | undefined>();
  let exhausted = 0;
  for (let index = 0; index < workers; index++) {
    const one = worker(of);
    for (const [load, { users, model }] of of.loads.entries()) {
      for (let n = 0; n < (model === "users" ? users : 3 * users); n++) {
        if (!owns({ index, of: workers }, n)) continue;
        if (model === "arrivals") rows.set(`${load} ${n}`, one.arrive(load, n));
        else {
          const next = one.user(load, n);
          for (let turn = 0; turn < TURNS; turn++) rows.set(`${load} ${n} ${turn}`, next());
        }
      }
    }
    exhausted += one.exhausted();
  }
  return { rows, exhausted };
}

describe("rows of a feed", () => {
  it("are the same for each user and arrival whatever the number of workers", () => {
    fc.assert(
      fc.property(setting, fc.integer({ min: 2, max: 5 }), (of, workers) => {
        expect(given(of, workers)).toEqual(given(of, 1));
      }),
    );
  });

  it("that are unique come once: to one user for its life, or to one iteration", () => {
    fc.assert(
      fc.property(setting, fc.integer({ min: 1, max: 4 }), (of, workers) => {
        const { rows } = given({ ...of, order: "unique" }, workers);
        const takers = [...rows].filter(([, row]) => row !== undefined);
        // A user that keeps its row has the same one each turn.
        const who = (taker: string) => (of.each === "iteration" ? taker : taker.split(" ").slice(0, 2).join(" "));
        const owners = new Map<number, string>();
        for (const [taker, row] of takers) {
          const before = owners.get(row ?? 0) ?? who(taker);
          expect(who(taker)).toBe(before);
          owners.set(row ?? 0, before);
        }
      }),
    );
  });

  it("in order come from the first on, and the first again after the last", () => {
    const loads = [{ classes: [{ weight: 1, feeds: ["f"] }, { weight: 2 }], users: 30, model: "users" as const }];
    const { rows } = given({ rows: 4, order: "sequential", loads }, 3);
    const first = Array.from({ length: 30 }, (_, n) => rows.get(`0 ${n} 0`)).filter((row) => row !== undefined);
    // Users of the other class take none.
    expect(first).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
  });

  it("that users take each iteration are all taken, by as many as there are", () => {
    const loads = [{ classes: [{ weight: 1, feeds: ["f"] }], users: 5, model: "users" as const }];
    for (const order of ["sequential", "unique"] as const) {
      const { rows } = given({ rows: 20, order, each: "iteration", loads }, 2);
      expect([...rows.values()].toSorted((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
      expect(rows.get("0 2 0")).toBe(2);
      expect(rows.get("0 2 1")).toBe(7);
    }
  });

  it("at random are spread evenly, another way for each feed and seed", () => {
    const loads = [{ classes: [{ weight: 1, feeds: ["f"] }], users: 10_000, model: "users" as const }];
    const one = worker({ rows: 10, order: "random", loads });
    const counts = Array.from({ length: 10 }, () => 0);
    for (let user = 0; user < 10_000; user++) {
      const row = one.user(0, user)() ?? -1;
      counts[row] = (counts[row] ?? 0) + 1;
    }
    // Five standard deviations of the binomial distribution.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.1 * 0.9));
  });

  it("that are unique and at their end are not given again: who comes then does not start, and is counted", () => {
    const loads = [{ classes: [{ weight: 1, feeds: ["f"] }], users: 5, model: "users" as const }];
    const { rows, exhausted } = given({ rows: 3, order: "unique", loads }, 2);
    expect(Array.from({ length: 5 }, (_, n) => rows.get(`0 ${n} 0`))).toEqual([0, 1, 2, undefined, undefined]);
    expect(exhausted).toBe(2 + 2 * (TURNS - 1));
  });

  it("stay a user's when it is stopped and comes again, and go on where they were each iteration", () => {
    const loads = [{ classes: [{ weight: 1, feeds: ["f"] }], users: 2, model: "users" as const }];
    const kept = worker({ rows: 9, order: "unique", loads });
    expect([kept.user(0, 1)(), kept.user(0, 1)()]).toEqual([1, 1]);
    const each = worker({ rows: 9, order: "unique", each: "iteration", loads });
    expect([each.user(0, 1)(), each.user(0, 1)()]).toEqual([1, 3]);
  });

  it("are an arrival's, or with each: user those that a user of the pool got first", () => {
    const loads = [{ classes: [{ weight: 1, feeds: ["f"] }], users: 2, model: "arrivals" as const }];
    const each = worker({ rows: 9, order: "unique", loads });
    const scope = each.scopeOf();
    expect([each.arrive(0, 0, scope), each.arrive(0, 5, scope)]).toEqual([0, 5]);
    const kept = worker({ rows: 9, order: "unique", each: "user", loads });
    const other = kept.scopeOf();
    expect([kept.arrive(0, 3, other), kept.arrive(0, 5, other), kept.arrive(0, 6)]).toEqual([3, 3, 6]);
  });

  it("of a lost worker are never given again", () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(fc.nat(200), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (of, lives, workers) => {
          const unique: Setting = { ...of, rows: 2000, order: "unique" };
          const taken = new Set<number>();
          let generation = 0;
          let turns = 0;
          for (const steps of lives) {
            let reserved = turns;
            const one = worker(unique, { fromMs: 0, iterations: 0, generation, turns }, (up) => {
              reserved = Math.max(reserved, up);
            });
            const mine = new Set<number>();
            for (const [load, { users, model }] of unique.loads.entries()) {
              if (model === "arrivals") continue;
              const all = Array.from({ length: users }, (_, n) => n).filter((n) => owns({ index: 0, of: workers }, n));
              const next = all.map((n) => one.user(load, n));
              for (let step = 0; step < steps && next.length > 0; step++) {
                const row = next[(step * 7) % next.length]?.();
                if (row !== undefined) mine.add(row);
              }
            }
            for (const row of mine) expect(taken.has(row)).toBe(false);
            for (const row of mine) taken.add(row);
            generation++;
            turns = reserved;
          }
        },
      ),
    );
  });
});
