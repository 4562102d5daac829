import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** Each write is a query of 200 ms: two connections do ten a second. */
const sizes = ["--pool", "2", "--hold-ms", "200", "--cpu-ms", "0", "--queue-workers", "50"];

const scenario = `
users:
  Writer: { tasks: { Create: { post: /api/tasks, json: { title: a }, expect: { status: 201 } } } }
profiles:
  ladder: { steps: { arrivals: 2/s..40/s, by: 4/s, for: 6s }, maxUsers: 500 }
watch:
  app: { prometheus: /metrics }
thresholds:
  - p95(latency) critical < 30s
  - max(db_pool_utilization_ratio) critical < 99% for 4s abort
`;

it("a target in danger ends the load: the verdict says by which threshold, the findings what gave way, the report the same", async () => {
  const target = await startPracticeTarget(...sizes);
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "ladder.yaml"), scenario);
  const args = ["run", "ladder.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const run = new Plimsoll(args, { folder });
  const { code, stdout, stderr } = await run.finished;
  expect(code, stdout + stderr).toBe(99);
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  expect(summary.verdict.breaches[0]).toMatch(/^aborted at \d+(\.\d)?s by max\(db_pool_utilization_ratio\)/);
  expect(stdout).toContain("Aborted by max(db_pool_utilization_ratio)");
  // The ladder would have gone on for 60 s and 1,320 arrivals.
  expect(summary.run.end - summary.run.start).toBeLessThan(55);
  expect(summary.totals.requests).toBeLessThan(1100);
  const broken = summary.thresholds.find(({ aborted }) => aborted !== undefined);
  expect(broken?.broken?.from).toBeLessThan(broken?.aborted ?? 0);
  expect(summary.findings.map(({ claim }) => claim).join("\n")).toMatch(/database pool gave way first/i);

  const again = reportOf(run.runFile());
  if (again.kind === "problem") throw new Error(again.message);
  expect(again.summary.findings).toEqual(summary.findings);
  expect(again.summary.signs).toEqual(summary.signs);
  expect(again.summary.verdict).toEqual(summary.verdict);
  const database = new DatabaseSync(run.runFile(), { readOnly: true });
  const claims = database.prepare("SELECT claim FROM finding").all();
  database.close();
  expect(claims.map(({ claim }) => claim)).toEqual(summary.findings.map(({ claim }) => claim));
});
