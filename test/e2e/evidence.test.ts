import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { createCollector } from "../../src/target/collector.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { program } from "../services.ts";
import { testDeps } from "../target/conformance.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { PostgresServer } from "./postgres-server.ts";

const scenario = `
name: evidence
users:
  Reader: { wait: 20ms, tasks: { List: { get: "/api/tasks?limit=1" } } }
profiles:
  short: { users: 8, spawnRate: 2/s, duration: 8s }
watch:
  app: { prometheus: /metrics }
  log: { logs: app.log }
traces: { slowerThan: 0ms }
thresholds:
  - max(http_connections) target < 4 critical < 5
`;

describe("a limit that breaks", () => {
  it("keeps what logs and traces have to show, in run file, summary and report, without secrets", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, "evidence.yaml"), scenario);
    writeFileSync(join(folder, "app.log"), "INFO before the run\n");
    const args = ["run", "evidence.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--linger", "1ms"];
    const run = new Plimsoll([...args, "--summary", "summary.json"], { folder });
    await run.url();
    const log = setInterval(() => appendFileSync(join(folder, "app.log"), "ERROR pay failed password=canary\n"), 50);
    onTestFinished(() => clearInterval(log));
    const { code, stdout } = await run.finished;
    expect(code, stdout).toBe(99);

    const { evidence = [] } = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
    expect(evidence.at(-1)).toMatchObject({
      thresholds: ["max(http_connections) target < 4 critical < 5"],
      level: "critical",
    });
    const shown = new Map(evidence.flatMap((one) => one.shown).map(({ title, lines }) => [title, lines]));
    expect(shown.get("last log lines")?.at(-1)).toContain("ERROR pay failed password=REDACTED");
    expect(shown.get("slowest traced requests")?.[0]).toMatch(/^\d\.\d{3} s {2}GET List {2}200 {2}trace [0-9a-f]{32}$/);
    expect(stdout).toContain("password=REDACTED");

    const report = reportOf(run.runFile());
    expect(report.kind === "report" && report.summary.evidence).toEqual(evidence);
    for (const text of [stdout, JSON.stringify(evidence), readFileSync(run.runFile(), "latin1")]) {
      expect(text).not.toContain("canary");
    }
  });
});

describe.runIf(program("postgres"))("a database in which one waits for another", () => {
  it("shows who waits, for what and for whom, and no value", async () => {
    const server = await PostgresServer.start(temporaryFolder());
    await server.sql("create table account (id int primary key, email text); insert into account values (1, 'old')");
    const holder = server.sql("begin; update account set email = 'first@x.org' where id = 1; select pg_sleep(60)");
    while ((await server.sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")) === "0");
    const waiter = server.sql("update account set email = 'second@x.org' where id = 1");
    // They end with the server.
    for (const one of [holder, waiter]) one.catch(() => {});
    while ((await server.sql("select count(*) from pg_locks where not granted")) === "0");
    const source = { kind: "postgres", name: "db", everyMs: 1000, timeoutMs: 5000 } as const;
    const collector = createCollector({ ...source, url: server.url, metrics: [] }, testDeps().deps);
    onTestFinished(() => collector.close());
    const [shown] = (await collector.evidence?.(AbortSignal.timeout(20_000))) ?? [];
    const text = shown?.lines.join("\n") ?? "";
    expect(text).toMatch(/pid (\d+) {2}active {2}waits for Timeout: PgSleep {2}.*select pg_sleep\(\?\)/);
    const holding = /pid (\d+) {2}active {2}waits for Timeout/.exec(text)?.[1];
    expect(text).toContain(
      `waits for Lock: transactionid  blocked by ${holding}  update account set email = ? where id = ?`,
    );
    expect(text).not.toContain("@x.org");
  });
});
