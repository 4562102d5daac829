import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { plimsoll } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "plimsoll-suite-"));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const server = createServer((_, response) => void response.end());
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  writeFileSync(
    path("shop.yaml"),
    `
name: shop
host: http://127.0.0.1:${(server.address() as AddressInfo).port}
users:
  Visitor: { wait: 50ms, tasks: { look: { get: /look } } }
profiles:
  light: { users: 2, spawnRate: 100/s, duration: 400ms }
  strict: { users: 3, spawnRate: 100/s, duration: 400ms, thresholds: [max(latency) < 1us] }
  heavy: { users: 4, spawnRate: 100/s, duration: 400ms }
thresholds: [count(requests) > 0]
`,
  );
  return () => void server.close();
});

interface Together {
  exitCode: number;
  notRun: string[];
  runs: Summary[];
}

async function suite(...args: string[]) {
  const ours = ["--runs", path("runs"), "--processes", "1", "--listen", "0", "--linger", "1ms", "--rest", "0s"];
  const files = ["--json", path("all/suite.json"), "--markdown", path("all/suite.md")];
  const said = await plimsoll(["suite", path("shop.yaml"), ...args, ...ours, ...files], { wallClock: Date.now });
  const together =
    said.code === 104 ? undefined : (JSON.parse(readFileSync(path("all/suite.json"), "utf8")) as Together);
  return { ...said, ...together };
}

describe("plimsoll suite", () => {
  it("runs all profiles in the file's order, and gives the worst of their exit codes", async () => {
    const names = ["--html", path("report_{u}users.html"), "--csv", path("{profile}/stats_{u}users")];
    const { code, stdout, runs = [], exitCode, notRun } = await suite(...names);
    expect(runs.map(({ run }) => run.profile)).toEqual(["light", "strict", "heavy"]);
    expect([code, exitCode, notRun]).toEqual([99, 99, []]);
    for (const [i, before] of runs.slice(0, -1).entries()) {
      expect(runs[i + 1]?.run.start).toBeGreaterThanOrEqual(before.run.end);
    }
    for (const file of ["report_2users.html", "report_4users.html", "light/stats_2users_stats.csv"]) {
      expect(existsSync(path(file)), file).toBe(true);
    }
    const table = stdout.slice(stdout.indexOf("shop: all profiles"));
    expect(table).toMatch(/✗ +strict +failed/);
    expect(table).toMatch(/strict: max\(latency\) < 1us/);
    expect(table).toMatch(/exit code 99\s*$/);
    expect(readFileSync(path("all/suite.md"), "utf8")).toMatch(
      /^# ❌ shop: all profiles\n\n\| profile .*\n.*\n\| light /,
    );
  });

  it("runs the profiles that are named, and stops at one that failed if asked", async () => {
    const chosen = await suite("heavy", "light");
    expect(chosen.runs?.map(({ run }) => run.profile)).toEqual(["heavy", "light"]);
    expect(chosen.code).toBe(Math.max(...(chosen.runs ?? []).map(({ verdict }) => verdict.exitCode)));
    const stopped = await suite("strict", "light", "heavy", "--stop-on-failure");
    expect([stopped.code, stopped.notRun]).toEqual([99, ["light", "heavy"]]);
    expect(stopped.stdout).toMatch(/not run: light, heavy/);
  });

  it("is stopped by a signal while it rests", async () => {
    let listeners = 0;
    // The first to listen is the run, the second the rest after it.
    const onSignal = (fn: (signal: string) => void) => {
      if (++listeners === 2) setImmediate(fn, "SIGINT");
      return () => {};
    };
    const args = ["suite", path("shop.yaml"), "light", "heavy", "--rest", "10m", "--listen", "0", "--linger", "1ms"];
    const { code, stdout } = await plimsoll([...args, "--runs", path("runs")], { wallClock: Date.now, onSignal });
    expect(code, stdout).toBe(105);
    expect(stdout).toMatch(/Resting for 10 min\.\n/);
    expect(stdout).toMatch(/not run: heavy/);
  });

  it("says what is wrong before any is run", async () => {
    expect(await suite("light", "hevy")).toMatchObject({
      code: 104,
      stdout: "",
      stderr: expect.stringContaining("heavy"),
    });
    const same = await suite("--html", path("report.html"));
    expect(same).toMatchObject({ code: 104, stdout: "", stderr: expect.stringContaining("{profile}") });
  });
});
