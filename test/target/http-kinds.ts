import type { HttpKind } from "./conformance.ts";

const common = { name: "app", everyMs: 1000, timeoutMs: 2000 };
const mapping = { metric: "queue_depth", labels: {}, type: "gauge" } as const;
const depth = { metric: "queue_depth", value: 3 };
const json = (value: unknown) => ({ contentType: "application/json", body: JSON.stringify(value) });

/** Every kind of source that is asked over HTTP, and what a healthy target answers. */
export const httpKinds: HttpKind[] = [
  {
    kind: "prometheus",
    source: (url, headers = []) => ({ ...common, kind: "prometheus", url, headers, metrics: [] }),
    healthy: () => ({ contentType: "text/plain; version=0.0.4", body: "# TYPE queue_depth gauge\nqueue_depth 3\n" }),
    gives: depth,
    empty: "missing",
  },
  {
    kind: "json",
    source: (url, headers = []) => ({
      ...common,
      kind: "json",
      url,
      headers,
      metrics: [{ ...mapping, from: "$.depth" }],
    }),
    healthy: () => json({ depth: 3 }),
    gives: depth,
  },
  {
    kind: "promql",
    source: (url, headers = []) => ({
      ...common,
      kind: "promql",
      url,
      headers,
      metrics: [{ ...mapping, from: "depth" }],
    }),
    healthy: () =>
      json({
        status: "success",
        data: { resultType: "vector", result: [{ metric: { __name__: "depth", job: "shop" }, value: [1, "3"] }] },
      }),
    gives: { ...depth, labels: { exported_job: "shop" } },
  },
  {
    kind: "actuator",
    source: (url, headers = []) => ({ ...common, kind: "actuator", url, headers, metrics: [] }),
    healthy: () => ({ contentType: "text/plain", body: 'hikaricp_connections_active{pool="main"} 3.0\n' }),
    gives: { metric: "db_pool_connections", labels: { pool: "main", state: "in_use" }, value: 3 },
    empty: "missing",
  },
  {
    kind: "nginx",
    source: (url, headers = []) => ({ ...common, kind: "nginx", url, headers }),
    healthy: () => ({
      contentType: "text/plain",
      body: "Active connections: 3 \nserver accepts handled requests\n 16 14 31 \nReading: 0 Writing: 1 Waiting: 2 \n",
    }),
    gives: { metric: "http_connections_dropped_total", type: "counter", value: 2 },
  },
  {
    kind: "nats",
    source: (url, headers = []) => ({ ...common, kind: "nats", url, headers }),
    healthy: (path) => json(path === "/varz" ? { connections: 3, max_connections: 100 } : { disabled: true }),
    gives: { metric: "queue_connections", value: 3 },
    requests: 2,
  },
  {
    kind: "rabbitmq",
    source: (url, headers = []) => ({ ...common, kind: "rabbitmq", url, headers, queues: [] }),
    healthy: (path) => {
      if (path === "/api/overview") return json({ object_totals: { connections: 1 } });
      if (path === "/api/nodes") return json([{ name: "rabbit@a", running: true, mem_used: 1 }]);
      return json({ total_count: 1, items: [{ name: "orders", vhost: "/", messages_ready: 3 }] });
    },
    gives: { ...depth, labels: { queue: "orders" } },
    requests: 3,
  },
];
