import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "./dashboard.ts";
import { isServed, metricNames } from "./promql.ts";

const read = (path: string) => parse(readFileSync(resolve(root, path), "utf8"));

describe("Grafana's data sources", () => {
  const { datasources } = read("grafana/provisioning/datasources/plimsoll.yml");
  const [prometheus, tempo] = datasources;

  it("are where the environment says", () => {
    expect(prometheus).toMatchObject({
      uid: "prometheus",
      type: "prometheus",
      url: expect.stringMatching(/^\$\{PROMETHEUS_URL\}$/),
    });
    expect(tempo).toMatchObject({ uid: "tempo", type: "tempo", url: expect.stringMatching(/^\$\{TEMPO_URL\}$/) });
  });

  it("lead from an exemplar to its trace, and from a trace to its run", () => {
    expect(prometheus.jsonData).toMatchObject({
      httpMethod: "POST",
      prometheusType: "Prometheus",
      manageAlerts: true,
      exemplarTraceIdDestinations: [{ name: "trace_id", datasourceUid: tempo.uid, urlDisplayLabel: "View trace" }],
    });
    expect(tempo.jsonData).toMatchObject({
      serviceMap: { datasourceUid: prometheus.uid },
      tracesToMetrics: { datasourceUid: prometheus.uid, tags: [{ key: "plimsoll.run.id", value: "run_id" }] },
    });
  });

  it("ask only for metrics that there are, and leave Grafana's own variables to the query", () => {
    const queries: string[] = tempo.jsonData.tracesToMetrics.queries.map(({ query }: { query: string }) => query);
    expect(queries.flatMap(metricNames).filter((name) => !isServed(name))).toEqual([]);
    // Provisioning fills in $NAME from the environment; $$ is what it leaves as $.
    expect(queries.filter((query) => /(?<!\$)\$(?!\$)/.test(query.replaceAll("$$", "")))).toEqual([]);
  });

  it("know the scrape interval of the shipped Prometheus", () => {
    const { global } = read("prometheus/prometheus.yml");
    expect(prometheus.jsonData.timeInterval).toBe(global.scrape_interval);
    expect(global.evaluation_interval).toBe(global.scrape_interval);
  });
});

it("Grafana's dashboards are where the environment says, and are not changed there", () => {
  const { providers } = read("grafana/provisioning/dashboards/plimsoll.yml");
  expect(providers).toMatchObject([
    {
      type: "file",
      allowUiUpdates: false,
      disableDeletion: true,
      options: { path: expect.stringMatching(/^\$\{DASHBOARDS_DIR\}$/) },
    },
  ]);
});
