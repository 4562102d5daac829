import { describe, expect, it } from "vitest";
import { type Observation, seriesName } from "../../src/metrics/observation.ts";
import { Derivation } from "../../src/target/derive.ts";
import { readSeries } from "../../src/target/prometheus-text.ts";

type Values = Record<string, number>;

function observations(values: Values): Observation[] {
  return Object.entries(values).map(([series, value]) => {
    const read = readSeries(series, 0);
    if ("problem" in read) throw new Error(read.problem);
    const type = read.name.endsWith("_total") ? "counter" : "gauge";
    return { source: "app", metric: read.name, labels: read.labels, type, value, at: 10 };
  });
}

/** What each look in turn gains. */
function derived(...looks: Values[]): Values[] {
  const derivation = new Derivation();
  return looks.map((look) => {
    const all = derivation.derive(observations(look));
    const entries = all.map(({ metric, labels, value }) => [seriesName(metric, labels), value] as const);
    return Object.fromEntries(entries.filter(([series, value]) => look[series] !== value));
  });
}

describe("derived gauges of one look", () => {
  const cases: [name: string, given: Values, gained: Values][] = [
    [
      "a pool",
      { 'db_pool_connections{state="in_use"}': 9, 'db_pool_connections{state="idle"}': 1, db_pool_connections_max: 20 },
      { db_pool_utilization_ratio: 0.45 },
    ],
    [
      "two pools, each its own",
      {
        'db_pool_connections{pool="a",state="in_use"}': 5,
        'db_pool_connections{pool="b",state="in_use"}': 1,
        'db_pool_connections_max{pool="a"}': 5,
        'db_pool_connections_max{pool="b"}': 10,
      },
      { 'db_pool_utilization_ratio{pool="a"}': 1, 'db_pool_utilization_ratio{pool="b"}': 0.1 },
    ],
    ["a pool whose size is not told", { 'db_pool_connections{state="in_use"}': 9 }, {}],
    ["a pool of size 0", { 'db_pool_connections{state="in_use"}': 9, db_pool_connections_max: 0 }, {}],
    [
      "a pool of which only the idle are told",
      { 'db_pool_connections{state="idle"}': 9, db_pool_connections_max: 9 },
      {},
    ],
    [
      "a pool that tells it itself",
      { 'db_pool_connections{state="in_use"}': 9, db_pool_connections_max: 20, db_pool_utilization_ratio: 0.5 },
      {},
    ],
    [
      "connections of all databases and states",
      {
        'db_connections{db="a",state="active"}': 10,
        'db_connections{db="a",state="idle"}': 20,
        'db_connections{db="b",state="idle"}': 30,
        db_connections_max: 100,
      },
      { db_connections_utilization_ratio: 0.6 },
    ],
    [
      "memory by component",
      {
        'memory_used_bytes{component="host"}': 6e9,
        'memory_limit_bytes{component="host"}': 8e9,
        memory_used_bytes: 1e9,
      },
      { 'memory_utilization_ratio{component="host"}': 0.75 },
    ],
    [
      "a cache's memory",
      { cache_memory_used_bytes: 50, cache_memory_limit_bytes: 200 },
      { cache_memory_utilization_ratio: 0.25 },
    ],
    ["an overflow below 0", { db_pool_overflow: -5 }, { db_pool_overflow: 0 }],
    ["an overflow", { db_pool_overflow: 3 }, {}],
    ["lookups once", { 'cache_lookups_total{result="hit"}': 9, 'cache_lookups_total{result="miss"}': 1 }, {}],
  ];
  it.each(cases)("%s", (_, given, gained) => {
    expect(derived(given)).toEqual([gained]);
  });
});

describe("the cache's hit ratio of the interval", () => {
  const lookups = (hit: number, miss: number): Values => ({
    'cache_lookups_total{result="hit"}': hit,
    'cache_lookups_total{result="miss"}': miss,
  });
  const cases: [name: string, looks: Values[], ratios: (number | undefined)[]][] = [
    ["not the lifetime's", [lookups(1_000_000, 0), lookups(1_000_001, 3)], [undefined, 0.25]],
    ["of each interval", [lookups(0, 0), lookups(8, 2), lookups(8, 12), lookups(18, 12)], [undefined, 0.8, 0, 1]],
    ["none without lookups", [lookups(5, 5), lookups(5, 5), lookups(6, 5)], [undefined, undefined, 1]],
    ["after a restart from 0", [lookups(100, 100), lookups(3, 1)], [undefined, 0.75]],
    ["a restart that only hits show", [lookups(100, 10), lookups(30, 10), lookups(40, 10)], [undefined, 0.75, 1]],
    [
      "a look without them starts anew",
      [lookups(1, 1), {}, lookups(3, 1), lookups(4, 2)],
      [undefined, undefined, undefined, 0.5],
    ],
    [
      "not beside one that the source gives",
      [{ ...lookups(1, 1), cache_hit_ratio: 0.9 }, lookups(2, 2), { ...lookups(3, 3), cache_hit_ratio: 0.9 }],
      [undefined, undefined, undefined],
    ],
  ];
  it.each(cases)("%s", (_, looks, ratios) => {
    expect(derived(...looks).map((gained) => gained["cache_hit_ratio"])).toEqual(ratios);
  });

  it("keeps caches apart", () => {
    const of = (cache: string, hit: number, miss: number): Values => ({
      [`cache_lookups_total{cache="${cache}",result="hit"}`]: hit,
      [`cache_lookups_total{cache="${cache}",result="miss"}`]: miss,
    });
    expect(derived({ ...of("a", 0, 0), ...of("b", 0, 0) }, { ...of("a", 1, 1), ...of("b", 3, 1) })[1]).toEqual({
      'cache_hit_ratio{cache="a"}': 0.5,
      'cache_hit_ratio{cache="b"}': 0.75,
    });
  });
});
