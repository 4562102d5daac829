import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRun } from "../../src/runs/open-run.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { type Program, program } from "../services.ts";
import { fillNats, fillPostgres, fillRabbitmq, fillRedis } from "./filled.ts";
import { NatsServer } from "./nats-server.ts";
import { until } from "./network.ts";
import { NginxServer } from "./nginx-server.ts";
import { startNodeExporter } from "./node-exporter.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { PostgresServer } from "./postgres-server.ts";
import { Prometheus } from "./prometheus-server.ts";
import { RabbitmqServer } from "./rabbitmq-server.ts";
import { RedisServer } from "./redis-server.ts";
import { isUp, looksAt, targetMetrics } from "./target-metrics.ts";
import {
  expectTold,
  hostTold,
  natsTold,
  nginxTold,
  postgresTold,
  promqlTold,
  queuesTold,
  rabbitmqTold,
  redisTold,
  type Told,
} from "./told.ts";

/** Follow from others, or tell of the looking itself. */
const ofPlimsoll = /^(up|scrape_\w+|scrapes_total)\{|utilization_ratio|^cache_hit_ratio/;

const USERS = 5;

const programs: Program[] = [
  "redis-server",
  "redis-cli",
  "postgres",
  "psql",
  "rabbitmq-server",
  "nats-server",
  "nginx",
  "prometheus",
  "prometheus-node-exporter",
];
const present = programs.filter((one) => program(one) !== undefined).length === programs.length;

describe.runIf(present)("one run that watches real services", () => {
  it("says of each what its own tool says", { timeout: 300_000 }, async () => {
    const folder = temporaryFolder();
    const [redis, postgres, rabbitmq, nats, nginx, node] = await Promise.all([
      RedisServer.start(folder, ["--maxmemory", "100mb"]),
      PostgresServer.start(folder),
      RabbitmqServer.start(folder),
      NatsServer.start(folder),
      NginxServer.start(folder),
      startNodeExporter(),
    ]);
    const targets = join(folder, "prometheus", "targets.json");
    const prometheus = await Prometheus.start(folder, targets);
    writeFileSync(targets, JSON.stringify([{ targets: [new URL(node).host], labels: { job: "node" } }]));

    await fillRedis(redis);
    await fillPostgres(postgres);
    await fillRabbitmq(rabbitmq);
    await fillNats(nats);
    await until(async () => (await prometheus.value('up{job="node"}')) === 1);

    writeFileSync(
      join(folder, "watched.yaml"),
      `
host: ${nginx.url}
users: { Visitor: { wait: 20ms, tasks: { Front page: { get: / } } } }
profiles: { steady: { users: ${USERS}, spawnRate: 100/s, duration: 10m } }
watch:
  redis: { redis: "${redis.url}" }
  lists: { redis: "${redis.url}", queues: [celery], streams: [orders] }
  postgres:
    postgres: "\${DATABASE_URL}"
    metrics: { own_total: select count(*) from stock }
  rabbitmq: { rabbitmq: "\${BROKER_URL}", queues: [orders] }
  nats: { nats: "${nats.url}" }
  nginx: { nginx: /stub_status }
  node: { prometheus: "${node}" }
  other:
    promql: "${prometheus.url}"
    metrics:
      load1{component="host"}: sum(node_load1)
      up_total: sum by (job) (up{job="node"})
thresholds: [max(up) == 1]
`,
    );
    const env = { DATABASE_URL: postgres.url, BROKER_URL: rabbitmq.url };
    const args = ["run", "watched.yaml", "--listen", "127.0.0.1:0", "--summary", "summary.json"];
    const run = new Plimsoll(args, { folder, env });
    const url = await run.url();
    const tools: Record<string, () => Promise<Told>> = {
      redis: () => redisTold(redis),
      lists: () => queuesTold(redis),
      postgres: () => postgresTold(postgres),
      rabbitmq: () => rabbitmqTold(rabbitmq),
      nats: () => natsTold(nats),
      nginx: () => nginxTold(nginx, USERS),
      node: () => hostTold(node),
      other: () => promqlTold(prometheus),
    };
    const seen = async (least: number, since = new Map<string, number>()) => {
      const metrics = await targetMetrics(url);
      const looked = (source: string) => looksAt(metrics, source) >= (since.get(source) ?? 0) + least;
      return Object.keys(tools).every((source) => looked(source) && isUp(metrics, source));
    };
    await until(() => seen(3));

    const told = async () => {
      const all = new Map<string, Told>();
      for (const [source, tell] of Object.entries(tools)) all.set(source, await tell());
      return all;
    };
    const before = await told();
    const since = await targetMetrics(url);
    // Only looks that began after the tools were asked.
    await until(() => seen(2, new Map(Object.keys(tools).map((source) => [source, looksAt(since, source)]))));
    const said = await targetMetrics(url);
    const after = await told();
    run.process.kill("SIGINT");

    for (const source of Object.keys(tools)) {
      const own = said.get(source) ?? new Map<string, number>();
      expectTold(source, own, before.get(source) ?? {}, after.get(source) ?? {});
      // Nothing that a source says is left without its tool's word for it.
      const untold = [...own.keys()].filter(
        (series) => !ofPlimsoll.test(series) && !(series in (before.get(source) ?? {})),
      );
      expect(
        untold.filter((series) => !/^(info|cache_lookups|cache_|cpu_|process_)/.test(series) || source !== "lists"),
        source,
      ).toEqual([]);
    }
    // How full things are, of the same look.
    const ratio = (source: string, name: string) => said.get(source)?.get(name) ?? Number.NaN;
    expect(ratio("redis", "cache_memory_utilization_ratio")).toBeCloseTo(
      ratio("redis", "cache_memory_used_bytes") / 100 / 2 ** 20,
      9,
    );
    expect(ratio("postgres", "db_connections_utilization_ratio")).toBeCloseTo(3 / 97, 9);

    const { code, stdout } = await run.finished;
    const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
    expect(code, stdout).toBe(105);
    expect(summary.thresholds.map(({ state }) => state)).not.toContain("broken");
    for (const text of [stdout, readFileSync(join(folder, "summary.json"), "utf8")]) {
      expect(text).not.toMatch(/open(%20| )sesame/);
    }
  });

  it("goes on exactly while Redis and PostgreSQL are killed, hang and start again, and shows it", async () => {
    const folder = temporaryFolder();
    const [redis, postgres, target] = await Promise.all([
      RedisServer.start(folder),
      PostgresServer.start(folder),
      startPracticeTarget(),
    ]);
    onTestFinished(() => target.stop());
    const RATE = 200;
    const SECONDS = 25;
    writeFileSync(
      join(folder, "faults.yaml"),
      `
host: ${target.url}
users: { U: { tasks: { Health: { get: /health } } } }
profiles: { open: { arrivals: ${RATE}/s, duration: ${SECONDS}s, maxUsers: 200 } }
watch:
  redis: { redis: "${redis.url}" }
  postgres: { postgres: "\${DATABASE_URL}" }
thresholds: [max(cache_clients) < 1000]
`,
    );
    const args = ["run", "faults.yaml", "--listen", "127.0.0.1:0", "--summary", "summary.json"];
    const run = new Plimsoll(args, { folder, env: { DATABASE_URL: postgres.url } });
    const url = await run.url();
    const services = { redis: redis.service, postgres: postgres.service };
    const both = async (up: boolean) => {
      const metrics = await targetMetrics(url);
      return Object.keys(services).every((source) => looksAt(metrics, source) > 0 && isUp(metrics, source) === up);
    };
    const shown = async (source: string) => [...((await targetMetrics(url)).get(source)?.keys() ?? [])];
    await until(() => both(true));
    await redis.cli("incr", "visits");

    for (const service of Object.values(services)) service.hang();
    await until(() => both(false));
    // A gap is a gap: no last value stands.
    expect((await shown("redis")).filter((series) => series.startsWith("cache_"))).toEqual([]);
    expect((await shown("postgres")).filter((series) => series.startsWith("db_"))).toEqual([]);
    for (const service of Object.values(services)) service.goOn();
    await until(() => both(true));
    expect((await shown("redis")).filter((series) => series.startsWith("cache_")).length).toBeGreaterThan(5);
    expect(
      Number(await postgres.sql("select count(*) from pg_stat_activity where application_name = 'plimsoll'")),
    ).toBe(1);

    await Promise.all(Object.values(services).map((service) => service.kill()));
    await until(() => both(false));
    await Promise.all(Object.values(services).map((service) => service.start()));
    await until(() => both(true));

    const { stdout } = await run.finished;
    const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
    const { total } = await target.requests();
    expect(total, stdout).toBe(RATE * SECONDS);
    expect(summary.totals).toMatchObject({ requests: RATE * SECONDS, dropped: 0 });
    // What the gaps held nobody knows: the threshold may be inconclusive for them, and is never broken by them.
    expect(["passed", "inconclusive"]).toContain(summary.verdict.state);
    const opened = openRun(run.runFile());
    if (opened.kind !== "run") throw new Error(opened.message);
    using stored = opened;
    const events = [...stored.events()].filter(({ kind }) => kind === "source").map(({ message }) => message);
    for (const source of Object.keys(services)) {
      const own = events.filter((message) => message.startsWith(`source "${source}" `)).join("\n");
      expect(own).toMatch(/is down \(timeout\).*is back.*is down \(refused\).*is back.*restarted: /s);
    }
    const gaps = Object.entries(summary.target).filter(([series]) =>
      /^(cache_clients|db_connections_max)\{/.test(series),
    );
    expect(gaps).toHaveLength(2);
    for (const [, { gaps: found }] of gaps) expect(found).toBeGreaterThanOrEqual(2);
  });
});
