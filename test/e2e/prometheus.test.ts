import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { program } from "../services.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { Prometheus } from "./prometheus-server.ts";

const scenario = `
name: counted
users:
  Reader:
    wait: 50ms..150ms
    tasks:
      List: { weight: 3, get: "/api/tasks?limit=5", expect: { status: 200, json: { $.items: { minLength: 1 } } } }
      Missing: { weight: 1, get: /api/tasks/999999999 }
watch:
  app: { prometheus: /metrics }
thresholds:
  - p95(latency) < 2s
  - ratio(errors) target < 1%
profiles:
  # Prometheus tells its scrapers of new targets every five seconds (discovery/manager.go): only then do they know the run.
  short: { users: 20, spawnRate: 20/s, duration: 9s }
`;

describe.runIf(program("prometheus"))("with a real Prometheus", () => {
  it("target, Prometheus, run file and summary agree to the request", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, "counted.yaml"), scenario);
    // It finds the generator by runs/targets.json, whatever port it took.
    const prometheus = await Prometheus.start(folder, join(folder, "runs", "targets.json"));
    const args = ["run", "counted.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
    // Prometheus may have come once only, so that nobody knows how often it will; this test comes once as well.
    const run = new Plimsoll([...args, "--linger", "5s"], { folder });
    const url = await run.url();
    await prometheus.scrapedOnce();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(execFileSync(program("promtool") ?? "", ["check", "metrics"], { input: metrics, encoding: "utf8" })).toBe(
      "",
    );
    const { code, stdout } = await run.finished;

    const counted = await target.requests();
    const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
    expect(code, stdout).toBe(exitCodeOf(summary));
    const report = reportOf(run.runFile());
    if (report.kind === "problem") throw new Error(report.message);
    expect(counted.total).toBeGreaterThan(500);
    expect(summary.totals.requests).toBe(counted.total);
    expect(report.summary.totals).toEqual(summary.totals);
    expect(await prometheus.last("plimsoll_requests_total")).toBe(counted.total);
    const missing = counted.byStatus["404"] ?? 0;
    expect(missing).toBeGreaterThan(0);
    expect(summary.totals.failures).toBe(missing);
    expect(await prometheus.last('plimsoll_requests_total{outcome="failure"}')).toBe(missing);
    expect(await prometheus.last('plimsoll_request_errors_total{error_type="404"}')).toBe(missing);
    expect(await prometheus.last("plimsoll_response_time_seconds_count")).toBe(counted.total);
    // The target's own health came the same way.
    expect(await prometheus.value("max_over_time(target_up[1m])")).toBe(1);
    expect(await prometheus.last("target_db_pool_connections_max")).toBe(10);
    expect(await prometheus.last(`plimsoll_run_state{state="${summary.verdict.state}"}`)).toBe(1);
  });
});
