import { afterEach, describe, expect, it } from "vitest";
import type { JsonSource } from "../../src/scenario/plan-source.ts";
import { createCollector } from "../../src/target/collector.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { failureOf, testDeps } from "./conformance.ts";
import { type TargetServer, targetServer } from "./target-server.ts";

/** A body to serve, and `metric: from` pairs. */
function source(url: string, metrics: Record<string, string>): JsonSource {
  return {
    kind: "json",
    name: "pool",
    everyMs: 1000,
    timeoutMs: 800,
    url,
    headers: [],
    metrics: Object.entries(metrics).map(([metric, from]) => ({ metric, labels: {}, type: "gauge" as const, from })),
  };
}

let server: TargetServer | undefined;
afterEach(() => server?.stop());

async function collectorOver(document: unknown, metrics: Record<string, string>) {
  server = await targetServer((_, response) => response.end(JSON.stringify(document)));
  const { deps, events } = testDeps();
  return { collector: createCollector(source(server.url, metrics), deps), events };
}

const signal = new AbortController().signal;

const document = {
  size: 20,
  max_overflow: 10,
  overflow: -5,
  hit_rate: 87.5,
  hits: "1200",
  open: true,
  shut: false,
  idle_since: null,
  version: "v2 (beta)",
  list: [4, 5],
  nested: { "odd-name": { a: 7 } },
  zero: 0,
};

describe("a JSON source's mappings", () => {
  it.each([
    ["$.size", 20],
    ["$.size + $.max_overflow", 30],
    ["$.hit_rate / 100", 0.875],
    ["($.size + $.max_overflow) * 2", 60],
    ["100 - $.hit_rate", 12.5],
    ["$.hits", 1200],
    ["$.open", 1],
    ["$.shut", 0],
    ["$.overflow", -5],
    ["$.list[1] - $.list[0]", 1],
    ["$.nested['odd-name'].a", 7],
    ["$..a * 2", 14],
    ["$.nested.*.a", 7],
    ["$.list[?@ > 4]", 5],
    ["20", 20],
  ])("%s is %d", async (from, value) => {
    const { collector, events } = await collectorOver(document, { db_pool_connections_max: from });
    expect(await collector.collect(signal)).toMatchObject([{ metric: "db_pool_connections_max", value }]);
    expect(events).toEqual([]);
    await collector.close();
  });

  it.each([
    ["$.no_such", "missing", "finds nothing"],
    ["$.idle_since", "missing", "is null"],
    ["$.hits / $.zero", "missing", "no finite number"],
    ["$.version", "parse", 'expected a number, got "v2 (beta)"'],
    ["$.nested", "parse", "got an object"],
    ["$.list", "parse", "got an array of 2"],
    ["$.list[*]", "parse", "finds 2 values"],
    ["$.size + $.version", "parse", "$.version"],
  ])("%s is a gap, said once, and the others go on", async (from, reason, message) => {
    const { collector, events } = await collectorOver(document, { queue_depth: from, db_pool_overflow: "$.overflow" });
    for (let look = 0; look < 3; look++) {
      expect(await collector.collect(signal)).toMatchObject([{ metric: "db_pool_overflow", value: -5 }]);
    }
    expect(events).toEqual([
      {
        at: expect.any(Number),
        kind: "source",
        message: expect.stringMatching(/^source "pool": queue_depth has no value: /),
      },
    ]);
    expect(events[0]?.message).toContain(message);
    await collector.close();
    const alone = await collectorOver(document, { queue_depth: from });
    expect(await failureOf(alone.collector)).toMatchObject({ reason, message: expect.stringContaining(message) });
    await alone.collector.close();
  });

  it("touches no prototype", async () => {
    const { collector } = await collectorOver(
      {},
      { queue_depth: "$.__proto__.length", open_fds: "$.constructor.length" },
    );
    expect(await failureOf(collector)).toMatchObject({ reason: "missing" });
    await collector.close();
  });

  it("reads past a byte order mark", async () => {
    server = await targetServer((_, response) => response.end('\uFEFF{"a":1}'));
    const collector = createCollector(source(server.url, { queue_depth: "$.a" }), testDeps().deps);
    expect(await collector.collect(signal)).toMatchObject([{ value: 1 }]);
    await collector.close();
  });

  it("has its mistakes told before the run", () => {
    const mistakes = { a: "$.size +", b: "size", c: "$.size) + 1", d: "$.list[", e: "$.size & 1", f: "2 * $.list[?" };
    expect(
      mappingProblems("json", source("http://127.0.0.1/", mistakes).metrics).map(({ from, offset }) => [from, offset]),
    ).toEqual([
      ["$.size +", 8],
      ["size", 0],
      ["$.size) + 1", 6],
      ["$.list[", expect.any(Number)],
      ["$.size & 1", 7],
      ["2 * $.list[?", expect.any(Number)],
    ]);
    expect(mappingProblems("json", source("http://127.0.0.1/", { a: "$.size" }).metrics)).toEqual([]);
    expect(() => createCollector(source("http://127.0.0.1/", mistakes), testDeps().deps)).toThrow("$.size +");
  });
});
