import { describe, expect, it } from "vitest";
import { nextOf, type Trial } from "../../src/search/search.ts";

const plan = { kind: "arrivals", from: 10, upTo: 2000, precision: 0.05, forMs: 10_000 } as const;

function trial(load: number, outcome: Trial["outcome"], more: Partial<Trial> = {}): Trial {
  return { load, outcome, latency: 0.05, utilization: {}, ...more };
}

describe("the next load", () => {
  it.each<{ what: string; trials: Trial[]; next: object }>([
    { what: "begins where it is told", trials: [], next: { kind: "try", load: 10 } },
    { what: "nearly doubles while nothing shows", trials: [trial(200, "held")], next: { kind: "try", load: 367.2 } },
    { what: "never rises past the most", trials: [trial(1500, "held")], next: { kind: "try", load: 2000 } },
    { what: "ends where the most held", trials: [trial(2000, "held")], next: { kind: "unbroken", low: 2000 } },
    {
      what: "rises less where latency has risen",
      trials: [trial(200, "held"), trial(300, "held", { latency: 0.075 })],
      next: { kind: "try", load: 450 },
    },
    {
      what: "goes a little past where a resource will be full",
      trials: [trial(100, "held", { utilization: { pool: 0.3 } }), trial(200, "held", { utilization: { pool: 0.6 } })],
      next: { kind: "try", load: 366.7 },
    },
    {
      what: "lets a resource alone that is full whatever the load",
      trials: [
        trial(100, "held", { utilization: { memory: 0.9 } }),
        trial(1000, "held", { utilization: { memory: 0.9 } }),
      ],
      next: { kind: "try", load: 1900 },
    },
    { what: "halves", trials: [trial(100, "held"), trial(190, "broken")], next: { kind: "try", load: 137.8 } },
    {
      what: "tries what broke once more",
      trials: [trial(190, "broken"), trial(185, "held")],
      next: { kind: "try", load: 190 },
    },
    {
      what: "goes on above it when it holds",
      trials: [trial(190, "broken"), trial(185, "held"), trial(190, "held")],
      next: { kind: "try", load: 209 },
    },
    {
      what: "is over when it breaks again",
      trials: [trial(190, "broken"), trial(185, "held"), trial(190, "broken")],
      next: { kind: "found", low: 185, high: 190 },
    },
    { what: "goes down from a first load that breaks", trials: [trial(10, "broken")], next: { kind: "try", load: 5 } },
    {
      what: "not for ever",
      trials: [10, 5, 2.5, 1.25, 0.625, 0.3125, 0.1563].map((load) => trial(load, "broken")),
      next: { kind: "below", high: 0.1563 },
    },
    {
      what: "tries again where the generator was too busy",
      trials: [trial(10, "held"), trial(20, "generator")],
      next: { kind: "try", load: 20 },
    },
    {
      what: "does not blame the target for a generator that stays so",
      trials: [trial(10, "held"), trial(20, "generator"), trial(20, "generator")],
      next: { kind: "generator", low: 10, at: 20 },
    },
  ])("$what", ({ trials, next }) => {
    expect(nextOf(plan, trials)).toEqual(next);
  });

  it("of users, comes whole, and is over where there is nobody between", () => {
    const users = { ...plan, kind: "users" } as const;
    expect(nextOf(users, [trial(4, "held"), trial(7, "broken")])).toEqual({ kind: "try", load: 5 });
    expect(nextOf(users, [trial(7, "broken"), trial(6, "held")])).toEqual({ kind: "try", load: 7 });
    expect(nextOf(users, [trial(7, "broken"), trial(6, "held"), trial(7, "broken")])).toMatchObject({ kind: "found" });
  });
});
