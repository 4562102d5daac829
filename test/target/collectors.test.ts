import { describeCollector } from "./conformance.ts";

const common = { name: "app", everyMs: 1000, timeoutMs: 2000 };
const mapping = { metric: "queue_depth", labels: {}, type: "gauge" } as const;

describeCollector({
  kind: "prometheus",
  source: (url, headers = []) => ({ ...common, kind: "prometheus", url, headers, metrics: [] }),
  healthy: { contentType: "text/plain; version=0.0.4", body: "# TYPE queue_depth gauge\nqueue_depth 3\n" },
});

describeCollector({
  kind: "json",
  source: (url, headers = []) => ({
    ...common,
    kind: "json",
    url,
    headers,
    metrics: [{ ...mapping, from: "$.depth" }],
  }),
  healthy: { contentType: "application/json", body: '{"depth":3}' },
});
