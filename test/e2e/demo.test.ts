import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

it("plimsoll demo ends by itself, and says that the pool gave way and the CPU did not", async () => {
  const folder = temporaryFolder();
  const run = new Plimsoll(["demo", "--summary", "summary.json", "--listen", "127.0.0.1:0"], { folder });
  const { code, stdout } = await run.finished;
  expect(code, stdout).toBe(99);
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  const broken = summary.thresholds.filter(({ state }) => state === "broken").map(({ expression }) => expression);
  expect(broken.some((expression) => expression.startsWith("p95(latency)"))).toBe(true);
  const pool = Object.entries(summary.target).find(([name]) => name.startsWith("db_pool_utilization_ratio"));
  expect(pool?.[1].max).toBe(1);
  const cpu = Object.entries(summary.target).find(([name]) => name.startsWith("cpu_utilization_ratio"));
  expect(cpu?.[1].mean).toBeLessThan(0.7);
  expect(stdout).toContain(run.runFile().replace(`${folder}/`, ""));
});
