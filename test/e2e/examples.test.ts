import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { guides } from "../guides/commands.ts";
import { inLanes } from "./lanes.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const folder = resolve(import.meta.dirname, "../../examples");
/** Those of the guides have a test of their own, and so has the demo. */
const others = [...guides, "demo"];
const examples = globSync("*/*.{yaml,ts}", { cwd: folder }).filter(
  (file) => !others.includes(file.split("/")[0] ?? ""),
);

/** The flags for each of its profiles; a TypeScript scenario has but one. */
function profilesOf(file: string): string[][] {
  if (file.endsWith(".ts")) return [[]];
  const { profiles } = parse(readFileSync(join(folder, file), "utf8")) as { profiles: Record<string, object> };
  return Object.keys(profiles).map((name) => ["--profile", name]);
}

describe("the examples that teach", () => {
  /** One profile of an example, on a target of its own. */
  async function runOf(file: string, profile: string[]): Promise<void> {
    const target = await startPracticeTarget("--weak", "none", "--ai-ms", "20");
    try {
      const at = temporaryFolder();
      const args = ["run", join(folder, file), ...profile, "--host", target.url, "--duration", "4s"];
      const { code, stdout } = await new Plimsoll([...args, "--listen", "127.0.0.1:0", "--summary", "s.json"], {
        folder: at,
      }).finished;
      const summary = JSON.parse(readFileSync(join(at, "s.json"), "utf8")) as Summary;
      expect(code, stdout).toBe(summary.verdict.exitCode);
      expect(summary.totals.failures, stdout).toBe(0);
      // How long an answer takes on a busy machine is not the example's fault.
      expect(
        summary.verdict.breaches.filter((breach) => !breach.startsWith("p95(latency)")),
        stdout,
      ).toEqual([]);
      expect(summary.totals.requests).toBeGreaterThan(20);
      expect(summary.totals.requests).toBe((await target.requests()).total);
    } finally {
      await target.stop();
    }
  }

  it("run against the practice target, each profile for a few seconds", async () => {
    const runs = examples.flatMap((file) => profilesOf(file).map((profile) => ({ file, profile })));
    await inLanes(2, runs, ({ file, profile }) => runOf(file, profile));
  });

  it("are some", () => {
    expect(examples.length).toBeGreaterThan(1);
  });
});
