import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const root = resolve(import.meta.dirname, "../..");

it("the package that would be published runs, with its schemas, examples and dashboards", async () => {
  const folder = temporaryFolder();
  // `npm pack` builds it first.
  execFileSync("npm", ["pack", "--pack-destination", folder, "--loglevel", "error"], { cwd: root, stdio: "pipe" });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  execFileSync("tar", ["xzf", `plimsoll-${version}.tgz`], { cwd: folder });
  const published = join(folder, "package");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const schema of ["scenario", "summary"]) {
    expect(JSON.parse(readFileSync(join(published, `dist/${schema}.schema.json`), "utf8"))).toHaveProperty(
      "properties",
    );
  }
  readFileSync(join(published, "grafana/dashboards/load-vs-server.json"));

  const program = join(published, "dist/main.js");
  const boards = await new Plimsoll(["dashboards", "boards"], { folder, program }).finished;
  expect([boards.code, boards.stderr]).toEqual([0, ""]);
  readFileSync(join(folder, "boards/load-vs-server.json"));
  const rules = await new Plimsoll(["rules", join(published, "examples/demo/demo.yaml")], { folder, program }).finished;
  expect(rules.stdout).toContain("SLOErrorBudgetBurnFast");

  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const work = join(folder, "work");
  mkdirSync(work);
  const example = join(published, "examples/demo/demo.yaml");
  const args = ["run", example, "--host", target.url, "--listen", "127.0.0.1:0", "--users", "10", "--spawn-rate", "10"];
  const run = new Plimsoll([...args, "--duration", "3s"], { folder: work, program });
  const { stdout, stderr } = await run.finished;
  const { total } = await target.requests();
  expect(total, stdout + stderr).toBeGreaterThan(20);
  expect(stdout).toMatch(new RegExp(`${total} requests`));
});
