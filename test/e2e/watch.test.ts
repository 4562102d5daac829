import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

async function watch(thresholds: string[], flags: string[] = []) {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  const lines = [
    "name: shop",
    "watch:",
    "  app: { prometheus: /metrics }",
    "  box: { host: true }",
    "thresholds:",
    ...thresholds.map((one) => `  - ${one}`),
  ];
  writeFileSync(join(folder, "shop.yaml"), `${lines.join("\n")}\n`);
  const args = ["watch", "shop.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const run = new Plimsoll([...args, ...flags], { folder });
  const url = await run.url();
  return {
    target,
    run,
    /** What /metrics says once it matches. */
    async metrics(pattern: RegExp): Promise<string> {
      for (;;) {
        const text = await (await fetch(`${url}/metrics`)).text();
        if (pattern.test(text)) return text;
      }
    },
    summary: () => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary,
  };
}

describe("watching alone", () => {
  it("serves, judges and keeps the target's health, and sends no load", async () => {
    const { target, run, metrics, summary } = await watch(
      ["max(db_pool_utilization_ratio) < 101%", "p95(latency) < 1ms"],
      ["--linger", "1s"],
    );
    await metrics(/^target_up\{[^}]*source="app"[^}]*\} 1$/m);
    const text = await metrics(/^target_load1\{/m);
    expect(text).toMatch(/^plimsoll_run_state\{[^}]*state="running"[^}]*\} 1$/m);
    // Ctrl-C is the end of what has none of its own: the thresholds decide.
    run.process.kill("SIGINT");
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(0);
    expect((await target.requests()).total).toBe(0);
    const { run: told, verdict, totals, thresholds } = summary();
    expect(told).toMatchObject({ scenario: "shop", profile: "watch", watchOnly: true });
    expect(verdict.state).toBe("passed");
    expect(totals.requests).toBe(0);
    expect(thresholds.map(({ expression, state }) => [expression, state])).toEqual([
      ["max(db_pool_utilization_ratio) < 101%", "ok"],
    ]);
    const report = reportOf(run.runFile());
    expect(report.kind === "report" && report.summary.verdict).toEqual(verdict);
  });

  it("fails by a threshold on the target", async () => {
    const { run } = await watch(["max(load1) < -1"], ["--duration", "2s", "--linger", "1ms"]);
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(99);
    expect(stdout).toContain("no load");
  });

  it("counts as stopped before the end that it was given", async () => {
    const { run, metrics } = await watch(["max(load1) < 9999"], ["--duration", "10m", "--linger", "1ms"]);
    await metrics(/^target_load1\{/m);
    run.process.kill("SIGTERM");
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(105);
  });
});
