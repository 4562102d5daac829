import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRun } from "../../src/runs/open-run.ts";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";

const scenario = `
name: recovery
users:
  Reader: { wait: 20ms, tasks: { List: { get: "/api/tasks?limit=1" } } }
profiles:
  short: { users: 20, spawnRate: 100/s, duration: 3s, before: 2s, after: 1m }
watch:
  app: { prometheus: /metrics }
thresholds:
  - ratio(errors) < 1%
  - max(http_connections) < 1000
`;

async function start(flags: string[] = []) {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "recovery.yaml"), scenario);
  const args = ["run", "recovery.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--linger", "1ms"];
  const run = new Plimsoll([...args, "--summary", "summary.json", ...flags], { folder });
  return { target, run, summary: () => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary };
}

describe("a run with a baseline and a recovery", () => {
  it("watches before and after, counts the load's time alone, and ends once the target is back", async () => {
    const { target, run, summary } = await start();
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(exitCodeOf(summary()));
    const { totals, recovery, run: told } = summary();
    // What was sent and counted is the load, as without.
    expect(totals.requests).toBe((await target.requests()).total);
    expect(told.end - told.start).toBeGreaterThan(2.9);
    expect(told.end - told.start).toBeLessThan(told.end - told.start + (recovery?.watched ?? 0));
    expect(recovery?.seconds).not.toBeNull();
    expect(recovery?.watched).toBeLessThan(60);
    expect(recovery?.series['http_connections{source="app",state="open"}']?.peak).toBeGreaterThan(10);

    const report = reportOf(run.runFile());
    if (report.kind === "problem") throw new Error(report.message);
    expect(report.summary).toEqual({ ...summary(), recovery: report.summary.recovery });
    expect(Object.keys(report.summary.recovery?.series ?? {})).toEqual(Object.keys(recovery?.series ?? {}));
    const kinds = report.events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => ["baseline-start", "load-end", "recovered"].includes(kind))).toEqual([
      "baseline-start",
      "load-end",
      "recovered",
    ]);
    const stored = openRun(run.runFile());
    if (stored.kind === "problem") throw new Error(stored.message);
    const times = [...stored.ticks()].map(({ snapshot }) => snapshot.at);
    stored.close();
    expect(times[0]).toBeLessThan(0);
    expect(times.at(-1)).toBeGreaterThan((told.end - told.start) * 1000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("is stopped before its load without any", async () => {
    const { target, run, summary } = await start();
    await run.printed(/is watched for 2 s before the load/);
    run.process.kill("SIGINT");
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(105);
    expect((await target.requests()).total).toBe(0);
    expect(summary().totals.requests).toBe(0);
  });
});
