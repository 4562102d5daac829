import { describe, expect, it } from "vitest";
import { Judge } from "../../src/verdict/judge.ts";
import { bounds, counted, thresholds } from "./evidence.ts";
import { stages } from "./timeline.ts";

describe("a threshold of a tag", () => {
  const tasks = [
    { name: "List", tags: ["read", "fast"] },
    { name: "Find", tags: ["read"] },
    { name: "Order", tags: ["write"] },
  ];
  const [shape] = stages([1, 0, 60]);
  const loads = shape === undefined ? [] : [{ ...shape, classes: [{ name: "Boss", tags: ["boss"], tasks }] }];
  const run = counted(10, [
    { count: 100, ms: 100, task: "List" },
    { count: 50, ms: 200, task: "Find" },
    { count: 20, ms: 900, task: "Order", failure: "status" },
    { count: 5, ms: 5000, task: "start" },
  ]);

  it.each([
    ['count(requests{tag="read"}) > 1', 150],
    ['count(requests{tag="fast"}) > 1', 100],
    ['max(latency{tag="read"}) < 1s', 0.2],
    ['ratio(errors{tag="write"}) < 1%', 1],
    ['count(requests{tag="read", task="Find"}) > 1', 50],
    // Steps of `start:` have their class's tags.
    ['max(latency{tag="boss"}) < 1s', 5],
  ])("%s counts the tasks that have it", (text, value) => {
    const [state] = new Judge({ thresholds: thresholds(text), bounds, warmUpMs: 0, loads }).evaluate(run);
    expect(state?.value).toBeCloseTo(value, 6);
  });
});
