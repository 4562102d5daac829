import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { dashboardNames, readDashboard } from "../dashboards/dashboard.ts";
import { expressions, labelQueries } from "../dashboards/expressions.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { program } from "../services.ts";
import { OtlpReceiver } from "../sinks/otlp-receiver.ts";
import { until } from "./network.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { Prometheus } from "./prometheus-server.ts";
import { toldEverything, toldTarget } from "./told-everything.ts";

/** Has something to show in every panel of every dashboard. */
const scenario = `
name: ecosystem
users:
  Reader:
    wait: 50ms..150ms
    tasks:
      List: { weight: 3, get: "/api/tasks?limit=5" }
      Create: { weight: 1, post: /api/tasks, json: { title: "Task {{ uuid() }}" }, expect: { status: 201 } }
      Missing: { weight: 1, get: /api/tasks/999999999 }
watch:
  app: { prometheus: /metrics }
thresholds:
  - p95(latency) target < 500ms critical < 2s
  - p99(latency) < 5s
  - ratio(errors) target < 1%
  - rate(requests) >= 1/s
  - max(db_pool_utilization_ratio) target < 90%
  - avg(cpu_utilization_ratio) target < 90%
  - max(queue_depth) target < 1000
  - avg(cache_hit_ratio) target > 1%
  - max(memory_used_bytes) target < 4GB
  - max(db_pool_pending_requests) target < 100
profiles:
  short: { loads: [{ users: 20, spawnRate: 10/s, duration: 15s }, { arrivals: 5/s, duration: 15s }] }
traces: { sample: 20%, slowerThan: 1s, failed: true }
timings: full
`;

describe.runIf(program("prometheus"))("in the ecosystem", () => {
  it("every panel has data, traces arrive where they were sent, and exemplars lead to them", async () => {
    const target = await startPracticeTarget();
    const receiver = new OtlpReceiver();
    const endpoint = await receiver.listen();
    onTestFinished(async () => {
      await target.stop();
      await receiver.close();
    });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "ecosystem.yaml"), scenario);
    writeFileSync(join(folder, "rules.yml"), toldEverything());
    const prometheus = await Prometheus.start(folder, join(folder, "runs", "targets.json"), [
      "--enable-feature=exemplar-storage",
    ]);
    const startedAt = Date.now() / 1000;
    const run = new Plimsoll(["run", "ecosystem.yaml", "--host", target.url, "--listen", "127.0.0.1:0"], {
      folder,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    });
    const { code, stdout } = await run.finished;
    expect([0, 98], stdout).toContain(code);
    // A second before it took itself off the list of targets: from then on its series are stale.
    const endedAt = Date.now() / 1000 - 1;

    // Traces: what was created was exported, and each id is one that the target saw in `traceparent`.
    const counts = async (result: string) => prometheus.last(`plimsoll_spans_total{result="${result}"}`);
    expect(receiver.spans.length).toBeGreaterThan(50);
    expect(await counts("exported")).toBe(receiver.spans.length);
    const { traceparents = [], total } = await target.requests("?traceparents=10000");
    expect(traceparents).toHaveLength(total);
    const sent = new Set(traceparents.map((header) => header.slice(3, 35)));
    expect(receiver.spans.filter(({ traceId }) => !sent.has(traceId))).toEqual([]);
    const sampled = traceparents.filter((header) => header.endsWith("-01")).length;
    const failedToo = receiver.spans.filter(({ attributes }) => attributes["plimsoll.sampling.reason"] !== undefined);
    expect(receiver.spans.length).toBe(sampled + failedToo.length);

    // The parts of exchanges: each of these waited once.
    const waits = await prometheus.last('plimsoll_request_phase_duration_seconds_count{phase="wait"}');
    expect(waits).toBe(total);

    // Exemplars: Prometheus has trace ids, and the receiver got those spans.
    const exemplars = await prometheus.exemplars("plimsoll_service_time_seconds_bucket", startedAt, endedAt);
    expect(exemplars.length).toBeGreaterThan(0);
    const exported = new Set(receiver.spans.map(({ traceId }) => traceId));
    expect(exemplars.filter((traceId) => !exported.has(traceId))).toEqual([]);

    // Dashboards: every expression of every panel and annotation gives data on this Prometheus.
    const dashboard = readDashboard("overview");
    const range = `${Math.ceil(endedAt - startedAt)}s`;
    const known = { run_id: "", scenario: "all" as const, target: "all" as const, range, rateInterval: "4s" };

    const values = async (run_id: string, variable: string) => {
      const query = labelQueries(dashboard, { ...known, run_id }).find((one) => one.variable === variable);
      if (query === undefined) throw new Error(`no variable ${variable}`);
      return prometheus.labelValues(query.label, query.selector);
    };
    const [run_id = ""] = await values("", "run_id");
    expect(run_id).toMatch(/ecosystem-short/);
    expect(await values(run_id, "scenario")).toEqual(["ecosystem"]);
    const targets = await values(run_id, "target");
    expect(targets.toSorted()).toEqual([new URL(target.url).host, toldTarget].toSorted());
    // The parts that the practice target tells of.
    const practice = { ...known, run_id, target: [new URL(target.url).host] };
    for (const { variable, selector, label } of labelQueries(readDashboard("target"), practice).slice(3)) {
      expect(await prometheus.labelValues(label, selector), variable).toEqual(["app"]);
    }
    const empty: string[] = [];
    // That of SLOs has data where the scenario's rules are loaded: rules.test.ts.
    for (const name of dashboardNames.filter((one) => one !== "slo")) {
      // What these ask for, no one service tells.
      const shown = ["soak", "target"].includes(name) ? [toldTarget] : [new URL(target.url).host];
      const asked = expressions(readDashboard(name), {
        ...known,
        run_id,
        target: shown,
        own: { ago: "5s", baseline: run_id, shift: "1" },
      });
      expect(asked.length).toBeGreaterThan(10);
      for (const { panel, refId, expr, instant, limits } of asked) {
        // The plan has no threshold on most of what only the dashboard of the target shows.
        if (limits && name === "target") continue;
        const results = instant
          ? await prometheus.query(expr, endedAt)
          : await prometheus.queryRange(expr, startedAt, endedAt);
        if (results.length === 0) empty.push(`${name}, ${panel} ${refId}: ${expr}`);
      }
    }
    expect(empty).toEqual([]);
  });

  it("a receiver that is not there costs the run nothing: created = exported + dropped", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, "ecosystem.yaml"), scenario);
    const run = new Plimsoll(
      ["run", "ecosystem.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--duration", "4s", "--linger", "10s"],
      { folder, env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" } },
    );
    const url = await run.url();
    let last = "";
    await until(async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      last = text;
      return (
        !text.includes('plimsoll_run_state{run_id="') ||
        /plimsoll_run_state\{[^}]*state="(passed|failed|inconclusive)"\} 1/.test(text)
      );
    });
    const span = (result: string) =>
      Number(new RegExp(`plimsoll_spans_total\\{[^}]*result="${result}"\\} (\\d+)`).exec(last)?.[1]);
    const { traceparents = [], total } = await target.requests("?traceparents=10000");
    expect(span("exported")).toBe(0);
    expect(span("dropped")).toBeGreaterThanOrEqual(traceparents.filter((header) => header.endsWith("-01")).length);
    expect(span("dropped") + span("unsampled")).toBe(total);
    const { stdout } = await run.finished;
    expect(stdout).toMatch(/Of \d+ spans 0 were exported/);
  });
});
