import { expect, it, onTestFinished } from "vitest";
import { type Clock, monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { MetricMapping } from "../../src/scenario/plan-source.ts";
import { failureOf } from "./conformance.ts";
import { type FakeRefusal, type FakeTable, speakPostgres } from "./fake-postgres.ts";
import { looking } from "./looking.ts";
import { socketServer } from "./socket-server.ts";

const statistics: FakeTable = {
  columns: ["metric", "db", "label", "value"],
  rows: [
    ["db_connections", "shop", "active", "3"],
    ["db_connections", "shop", "idle in transaction", "1"],
    ["db_connections_max", null, null, "97"],
    ["db_locks_waiting", "shop", null, "2"],
    ["db_locks", "shop", "RowExclusiveLock", "5"],
    ["db_transactions_total", "shop", "commit", "100"],
    ["db_blocks_total", "shop", "hit", "900"],
    ["db_replication_lag_seconds", null, null, null],
  ],
};

/** Looks at a PostgreSQL that answers the scenario's own queries as told. */
async function watch(
  own: Record<string, FakeTable | FakeRefusal>,
  first: FakeTable | FakeRefusal = statistics,
  { clock, onSize = () => {} }: { clock?: Clock; onSize?: () => void } = {},
) {
  const server = await socketServer((socket) => {
    speakPostgres(socket, (query) => {
      if (query.includes("pg_stat_activity")) return first;
      if (query.includes("pg_database_size")) {
        onSize();
        return { columns: ["name", "size"], rows: [["shop", "4096"]] };
      }
      return own[query] ?? { code: "42601", message: "syntax error" };
    });
  });
  onTestFinished(() => server.stop());
  const metrics = Object.keys(own).map((from, i): MetricMapping => {
    return { metric: `own_${i}`, labels: {}, type: "gauge", from };
  });
  const url = `postgres://u@127.0.0.1:${server.port}/shop`;
  return looking({ kind: "postgres", name: "db", everyMs: 1000, timeoutMs: 2000, url, metrics }, clock);
}

it("gives what PostgreSQL says of itself", async () => {
  const { look } = await watch({});
  expect(await look()).toEqual({
    'db_connections{db="shop",state="active"}': 3,
    'db_connections{db="shop",state="idle in transaction"}': 1,
    db_connections_max: 97,
    'db_locks_waiting{db="shop"}': 2,
    'db_locks{db="shop",mode="RowExclusiveLock"}': 5,
    'db_transactions_total{db="shop",outcome="commit"}': 100,
    'db_blocks_total{db="shop",result="hit"}': 900,
    'db_size_bytes{db="shop"}': 4096,
  });
});

it.each([
  ["three times in a row", [300, 300, 10, 300, 300, 300, 10], 6],
  ["so long that the look is in danger", [1500, 10], 1],
])("asks no more for a size that takes long %s", async (_when, took, asked) => {
  const system = new SystemClock(monotonicMs());
  let passed = 0;
  let sizes = 0;
  const clock: Clock = { now: () => system.now() + passed, at: (time, fn) => system.at(time - passed, fn) };
  const onSize = () => {
    passed += took[sizes++] ?? 0;
  };
  const { look, told } = await watch({}, statistics, { clock, onSize });
  for (const _ of took) await look();
  expect(sizes).toBe(asked);
  expect(told()).toEqual([expect.stringContaining("the database's size took")]);
});

it("asks the scenario's queries: one value, or rows of labels with a value at their end", async () => {
  const { look, told } = await watch({
    "select count(*) from jobs": { columns: ["count"], rows: [["7"]] },
    "select state, count(*) from jobs group by 1": {
      columns: ["state", "count"],
      rows: [
        ["waiting", "5"],
        ["done", "2"],
      ],
    },
    "select max(age) from jobs where false": { columns: ["max"], rows: [[null]] },
    "select name from jobs": { columns: ["name"], rows: [["mail"]] },
    "select nope": { code: "42703", message: 'column "nope" does not exist' },
  });
  await look();
  expect(await look()).toMatchObject({ own_0: 7, 'own_1{state="waiting"}': 5, 'own_1{state="done"}': 2 });
  expect(Object.keys(await look()).filter((series) => /^own_[234]/.test(series))).toEqual([]);
  expect(told()).toEqual([
    'source "db": own_3 has no value: the last column of select name from jobs is no number',
    'source "db": own_4 has no value: column "nope" does not exist',
  ]);
});

it("keeps 200 rows of a query", async () => {
  const rows = Array.from({ length: 250 }, (_, i) => [`job ${i}`, "1"]);
  const { look, told } = await watch({ "select name, 1 from jobs": { columns: ["name", "value"], rows } });
  expect(Object.keys(await look()).filter((series) => series.startsWith("own_0"))).toHaveLength(200);
  expect(told()).toEqual([expect.stringContaining("250 rows give own_0: the first 200 are kept")]);
});

it.each([
  ["28P01", "auth"],
  ["42501", "auth"],
  ["3D000", "missing"],
  ["53300", "refused"],
  ["57P03", "refused"],
  ["57014", "timeout"],
])("says why it was refused: %s", async (code, reason) => {
  const { collector } = await watch({}, { code, message: "no" });
  expect(await failureOf(collector)).toMatchObject({ reason, message: expect.not.stringContaining("unexpectedly") });
});
