import { afterEach, describe, expect, it } from "vitest";
import { type Observation, seriesName } from "../../src/metrics/observation.ts";
import { targetMetrics } from "../../src/metrics/vocabulary.ts";
import type { MetricMapping, PrometheusSource } from "../../src/scenario/plan-source.ts";
import { createCollector } from "../../src/target/collector.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { knownNames } from "../../src/target/recognise.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { failureOf, testDeps } from "./conformance.ts";
import { type TargetServer, targetServer } from "./target-server.ts";

function source(url: string, metrics: MetricMapping[] = []): PrometheusSource {
  return { kind: "prometheus", name: "app", everyMs: 1000, timeoutMs: 800, url, headers: [], metrics };
}

function gauge(metric: string, from: string, labels: Record<string, string> = {}): MetricMapping {
  return { metric, labels, type: "gauge", from };
}

let server: TargetServer | undefined;
afterEach(() => server?.stop());

/** One look at each page in turn, two seconds apart, as `series: value`. */
async function looks(mappings: MetricMapping[], ...pages: string[]) {
  let page = "";
  server = await targetServer((_, response) => response.end(page));
  const clock = new VirtualClock();
  const { deps, events } = testDeps(clock);
  const collector = createCollector(source(server.url, mappings), deps);
  const results: Observation[][] = [];
  for (page of pages) {
    results.push(await collector.collect(new AbortController().signal));
    await clock.advance(2000);
  }
  await collector.close();
  const values = results.map((observations) =>
    Object.fromEntries(observations.map(({ metric, labels, value }) => [seriesName(metric, labels), value])),
  );
  return { values, events, results };
}

describe("known names", () => {
  const cases: [name: string, page: string, expected: Record<string, number>][] = [
    [
      "the vocabulary's own, with target_ or without",
      'target_db_pool_connections{pool="a",state="in_use"} 4\nqueue_depth{queue="mail"} 7\n',
      { 'db_pool_connections{pool="a",state="in_use"}': 4, 'queue_depth{queue="mail"}': 7 },
    ],
    [
      "a service's own counters, added up to the vocabulary's labels",
      [
        'http_requests_total{route="/a",status="200"} 5',
        'http_requests_total{route="/b",status="500"} 2',
        'cache_lookups_total{result="hit",shard="1"} 3',
        'cache_lookups_total{result="hit",shard="2"} 4',
        'target_queue_published_total{queue="a",shard="1"} 3',
      ].join("\n"),
      {
        http_requests_total: 7,
        'cache_lookups_total{result="hit"}': 7,
        'queue_published_total{queue="a",shard="1"}': 3,
      },
    ],
    [
      "NATS's exporter",
      [
        'jetstream_consumer_num_pending{consumer_name="mailer",stream_name="orders"} 3',
        'jetstream_consumer_num_ack_pending{consumer_name="mailer",stream_name="orders"} 2',
        'jetstream_consumer_num_waiting{consumer_name="mailer",stream_name="orders"} 4',
      ].join("\n"),
      { 'queue_depth{queue="mailer"}': 3, 'queue_unacked{queue="mailer"}': 2, 'queue_consumers{queue="mailer"}': 4 },
    ],
    [
      "a Node process",
      [
        "process_resident_memory_bytes 1e8",
        "process_open_fds 21",
        "process_start_time_seconds 1.7e9",
        "nodejs_eventloop_lag_p99_seconds 0.012",
        "nodejs_heap_size_used_bytes 3e7",
        "nodejs_heap_size_total_bytes 5e7",
        'nodejs_gc_duration_seconds_sum{kind="minor"} 0.25',
        'nodejs_gc_duration_seconds_sum{kind="major"} 0.5',
      ].join("\n"),
      {
        memory_used_bytes: 1e8,
        open_fds: 21,
        process_start_time_seconds: 1.7e9,
        runtime_eventloop_lag_seconds: 0.012,
        runtime_heap_used_bytes: 3e7,
        runtime_heap_limit_bytes: 5e7,
        runtime_gc_seconds_total: 0.75,
      },
    ],
    [
      "HikariCP",
      [
        'hikaricp_connections_active{pool="main"} 9',
        'hikaricp_connections_idle{pool="main"} 1',
        'hikaricp_connections_max{pool="main"} 10',
        'hikaricp_connections_pending{pool="main"} 3',
        'hikaricp_connections_timeout_total{pool="main"} 2',
      ].join("\n"),
      {
        'db_pool_connections{pool="main",state="in_use"}': 9,
        'db_pool_connections{pool="main",state="idle"}': 1,
        'db_pool_connections_max{pool="main"}': 10,
        'db_pool_pending_requests{pool="main"}': 3,
        'db_pool_timeouts_total{pool="main"}': 2,
      },
    ],
    [
      "OpenTelemetry's pool",
      [
        'db_client_connection_count{db_client_connection_pool_name="main",state="used"} 9',
        'db_client_connection_count{db_client_connection_pool_name="main",state="idle"} 1',
        'db_client_connection_max{db_client_connection_pool_name="main"} 10',
      ].join("\n"),
      {
        'db_pool_connections{pool="main",state="in_use"}': 9,
        'db_pool_connections{pool="main",state="idle"}': 1,
        'db_pool_connections_max{pool="main"}': 10,
      },
    ],
    [
      "postgres_exporter, its other labels summed",
      [
        'pg_stat_activity_count{datname="shop",state="active",usename="a"} 4',
        'pg_stat_activity_count{datname="shop",state="active",usename="b"} 5',
        'pg_settings_max_connections{server="x"} 100',
        'pg_stat_database_xact_commit{datid="1",datname="shop"} 1000',
      ].join("\n"),
      {
        'db_connections{db="shop",state="active"}': 9,
        db_connections_max: 100,
        'db_transactions_total{db="shop",outcome="commit"}': 1000,
      },
    ],
    [
      "redis_exporter, without a limit where there is none",
      "redis_memory_used_bytes 5e6\nredis_memory_max_bytes 0\nredis_keyspace_hits_total 9\nredis_keyspace_misses_total 1\n",
      {
        cache_memory_used_bytes: 5e6,
        'cache_lookups_total{result="hit"}': 9,
        'cache_lookups_total{result="miss"}': 1,
      },
    ],
    [
      "a host",
      "node_memory_MemTotal_bytes 8e9\nnode_memory_MemAvailable_bytes 2e9\nnode_load1 1.5\n",
      {
        'memory_used_bytes{component="host"}': 6e9,
        'memory_limit_bytes{component="host"}': 8e9,
        'load1{component="host"}': 1.5,
      },
    ],
    ["no value where the exporter says NaN", "queue_depth NaN\nopen_fds 3\nload1 +Inf\n", { open_fds: 3 }],
    [
      "labels that mean something else here",
      'queue_depth{job="x",target="y"} 1',
      {
        'queue_depth{exported_job="x",exported_target="y"}': 1,
      },
    ],
    ["the first of two that give the same", "target_open_fds 3\nopen_fds 4\nprocess_open_fds 5\n", { open_fds: 3 }],
  ];
  it.each(cases)("%s", async (_, page, expected) => {
    const { values, events } = await looks([], page);
    expect(values).toEqual([expected]);
    expect(events).toEqual([]);
  });

  it("makes a utilization of CPU seconds: of one core, or of those that are told", async () => {
    const one = await looks([], "process_cpu_seconds_total 10\n", "process_cpu_seconds_total 11\n");
    expect(one.values).toEqual([{}, { cpu_utilization_ratio: 0.5 }]);
    await server?.stop();
    const page = (seconds: number) => `process_cpu_seconds_total ${seconds}\ngo_sched_gomaxprocs_threads 4\n`;
    const four = await looks([], page(10), page(14), page(1), page(5));
    expect(four.values.map((look) => look["cpu_utilization_ratio"])).toEqual([undefined, 0.5, undefined, 0.5]);
  });

  it("makes a host's utilization of its idle seconds", async () => {
    const page = (idle: number[]) =>
      idle.map((seconds, cpu) => `node_cpu_seconds_total{cpu="${cpu}",mode="idle"} ${seconds}\n`).join("");
    const { values } = await looks([], page([100, 200]), page([101, 201.5]));
    expect(values[1]).toEqual({ 'cpu_utilization_ratio{component="host"}': 0.375 });
  });

  it("gives counters as counters", async () => {
    const { results } = await looks([], "http_requests_total 5\nopen_fds 1\n");
    expect(results[0]?.map(({ metric, type }) => [metric, type])).toEqual([
      ["open_fds", "gauge"],
      ["http_requests_total", "counter"],
    ]);
  });

  it("never takes a target's word for what Plimsoll says itself", async () => {
    const { values } = await looks(
      [],
      'up 1\ntarget_up 1\ntarget_info{service_name="shop"} 1\nscrapes_total 3\nopen_fds 1\n',
    );
    expect(values).toEqual([{ open_fds: 1 }]);
  });

  it("are of the vocabulary, and their labels too", () => {
    for (const { metric, labels, rename } of knownNames) {
      const own: readonly string[] = targetMetrics[metric].labels;
      expect(own).toEqual(expect.arrayContaining([...Object.keys(labels), ...Object.values(rename)]));
    }
  });
});

describe("a Prometheus source's mappings", () => {
  const page = [
    'jobs{state="busy",queue="a"} 3',
    'jobs{state="busy",queue="b"} 4',
    'jobs{state="idle",queue="a"} 5',
    "limit 20",
    "sent_total 100",
  ].join("\n");

  it.each<[from: string, expected: Record<string, number>]>([
    ["limit", { m: 20 }],
    ['jobs{state="idle",queue="a"}', { m: 5 }],
    ['jobs{state="busy"}', { 'm{queue="a"}': 3, 'm{queue="b"}': 4 }],
    ['sum(jobs{state="busy"})', { m: 7 }],
    ["max(jobs)", { m: 5 }],
    ["min(jobs)", { m: 3 }],
    ["avg(jobs)", { m: 4 }],
    ["sum by (state) (jobs)", { 'm{state="busy"}': 7, 'm{state="idle"}': 5 }],
    ['sum(jobs{state="busy"}) / limit', { m: 0.35 }],
    ["limit * 1000", { m: 20_000 }],
    ["1 - limit / 100", { m: 0.8 }],
    ['jobs{state="busy"} / jobs{state="idle"}', { 'm{queue="a"}': 0.6 }],
    ["4 + 0 * limit", { m: 4 }],
  ])("%s", async (from, expected) => {
    const { values, events } = await looks([gauge("m", from)], page);
    expect(values).toEqual([expected]);
    expect(events).toEqual([]);
  });

  it("keeps the mapping's own labels, and in its metric nothing else is recognised", async () => {
    const mapping = gauge("db_pool_connections", 'jobs{state="busy"}', { state: "in_use" });
    const { values } = await looks([mapping], `${page}\nhikaricp_connections_active 9\n`);
    expect(values).toEqual([
      { 'db_pool_connections{queue="a",state="in_use"}': 3, 'db_pool_connections{queue="b",state="in_use"}': 4 },
    ]);
  });

  it("takes a rate between two looks, and none where the counter went back", async () => {
    const pages = [10, 30, 2, 4].map((count) => `sent_total{to="a"} ${count}\n`);
    const { values, events } = await looks([gauge("m", "rate(sent_total)")], ...pages);
    expect(values).toEqual([{}, { 'm{to="a"}': 10 }, {}, { 'm{to="a"}': 1 }]);
    expect(events).toEqual([]);
  });

  it("says once that no series matches, and goes on with the others", async () => {
    const { values, events } = await looks([gauge("m", 'jobs{state="no"}'), gauge("n", "limit")], page, page);
    expect(values).toEqual([{ n: 20 }, { n: 20 }]);
    expect(events.map(({ message }) => message)).toEqual([
      'source "app": m has no value: no series matches jobs{state="no"}',
    ]);
  });

  it("keeps 200 series of a label without bound, and says so", async () => {
    const many = Array.from({ length: 1000 }, (_, i) => `jobs{id="${i}"} 1\n`).join("");
    const { values, events } = await looks([gauge("m", "jobs")], many);
    expect(Object.keys(values[0] ?? {})).toHaveLength(200);
    expect(events).toMatchObject([{ message: expect.stringContaining("1000 series") }]);
  });

  it("fails where nothing is known or mapped", async () => {
    server = await targetServer((_, response) => response.end("shop_orders 3\n"));
    const collector = createCollector(source(server.url), testDeps().deps);
    expect(await failureOf(collector)).toMatchObject({
      reason: "missing",
      message: expect.stringContaining("map them under metrics"),
    });
    await collector.close();
  });

  it("reads OpenMetrics where that is what it is given", async () => {
    let body = "queue_depth 3\n# EOF\n";
    server = await targetServer((_, response) => {
      response.writeHead(200, { "content-type": "application/openmetrics-text; version=1.0.0" }).end(body);
    });
    const collector = createCollector(source(server.url), testDeps().deps);
    expect(await collector.collect(new AbortController().signal)).toHaveLength(1);
    body = "queue_depth 3\n";
    expect(await failureOf(collector)).toMatchObject({ reason: "parse", message: expect.stringContaining("cut off") });
    await collector.close();
  });

  it("has its mistakes told before the run", () => {
    const mistakes = [
      "",
      "rate(jobs",
      "rate(rate(jobs))",
      "rate(sum(jobs))",
      "jobs{a=}",
      'jobs{a!="b"}',
      "median(a)",
      "a b",
    ];
    const problems = mappingProblems(
      "prometheus",
      mistakes.map((from) => gauge("m", from)),
    );
    expect(problems.map(({ from }) => from)).toEqual(mistakes);
    expect(mappingProblems("prometheus", [gauge("m", "sum by (a) (rate(jobs))")])).toEqual([]);
  });
});
