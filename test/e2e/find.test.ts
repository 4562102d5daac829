import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openRun } from "../../src/runs/open-run.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const scenario = `
name: pool
users: { U: { tasks: { Update: { patch: "/api/tasks/{{ randomInt(1, 10000) }}/status", json: { status: completed } } } } }
profiles: { open: { arrivals: 10/s, duration: 1m, spacing: constant } }
watch: { app: { prometheus: /metrics, timeout: 5s } }
thresholds: [p95(latency) < 600ms, ratio(errors) < 1%]
`;

it("finds what a pool of known size carries, in one run, and never loads it with twice that", async () => {
  const target = await startPracticeTarget("--pool", "10", "--hold-ms", "200", "--cpu-ms", "0");
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "pool.yaml"), scenario);
  const args = ["find", "pool.yaml", "--host", target.url, "--from", "30/s", "--for", "3s", "--max-time", "100s"];
  const plimsoll = new Plimsoll([...args, "--listen", "0", "--linger", "1s", "--summary", "summary.json"], { folder });
  const { code, stdout } = await plimsoll.finished;
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  // On a machine that is too busy for the generator itself that is the answer.
  if (code === 98) {
    expect(summary.verdict.reasons[0]).toContain("the limit was the generator");
    return;
  }
  expect(code).toBe(0);
  const { pool } = (await target.ask("/api/admin/truth")).body as { pool: { capacity_per_second: number } };
  const { arrivalsPerSecond = 0, interval, limitedBy } = summary.loadLine ?? { interval: [0, 0] };
  expect(Math.abs(arrivalsPerSecond / pool.capacity_per_second - 1)).toBeLessThan(0.1);
  expect(interval[1] / interval[0]).toBeLessThan(1.06);
  expect(["p95(latency) < 600ms", "more arrives than is done"]).toContain(limitedBy);
  expect(summary.findings[0]?.claim).toContain("The load line is");
  // As they stood at the line, not over a run that broke them; its short steps may have few samples for p95.
  expect(summary.thresholds[0]?.value).toBeLessThan(0.6);
  expect(summary.thresholds[1]).toMatchObject({ value: 0, state: "ok" });
  expect(stdout).toMatch(/\n {3}0:\d\d {2}· 30 arrivals\/s: p95 .* holds\n/);
  expect(stdout).toContain("✓ found: The load line is");

  const opened = openRun(plimsoll.runFile());
  if (opened.kind === "problem") throw new Error(opened.message);
  onTestFinished(() => opened.close());
  const steps = [...opened.events()].filter(({ kind }) => kind === "search").map(({ message }) => message);
  expect(steps.length).toBeGreaterThanOrEqual(5);
  for (const step of steps) expect(Number.parseFloat(step)).toBeLessThan(2 * pool.capacity_per_second);
});

it("refuses what cannot be searched with", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "pool.yaml"), scenario);
  const { code, stderr } = await new Plimsoll(
    ["find", "pool.yaml", "--host", "http://127.0.0.1:1", "--from", "50/s", "--up-to", "20/s"],
    { folder },
  ).finished;
  expect(code).toBe(104);
  expect(stderr).toBe("Expected --up-to to be more than --from, 50: got 20.\n");
});
