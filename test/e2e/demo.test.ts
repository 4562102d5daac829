import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { TruthTold } from "../../src/demo/truth.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** The demo as it is without any flag: it ends by itself, and says that the pool gave way and the CPU did not. */
async function wholeDemo(): Promise<void> {
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
}

it("plimsoll demo --serve only serves, with the weak spot and the sizes that were asked for, until it is told to end", async () => {
  const flags = ["demo", "--serve", "--port", "0", "--weak", "locks", "--lock-hold-ms", "40"];
  const serving = new Plimsoll(flags, { folder: temporaryFolder() });
  const [url] = await serving.printed(/http:\/\/127\.0\.0\.1:\d+/);
  const truth = (await (await fetch(`${url}/api/admin/truth`)).json()) as TruthTold;
  expect(truth).toMatchObject({ weak: "locks", locks: { nominal_ms: 40, capacity_per_second: 25 } });
  serving.process.kill("SIGINT");
  expect((await serving.finished).code).toBe(0);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
});

/** Each spot's own thresholds, of which none breaks where another spot is weak. */
const own = {
  queue: ["max(queue_oldest_age_seconds)"],
  locks: ["max(db_locks_waiting)"],
  cache: ["avg(cache_hit_ratio)"],
  "rate-limit": ["ratio(errors)"],
  leak: ["max(memory_used_bytes)"],
};

/** The demo of a weak spot, shortened, and the thresholds that were critically broken. */
async function demoOf(weak: string): Promise<{ summary: Summary; broken: string[] }> {
  const folder = temporaryFolder();
  // In seconds, not in a minute, memory has to leak faster.
  const target = ["--weak", weak, ...(weak === "leak" ? ["--leak-kb", "200"] : [])];
  const short = ["--users", "200", "--spawn-rate", "40", "--duration", "14s"];
  const args = ["demo", ...target, ...short, "--summary", "s.json", "--listen", "127.0.0.1:0"];
  const { stdout } = await new Plimsoll(args, { folder }).finished;
  expect(stdout).toContain("Run file:");
  const summary = JSON.parse(readFileSync(join(folder, "s.json"), "utf8")) as Summary;
  const broken = summary.thresholds.filter(({ state, level }) => state === "broken" && level === "critical");
  return { summary, broken: broken.map(({ expression }) => expression.split(" ")[0] ?? "") };
}

/** What gives way is what was chosen: at once what leaves the CPU alone. */
async function chosenDemos(): Promise<void> {
  for (const spots of [["queue", "locks", "rate-limit"] as const, ["cache", "leak"] as const]) {
    const demos = await Promise.all(spots.map(demoOf));
    const judged = Object.values(own).flat();
    expect(demos.map(({ broken }) => judged.filter((name) => broken.includes(name)))).toEqual(
      spots.map((spot) => own[spot]),
    );
  }
}

it("plimsoll demo ends by itself, and says what gave way: the pool, or what else was chosen", async () => {
  await Promise.all([wholeDemo(), chosenDemos()]);
}, 240_000);

it("the CPU gives way in the demo where it is what was chosen, and nothing where none is", async () => {
  const [none, cpu] = [await demoOf("none"), await demoOf("cpu")];
  expect(none.broken).toEqual([]);
  expect(cpu.broken).toContain("p95(latency)");
  // How much of a core a busy machine leaves it is not ours to say.
  const busy = ({ summary }: typeof cpu) =>
    Object.entries(summary.target).find(([name]) => name.startsWith("cpu_utilization_ratio"))?.[1].mean;
  expect(busy(cpu)).toBeGreaterThan(busy(none) ?? Number.NaN);
});
