import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../src/runs/report.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const RATE = 500;
const USERS = 50;
/** 50 users, each 10 times a second. */
const scenario = `
name: killed
users:
  Reader:
    wait: ${(USERS / RATE) * 1000}ms
    tasks:
      Health: { get: /health }
profiles:
  steady: { users: ${USERS}, spawnRate: 10000/s, duration: 60s }
`;

/** Seeds are printed, so that a moment that broke a run can be had again. */
const seeds = Array.from({ length: 5 }, (_, i) => (Date.now() + i * 7919) % 100_000);

it.each(seeds)("a generator killed at a random moment keeps its run but for a second (seed %i)", async (seed) => {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "killed.yaml"), scenario);
  const run = new Plimsoll(["run", "killed.yaml", "--host", target.url, "--listen", "127.0.0.1:0"], { folder });
  await run.url();
  const killAfterMs = 1000 + (seed % 4000);
  await new Promise((resolve) => setTimeout(resolve, killAfterMs));
  run.process.kill("SIGKILL");
  expect((await run.finished).code).toBe("SIGKILL");

  const counted = await settled(target);
  const report = reportOf(run.runFile());
  if (report.kind === "problem") throw new Error(report.message);
  expect(report.interrupted).toBe(true);
  const kept = report.summary.totals.requests;
  // None invented; at most a second lost, and what was under way.
  expect(kept).toBeLessThanOrEqual(counted);
  expect(counted - kept).toBeLessThanOrEqual(RATE + USERS);
  expect(kept).toBeGreaterThan(0);

  const printed = new Plimsoll(["report", run.runFile()], { folder });
  const { stdout, stderr } = await printed.finished;
  expect(stdout).toContain("a kill of its generator");
  expect(stderr).toBe("");
});

/** The target's count once it has dealt with what reached it. */
async function settled(target: Awaited<ReturnType<typeof startPracticeTarget>>): Promise<number> {
  for (;;) {
    const { total, inFlight } = await target.requests();
    if (inFlight === 0) return total;
  }
}
