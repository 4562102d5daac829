import type { IncomingMessage } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { failureOf } from "./conformance.ts";
import { looking } from "./looking.ts";
import { targetServer } from "./target-server.ts";

const common = { name: "app", everyMs: 1000, timeoutMs: 2000, headers: [] };

/** Serves JSON by path and query; what is undefined is not found, a number is a status, a text stands as it is. */
async function serve(answer: (url: string, request: IncomingMessage) => unknown) {
  const server = await targetServer((request, response) => {
    const body = answer((request.url ?? "").replace(/^\/status/, ""), request);
    if (body === undefined || typeof body === "number") response.writeHead(body ?? 404).end();
    else response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  onTestFinished(() => server.stop());
  return server;
}

describe("Spring Boot's actuator", () => {
  const meter = (value: number, statistic = "VALUE", tags: Record<string, string[]> = {}) => ({
    measurements: [{ statistic, value }],
    availableTags: Object.entries(tags).map(([tag, values]) => ({ tag, values })),
  });

  const withoutPage: Record<string, unknown> = {
    "/metrics": {
      names: ["hikaricp.connections.active", "jvm.memory.used", "jvm.memory.max", "jvm.gc.pause", "cache.size"],
    },
    "/metrics/hikaricp.connections.active": meter(7, "VALUE", { pool: ["main", "reports"] }),
    "/metrics/hikaricp.connections.active?tag=pool%3Amain": meter(5),
    "/metrics/hikaricp.connections.active?tag=pool%3Areports": meter(2),
    "/metrics/jvm.memory.used": meter(300, "VALUE", { area: ["heap", "nonheap"], id: ["G1 Eden Space"] }),
    "/metrics/jvm.memory.used?tag=area%3Aheap": meter(200),
    "/metrics/jvm.memory.used?tag=area%3Anonheap": meter(100),
    "/metrics/jvm.memory.max": meter(399, "VALUE", { area: ["heap", "nonheap"] }),
    "/metrics/jvm.memory.max?tag=area%3Aheap": meter(400),
    "/metrics/jvm.memory.max?tag=area%3Anonheap": meter(-1),
    "/metrics/jvm.gc.pause": {
      measurements: [
        { statistic: "COUNT", value: 9 },
        { statistic: "TOTAL_TIME", value: 0.5 },
      ],
    },
  };

  it("is asked for its page", async () => {
    const page =
      'hikaricp_connections_max{pool="main"} 10\njvm_threads_live_threads 42\ntomcat_threads_busy_threads{name="http"} 3\n';
    const server = await serve((url) => (url === "/prometheus" ? page : undefined));
    const { look, told } = looking({ ...common, kind: "actuator", url: server.url, metrics: [] });
    const expected = {
      'db_pool_connections_max{pool="main"}': 10,
      threads: 42,
      'workers{name="http",state="busy"}': 3,
    };
    expect([await look(), await look()]).toEqual([expected, expected]);
    expect(server.requests).toHaveLength(2);
    expect(told()).toEqual([]);
  });

  it("is asked for each meter where it has no page, under the same names", async () => {
    const server = await serve((url) => withoutPage[url]);
    const metrics = [{ metric: "gc", labels: {}, type: "gauge" as const, from: "jvm_gc_pause_seconds_sum * 2" }];
    const { look, told } = looking({ ...common, kind: "actuator", url: server.url, metrics });
    const expected = {
      'db_pool_connections{pool="main",state="in_use"}': 5,
      'db_pool_connections{pool="reports",state="in_use"}': 2,
      memory_used_bytes: 300,
      runtime_heap_used_bytes: 200,
      runtime_heap_limit_bytes: 400,
      runtime_gc_seconds_total: 0.5,
      gc: 1,
    };
    expect([await look(), await look()]).toEqual([expected, expected]);
    expect(server.requests.filter(({ url }) => url.endsWith("/prometheus"))).toHaveLength(1);
    expect(told()).toEqual([expect.stringContaining("/prometheus is not exposed")]);
  });
});

describe("PromQL", () => {
  const vector = (...result: [labels: Record<string, string>, value: string][]) => ({
    status: "success",
    data: { resultType: "vector", result: result.map(([metric, value]) => ({ metric, value: [1, value] })) },
  });
  const gauge = (metric: string, from: string) => ({ metric, labels: { pool: "main" }, type: "gauge" as const, from });

  it("takes what an expression gives, and says once which gives nothing", async () => {
    const answers: Record<string, unknown> = {
      "sum by (state) (x)": vector(
        [{ state: "idle" }, "2"],
        [{ state: "in_use", instance: "a:1" }, "3"],
        [{ state: "?" }, "NaN"],
      ),
      "scalar(x)": { status: "success", data: { resultType: "scalar", result: [1, "4.5"] } },
      nothing: vector(),
      "sum(": 400,
    };
    const server = await serve((url) => answers[new URL(url, "http://a").searchParams.get("query") ?? ""]);
    const metrics = Object.keys(answers).map((from, i) => gauge(`m${i}`, from));
    const { look, told } = looking({ ...common, kind: "promql", url: server.url, metrics });
    await look();
    expect(await look()).toEqual({
      'm0{pool="main",state="idle"}': 2,
      'm0{exported_instance="a:1",pool="main",state="in_use"}': 3,
      'm1{pool="main"}': 4.5,
    });
    expect(told()).toEqual([
      expect.stringContaining("nothing: it matches no series"),
      expect.stringContaining("sum(: status 400"),
    ]);
    expect(server.requests[0]?.url).toMatch(/^\/status\/api\/v1\/query\?query=sum\+by/);
  });

  it.each([
    ["a range", { data: { resultType: "matrix", result: [] } }, "parse"],
    ["no series", vector(), "missing"],
    ["a server in trouble", 503, "refused"],
  ])("fails for %s", async (_, answer, reason) => {
    const server = await serve(() => answer);
    const { collector } = looking({ ...common, kind: "promql", url: server.url, metrics: [gauge("m", "x[5m]")] });
    expect(await failureOf(collector)).toMatchObject({ reason });
  });
});

describe("RabbitMQ", () => {
  const overview = { rabbitmq_version: "4.1.0", object_totals: { connections: 4 } };
  const node = {
    name: "rabbit@a",
    running: true,
    mem_used: 50,
    mem_limit: 100,
    mem_alarm: true,
    disk_free_alarm: false,
    fd_used: 5,
    fd_total: 10,
    uptime: 10_500,
  };
  const stats = { publish: 9, deliver_get: 8, ack: 7, redeliver: 1 };
  const orders = {
    name: "orders",
    vhost: "/",
    messages_ready: 3,
    messages_unacknowledged: 1,
    consumers: 2,
    message_stats: stats,
  };

  it("gives queues and nodes", async () => {
    const idle = {
      name: "mail",
      vhost: "shop",
      messages_ready: 0,
      messages_unacknowledged: 0,
      consumers: 0,
      head_message_timestamp: 1_699_999_990,
    };
    const server = await serve((url) => {
      if (url.startsWith("/api/overview")) return overview;
      if (url.startsWith("/api/nodes")) return [node, { name: "rabbit@b", running: false }];
      return { total_count: 300, items: [orders, idle, { name: "new", vhost: "/" }] };
    });
    const { look, told } = looking({ ...common, kind: "rabbitmq", url: server.url, queues: [] });
    const first = await look();
    expect(first).toMatchObject({
      'info{version="4.1.0"}': 1,
      queue_connections: 4,
      'queue_depth{queue="orders"}': 3,
      'queue_unacked{queue="orders"}': 1,
      'queue_consumers{queue="orders"}': 2,
      'queue_published_total{queue="orders"}': 9,
      'queue_delivered_total{queue="orders"}': 8,
      'queue_consumed_total{queue="orders"}': 7,
      'queue_redelivered_total{queue="orders"}': 1,
      'queue_depth{queue="shop/mail"}': 0,
      'queue_published_total{queue="shop/mail"}': 0,
      'memory_used_bytes{component="rabbit@a"}': 50,
      'memory_limit_bytes{component="rabbit@a"}': 100,
      'queue_alarm{alarm="memory",component="rabbit@a"}': 1,
      'queue_alarm{alarm="disk",component="rabbit@a"}': 0,
      'open_fds_max{component="rabbit@a"}': 10,
    });
    expect(first['queue_oldest_age_seconds{queue="shop/mail"}']).toBeCloseTo(10, 0);
    expect(Object.keys(first).filter((series) => /rabbit@b|"new"/.test(series))).toEqual([]);
    const start = 'process_start_time_seconds{component="rabbit@a"}';
    expect((await look())[start]).toBe(first[start]);
    expect(told()).toEqual([expect.stringContaining("300 queues: the 200 that hold most")]);
  });

  it("asks for the queues that are named, and says once which is not there", async () => {
    const server = await serve((url) => {
      if (url.startsWith("/api/overview")) return overview;
      if (url.startsWith("/api/nodes")) return [node];
      if (url.startsWith("/api/queues/%2F/orders?")) return orders;
      return url.startsWith("/api/queues/shop/mail%2Fout?")
        ? { ...orders, name: "mail/out", vhost: "shop" }
        : undefined;
    });
    const queues = ["orders", "shop/mail/out", "gone"];
    const { look, told } = looking({ ...common, kind: "rabbitmq", url: server.url, queues });
    await look();
    expect(await look()).toMatchObject({ 'queue_depth{queue="orders"}': 3, 'queue_depth{queue="shop/mail/out"}': 3 });
    expect(told()).toEqual([expect.stringContaining('there is no queue "gone"')]);
  });
});

describe("NATS", () => {
  it("gives the server, and JetStream's consumers as queues", async () => {
    const server = await serve((url) =>
      url === "/varz"
        ? {
            version: "2.10.1",
            connections: 5,
            max_connections: 10,
            slow_consumers: 1,
            in_msgs: 7,
            out_msgs: 8,
            in_bytes: 70,
            out_bytes: 80,
            mem: 1000,
            cpu: 50,
            cores: 4,
            gomaxprocs: 2,
            start: "2023-11-14T22:13:20Z",
          }
        : {
            memory: 29,
            config: { max_memory: 100 },
            account_details: [
              {
                stream_detail: [
                  {
                    name: "ORDERS",
                    state: { last_seq: 20 },
                    consumer_detail: [
                      {
                        name: "billing",
                        num_pending: 11,
                        num_ack_pending: 3,
                        num_waiting: 1,
                        num_redelivered: 2,
                        delivered: { consumer_seq: 9 },
                        ack_floor: { consumer_seq: 6 },
                      },
                    ],
                  },
                ],
              },
            ],
          },
    );
    const { look } = looking({ ...common, kind: "nats", url: server.url });
    expect(await look()).toEqual({
      queue_connections: 5,
      queue_connections_max: 10,
      'info{version="2.10.1"}': 1,
      queue_slow_consumers_total: 1,
      queue_published_total: 7,
      queue_delivered_total: 8,
      network_receive_bytes_total: 70,
      network_transmit_bytes_total: 80,
      memory_used_bytes: 1000,
      cpu_used_cores: 0.5,
      cpu_limit_cores: 2,
      cpu_utilization_ratio: 0.25,
      process_start_time_seconds: 1_700_000_000,
      'memory_used_bytes{component="jetstream"}': 29,
      'memory_limit_bytes{component="jetstream"}': 100,
      'queue_published_total{queue="ORDERS"}': 20,
      'queue_depth{queue="ORDERS/billing"}': 11,
      'queue_unacked{queue="ORDERS/billing"}': 3,
      'queue_consumers{queue="ORDERS/billing"}': 1,
      'queue_delivered_total{queue="ORDERS/billing"}': 9,
      'queue_consumed_total{queue="ORDERS/billing"}': 6,
    });
  });
});
