import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import { RunFile } from "../../src/runs/run-file.ts";
import { ExampleWorker, plan } from "../runs/example-run.ts";
import { plimsoll } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "kept-runs-"));
const runs = join(folder, "runs");
const HOUR_MS = 3_600_000;

/** A run of 1,000 requests that each took `tookMs` or a little more. */
async function keep(id: string, hour: number, tookMs: number, labels: Record<string, string>): Promise<void> {
  const file = new RunFile(join(runs, `${id}.db`), () => {});
  file.start({ ...plan, runId: id, startedAt: plan.startedAt + hour * HOUR_MS, labels, thresholds: [] });
  const worker = new ExampleWorker("0");
  for (let n = 0; n < 1000; n++) worker.request("list", 500 + n * 9, tookMs * (1 + (n % 10) / 100));
  const sum = new SnapshotSum();
  sum.take(worker.snapshot(10_000));
  file.write({ snapshot: sum.total(10_000), observations: [], events: [], thresholds: [] });
  await file.stop({ state: "passed", warnings: [] });
}

beforeAll(async () => {
  for (const [i, tookMs] of [100, 101, 102].entries()) await keep(`old-${i}`, i, tookMs, { release: "1" });
  for (const [i, tookMs] of [150, 151, 152].entries()) await keep(`new-${i}`, 10 + i, tookMs, { release: "2" });
  writeFileSync(join(runs, "notes.db"), "no run");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("plimsoll compare", () => {
  it("finds that a release became slower, against the last runs of another", async () => {
    const json = join(folder, "c.json");
    const flags = ["--baseline", "release=1", "--fail-on", "regression", "--json", json, "--runs", runs];
    const { code, stdout } = await plimsoll(["compare", "new-0,new-1,new-2", ...flags]);
    expect(code).toBe(99);
    expect(stdout).toMatch(/✗ {2}all requests +p95 .*\+49.* worse/);
    expect(stdout).toContain("before  old-2  release=1");
    const written = JSON.parse(readFileSync(json, "utf8")) as { differences: { verdict: string }[] };
    expect(written.differences.map(({ verdict }) => verdict)).toContain("worse");
  });

  it("takes run files as well as ids, and passes where nothing became worse", async () => {
    const files = (names: string[]) => names.map((name) => join(runs, `${name}.db`)).join(",");
    const { code, stdout } = await plimsoll([
      "compare",
      files(["new-0", "new-1", "new-2"]),
      files(["old-0", "old-1", "old-2"]),
      "--fail-on",
      "regression",
    ]);
    expect({ code, better: stdout.includes("better") }).toEqual({ code: 0, better: true });
  });

  it("cannot tell by one run each, and says what would", async () => {
    const { code, stdout } = await plimsoll(["compare", "old-0", "new-0", "--fail-on", "regression", "--runs", runs]);
    expect(code).toBe(98);
    expect(stdout).toContain("compare groups of three runs or more");
    expect((await plimsoll(["compare", "old-0", "new-0", "--runs", runs])).code).toBe(0);
  });

  it.each([
    [["old-0"], "Expected two groups of runs, or one and --baseline key=value."],
    [["old-0", "old"], "old begins the ids of 3 runs"],
    [["old-0", "nothing"], "plimsoll runs"],
    [["old-0", "--baseline", "release=9"], "No run of shop light has the label release=9"],
    [["old-0", "--baseline", "release"], "Expected --baseline key=value"],
    [["old-0", "new-0", "--least", "much"], "Expected a share such as 5%."],
  ])("refuses %j with a sentence", async (args, sentence) => {
    const { code, stderr } = await plimsoll(["compare", ...args, "--runs", runs]);
    expect(code).toBe(104);
    expect(stderr).toContain(sentence);
  });
});

describe("plimsoll runs", () => {
  it("lists what is kept, the latest first, and nothing that is no run", async () => {
    const { stdout } = await plimsoll(["runs", "--runs", runs]);
    const ids = [...stdout.matchAll(/(old|new)-\d/g)].map(([id]) => id);
    expect(ids).toEqual(["new-2", "new-1", "new-0", "old-2", "old-1", "old-0"]);
    expect(stdout).toContain("release=2");
    expect((await plimsoll(["runs", "--runs", join(folder, "none")])).stdout).toContain("There are no runs here.");
  });

  it("deletes those that it is told to, after it has said so", async () => {
    expect((await plimsoll(["runs", "prune", "--runs", runs])).code).toBe(104);
    const dry = await plimsoll(["runs", "prune", "--keep", "4", "--dry-run", "--runs", runs]);
    expect(dry.stdout.match(/would delete/g)?.length).toBe(2);
    expect(readdirSync(runs).filter((name) => name.endsWith(".db")).length).toBe(7);
    await plimsoll(["runs", "prune", "--keep", "4", "--runs", runs]);
    expect(existsSync(join(runs, "old-1.db"))).toBe(false);
    // The run at hour 2 is older than six hours at hour 12; those from hour 10 on are not.
    const wallClock = () => plan.startedAt + 12 * HOUR_MS;
    await plimsoll(["runs", "prune", "--older-than", "6h", "--runs", runs], { wallClock });
    expect(
      readdirSync(runs)
        .filter((name) => /^(old|new).*\.db$/.test(name))
        .toSorted(),
    ).toEqual(["new-0.db", "new-1.db", "new-2.db"]);
  });
});
