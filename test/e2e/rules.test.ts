import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readDashboard } from "../dashboards/dashboard.ts";
import { expressions, labelQueries } from "../dashboards/expressions.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { program } from "../services.ts";
import { until } from "./network.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { Prometheus } from "./prometheus-server.ts";

const scenario = `
name: half
users:
  Reader:
    wait: 50ms..150ms
    tasks:
      List: { get: "/api/tasks?limit=5" }
      Missing: { get: /api/tasks/999999999 }
watch:
  app: { prometheus: /metrics }
thresholds:
  - ratio(errors) < 1%
  - ratio(errors{task="List"}) < 1%
  - p95(latency{task="Missing"}) < 700ms
  - max(db_pool_utilization_ratio) < 200%
  - max(cpu_utilization_ratio) critical >= 200%
profiles:
  short: { users: 10, spawnRate: 10/s, duration: 60s }
`;

describe.runIf(program("prometheus"))("with a real Prometheus", () => {
  it("rules of a scenario say what a run of it spends of its budgets, while it runs", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, "half.yaml"), scenario);
    const made = await new Plimsoll(["rules", "half.yaml", "-o", "rules.yml"], { folder }).finished;
    expect([made.code, made.stdout, made.stderr]).toEqual([0, "rules.yml is written: 3 SLOs, 8 alerts.\n", ""]);
    const targets = join(folder, "runs", "targets.json");
    const prometheus = await Prometheus.start(folder, targets);
    const args = ["run", "half.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--linger", "1ms"];
    const run = new Plimsoll(args, { folder });
    const names = async () => {
      const firing = await prometheus.query('ALERTS{alertstate="firing"}');
      return firing.map(({ metric }) => `${metric["alertname"]} ${metric["threshold"]}`).sort();
    };
    await until(async () => (await names()).length >= 5);
    expect(await names()).toEqual([
      'SLOErrorBudgetBurnFast p95(latency{task="Missing"}) < 700ms',
      "SLOErrorBudgetBurnFast ratio(errors) < 1%",
      'SLOErrorBudgetBurnSlow p95(latency{task="Missing"}) < 700ms',
      "SLOErrorBudgetBurnSlow ratio(errors) < 1%",
      "TargetThresholdBroken max(cpu_utilization_ratio) critical >= 200%",
    ]);
    const share = (slo: string) => prometheus.value(`slo:sli_error:ratio_rate1m{sloth_slo="${slo}"}`);
    expect(await share("availability")).toBeCloseTo(0.5, 0.5);
    expect(await share("availability-list")).toBe(0);
    expect(await share("latency-p95-missing")).toBe(1);
    const spent = await prometheus.value('slo:period_burn_rate:ratio{sloth_slo="availability"}');
    expect(spent).toBeGreaterThan(30);
    const [run_id = ""] = await prometheus.labelValues("run_id", "plimsoll_run_info");
    const values = { run_id, scenario: "all" as const, target: "all" as const, range: "60s", rateInterval: "4s" };
    const slos = labelQueries(readDashboard("slo"), values).find(({ variable }) => variable === "slo");
    expect((await prometheus.labelValues(slos?.label ?? "", slos?.selector ?? "")).toSorted()).toEqual([
      "availability",
      "availability-list",
      "latency-p95-missing",
    ]);
    const seen = new Map<string, { of: string | undefined; value: number }[]>();
    for (const { panel, refId, expr } of expressions(readDashboard("slo"), values)) {
      const results = await prometheus.query(expr);
      seen.set(
        `${panel} ${refId}`,
        results.map(({ metric, value }) => ({ of: metric["sloth_slo"], value: Number(value[1]) })),
      );
    }
    expect([...seen].filter(([, results]) => results.length === 0).map(([query]) => query)).toEqual([]);
    const quiet = seen.get("Alerts A")?.toSorted((a, b) => (a.of ?? "").localeCompare(b.of ?? ""));
    expect(quiet).toEqual([
      { of: "availability", value: 0 },
      { of: "availability-list", value: 1 },
      { of: "latency-p95-missing", value: 0 },
    ]);
    expect(seen.get("Objectives A")).toContainEqual({ of: "latency-p95-missing", value: 0.95 });
    expect(seen.get("Objectives B")).toContainEqual({ of: "latency-p95-missing", value: 1 });
    expect(seen.get("Objectives C")).toContainEqual({ of: "availability-list", value: 1 });
    expect((await prometheus.rules()).filter(({ health }) => health === "err")).toEqual([]);
    run.process.kill("SIGINT");
    await run.finished;
  }, 90_000);
});
