import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const scenario = `
name: signals
users:
  Reader:
    wait: 20ms
    tasks:
      List: { get: /api/tasks?limit=1 }
profiles:
  long: { users: 5, spawnRate: 50/s, duration: 10m }
`;

async function startRun(flags: string[] = []) {
  const target = await startPracticeTarget("--hold-ms", "400", "--cache-ttl-ms", "1");
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "signals.yaml"), scenario);
  const args = ["run", "signals.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const run = new Plimsoll([...args, ...flags], { folder });
  await run.url();
  for (;;) {
    const { total, inFlight } = await target.requests();
    if (total > 20 && inFlight > 0) break;
  }
  return {
    target,
    run,
    folder,
    summary: () => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary,
  };
}

describe("a signal", () => {
  it.each([
    "SIGINT",
    "SIGTERM",
  ] as const)("%s ends the load gracefully, with verdict, run file and summary", async (signal) => {
    const { target, run, summary } = await startRun();
    run.process.kill(signal);
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(105);
    expect(stdout).toContain(signal);
    // What was under way was finished, and nothing was lost on either side.
    const counted = await target.requests();
    expect(counted.byStatus["aborted"]).toBeUndefined();
    expect(summary().totals).toMatchObject({ requests: counted.total, failures: 0 });
    expect(summary().verdict.state).toBe("stopped");
    const report = reportOf(run.runFile());
    expect(report.kind === "report" && report.summary.totals.requests).toBe(counted.total);
  });

  it("a second one ends it at once: what is under way is aborted, and said so", async () => {
    const { run, summary } = await startRun();
    run.process.kill("SIGINT");
    await run.printed(/Stopped by SIGINT/);
    run.process.kill("SIGINT");
    const { code } = await run.finished;
    expect(code).toBe(105);
    expect(summary().verdict.state).toBe("stopped");
  });
});

describe("a scenario that is wrong", () => {
  const bad = globSync(join(import.meta.dirname, "../bad/*.yaml"))
    .toSorted()
    .filter((_, i) => i % 4 === 0)
    .slice(0, 10);

  it.each(
    bad.map((path) => [basename(path), path]),
  )("%s gives its place and exit code 104, no stack", async (_, path) => {
    const [, place] = /^# (\d+:\d+) /.exec(readFileSync(path, "utf8")) ?? [];
    const { code, stdout, stderr } = await new Plimsoll(["run", path], { folder: temporaryFolder() }).finished;
    expect(code).toBe(104);
    expect(stderr).toContain(`${path}:${place}: `);
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
  });

  it("is one that is not there, too", async () => {
    const { code, stderr } = await new Plimsoll(["run", "absent.yaml"], { folder: temporaryFolder() }).finished;
    expect(code).toBe(104);
    expect(stderr).toContain("absent.yaml");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
