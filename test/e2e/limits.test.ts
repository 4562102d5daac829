import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { temporaryFolder } from "./plimsoll.ts";

const main = resolve(import.meta.dirname, "../../src/main.ts");

it("a generator without file descriptors left says that it is the limit, and passes nothing", async () => {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "many.yaml"),
    `users: { U: { wait: 100ms, tasks: { Health: { get: /health } } } }
profiles: { many: { users: 200, spawnRate: 200/s, duration: 3s } }
thresholds: [ratio(errors) < 1%]
`,
  );
  const args = ["run", "many.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const ran = spawnSync("prlimit", ["--nofile=100:100", process.execPath, main, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  expect(ran.status, ran.stdout + ran.stderr).toBe(98);
  expect(ran.stdout).toContain("generator_fds");
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  expect(summary.generator.trusted).toBe(false);
  const lacking = summary.requests.flatMap(({ errors }) => errors).filter(({ type }) => type === "generator_fds");
  expect(lacking.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(50);
  // The others got through, and are not held against the target.
  expect((await target.requests()).total).toBeGreaterThan(100);
});
