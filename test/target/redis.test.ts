import { afterEach, describe, expect, it } from "vitest";
import { seriesName } from "../../src/metrics/observation.ts";
import type { RedisSource } from "../../src/scenario/plan-source.ts";
import { createCollector } from "../../src/target/collector.ts";
import { failureOf, testDeps } from "./conformance.ts";
import { type Answer, speakRedis } from "./fake-redis.ts";
import { socketServer } from "./socket-server.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const fields = {
  run_id: "a",
  uptime_in_seconds: "100",
  used_memory: "1000",
  maxmemory: "4000",
  mem_fragmentation_ratio: "1.25",
  redis_version: "7.4.1",
  connected_clients: "7",
  maxclients: "10000",
  blocked_clients: "2",
  total_commands_processed: "500",
  keyspace_hits: "80",
  keyspace_misses: "20",
  evicted_keys: "3",
  expired_keys: "4",
  rejected_connections: "5",
  role: "master",
  connected_slaves: "2",
  slave0: "ip=10.0.0.2,port=6379,state=online,offset=900,lag=0",
  slave1: "ip=10.0.0.3,port=6379,state=online,offset=950,lag=1",
  master_repl_offset: "1000",
  used_cpu_sys: "1.5",
  used_cpu_user: "2.5",
  db0: "keys=12,expires=1,avg_ttl=0",
  db3: "keys=1,expires=0,avg_ttl=0",
};

function info(changed: Record<string, string> = {}): string {
  return `# Server\r\n${Object.entries({ ...fields, ...changed })
    .map(([field, value]) => `${field}:${value}\r\n`)
    .join("")}`;
}

/** Looks at a Redis that answers as told; each look's values by series. */
async function watch(answer: (command: string[]) => Answer, detail: Partial<RedisSource> = {}) {
  const server = await socketServer((socket) => speakRedis(socket, answer));
  closing.push(() => server.stop());
  const { deps, events } = testDeps();
  const common = { name: "cache", everyMs: 1000, timeoutMs: 2000, metrics: [] };
  const url = `redis://127.0.0.1:${server.port}`;
  const collector = createCollector({ ...common, kind: "redis", url, queues: [], streams: [], ...detail }, deps);
  closing.push(() => collector.close());
  const look = async () => {
    const observations = await collector.collect(new AbortController().signal);
    return Object.fromEntries(observations.map(({ metric, labels, value }) => [seriesName(metric, labels), value]));
  };
  return { server, collector, events, look };
}

describe("a Redis source", () => {
  it("gives what INFO says, under the vocabulary's names", async () => {
    const { look } = await watch(() => info());
    expect(await look()).toEqual({
      'info{version="7.4.1"}': 1,
      cache_memory_used_bytes: 1000,
      cache_memory_limit_bytes: 4000,
      cache_memory_fragmentation_ratio: 1.25,
      cache_clients: 7,
      cache_clients_max: 10_000,
      cache_blocked_clients: 2,
      cache_commands_total: 500,
      'cache_lookups_total{result="hit"}': 80,
      'cache_lookups_total{result="miss"}': 20,
      cache_evictions_total: 3,
      cache_expirations_total: 4,
      cache_rejected_connections_total: 5,
      'cache_keys{db="0"}': 12,
      'cache_keys{db="3"}': 1,
      cache_replicas: 2,
      cache_replication_lag_bytes: 100,
      process_start_time_seconds: 1_699_999_900,
    });
  });

  it("knows no limit of memory where there is none", async () => {
    const { look } = await watch(() => info({ maxmemory: "0" }));
    expect(await look()).not.toHaveProperty("cache_memory_limit_bytes");
  });

  it("adds a queue's lists of priorities, and makes each group of a stream a queue", async () => {
    const lists: Record<string, number> = { celery: 3, "celery\x06\x163": 2, "celery\x06\x169": 1, mail: 5 };
    const answer = ([command = "", key = "", stream = ""]: string[]): Answer => {
      if (command === "LLEN") return lists[key] ?? 0;
      if (command === "HLEN") return 4;
      if (command !== "XINFO") return info();
      expect([key, stream]).toEqual(["GROUPS", "orders"]);
      return [
        ["name", "billing", "consumers", 2, "pending", 7, "last-delivered-id", "1-0", "entries-read", 3, "lag", 11],
        ["name", "mail", "consumers", 0, "pending", 0, "last-delivered-id", "0-0", "entries-read", null, "lag", null],
      ];
    };
    const { look, events } = await watch(answer, { queues: ["celery", "mail"], streams: ["orders"] });
    await look();
    expect(await look()).toMatchObject({
      'queue_depth{queue="celery"}': 6,
      'queue_depth{queue="mail"}': 5,
      queue_unacked: 4,
      'queue_depth{queue="orders/billing"}': 11,
      'queue_unacked{queue="orders/billing"}': 7,
      'queue_consumers{queue="orders/billing"}': 2,
      'queue_consumers{queue="orders/mail"}': 0,
    });
    expect(await look()).not.toHaveProperty('queue_depth{queue="orders/mail"}');
    expect(events.map(({ message }) => message)).toEqual([
      expect.stringContaining('"orders/mail" has no depth: Redis does not know'),
    ]);
  });

  it("says once which key is no list, and gives the rest", async () => {
    const wrong = new Error("WRONGTYPE Operation against a key holding the wrong kind of value");
    const answer = ([command, key]: string[]) => (command !== "LLEN" ? info() : key === "celery" ? wrong : 2);
    const { look, events } = await watch(answer, { queues: ["celery", "mail"] });
    for (let i = 0; i < 3; i++) {
      const values = await look();
      expect(values).toHaveProperty('queue_depth{queue="mail"}', 8);
      expect(values).not.toHaveProperty('queue_depth{queue="celery"}');
    }
    expect(events.map(({ message }) => message)).toEqual([expect.stringContaining("another type")]);
  });

  it("leaves out the look-ups that asking for queues makes, until Redis starts anew", async () => {
    let hits = 100;
    let server = "a";
    const answer = ([command]: string[]): Answer => {
      if (command === "LLEN") return ++hits;
      return command === "HLEN" ? 0 : info({ keyspace_hits: String(hits), run_id: server });
    };
    const { look } = await watch(answer, { queues: ["celery"] });
    const series = 'cache_lookups_total{result="hit"}';
    expect([(await look())[series], (await look())[series]]).toEqual([100, 100]);
    hits += 10;
    expect((await look())[series]).toBe(110);
    hits = 0;
    server = "b";
    expect([(await look())[series], (await look())[series]]).toEqual([0, 0]);
  });

  it("tells how much of a core was used since the last look, and a start that only a restart changes", async () => {
    let seconds = 10;
    let age = 50;
    let server = "a";
    const { look } = await watch(() =>
      info({
        used_cpu_user_main_thread: String(seconds),
        used_cpu_sys_main_thread: "0",
        uptime_in_seconds: String(age),
        run_id: server,
      }),
    );
    const first = await look();
    expect(first).not.toHaveProperty("cpu_utilization_ratio");
    seconds += 0.001;
    age += 1;
    const second = await look();
    expect(second["cpu_utilization_ratio"]).toBeGreaterThan(0);
    expect(second["process_start_time_seconds"]).toBe(first["process_start_time_seconds"]);
    seconds = 0;
    age = 0;
    server = "b";
    const third = await look();
    expect(third).not.toHaveProperty("cpu_utilization_ratio");
    expect(third["process_start_time_seconds"]).toBe(1_700_000_000);
  });

  it.each([
    ["NOAUTH Authentication required.", "auth"],
    ["NOPERM this user has no permissions to run the 'info' command", "auth"],
    ["LOADING Redis is loading the dataset in memory", "refused"],
    ["ERR unknown command", "missing"],
  ])("says why it was refused: %s", async (message, reason) => {
    const { collector } = await watch(() => new Error(message));
    expect(await failureOf(collector)).toMatchObject({ reason });
  });

  it("asks over one connection", async () => {
    const { look, server } = await watch(() => info());
    for (let i = 0; i < 5; i++) await look();
    expect(server.connections()).toBe(1);
  });
});
