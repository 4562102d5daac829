import { describe, expect, it } from "vitest";
import { TargetStatistics } from "../../src/verdict/target-statistics.ts";
import { looks } from "./evidence.ts";

describe("TargetStatistics", () => {
  it("gives each series its figures, by source", () => {
    const statistics = new TargetStatistics();
    statistics.observe(looks([4, undefined, 8, 6], { source: "pool", metric: "db_pool_overflow" }));
    statistics.observe(looks([1, 2], { source: "app", labels: { queue: "mail" } }));
    statistics.observe(looks([3], { source: "rabbit", labels: { queue: "mail" } }));
    // What a source says of itself is no figure.
    statistics.observe(looks([1, 1], { source: "rabbit", metric: "info", labels: { version: "4.1.0" } }));
    expect(statistics.summary()).toEqual({
      'db_pool_overflow{source="pool"}': { source: "pool", min: 4, mean: 6, max: 8, first: 4, last: 6, gaps: 1 },
      'queue_depth{queue="mail",source="app"}': {
        source: "app",
        min: 1,
        mean: 1.5,
        max: 2,
        first: 1,
        last: 2,
        gaps: 0,
      },
      'queue_depth{queue="mail",source="rabbit"}': {
        source: "rabbit",
        min: 3,
        mean: 3,
        max: 3,
        first: 3,
        last: 3,
        gaps: 0,
      },
    });
  });

  it("counts a source's silence before a series was first seen", () => {
    const statistics = new TargetStatistics();
    statistics.observe(looks([undefined, undefined]));
    statistics.observe(looks([5]));
    expect(statistics.summary()['queue_depth{source="app"}']?.gaps).toBe(2);
  });

  it("takes no value that is none", () => {
    const statistics = new TargetStatistics();
    statistics.observe(looks([1, Number.NaN, Number.POSITIVE_INFINITY]));
    expect(statistics.summary()['queue_depth{source="app"}']).toMatchObject({ max: 1, last: 1 });
  });

  it("is the same whether observations come at once or one by one", () => {
    const all = looks([5, 1, undefined, 9], { metric: "http_requests_total", type: "counter" });
    const together = new TargetStatistics();
    together.observe(all);
    const apart = new TargetStatistics();
    for (const one of all) apart.observe([one]);
    expect(apart.summary()).toEqual(together.summary());
    expect(apart.matching("http_requests_total", {})[0]?.points().increase).toBe(9);
  });
});
