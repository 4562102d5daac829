import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { program } from "../services.ts";
import { OtlpReceiver } from "../sinks/otlp-receiver.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { PostgresServer } from "./postgres-server.ts";
import { RedisServer } from "./redis-server.ts";

const file = resolve(import.meta.dirname, "../../examples/boss-workflow/boss-workflow.yaml");

/** What the guide watches with psql and redis-cli, beside the service itself. */
const watched = [program("postgres"), program("redis-server")].every((path) => path !== undefined);

/** The guide's `light` profile, cut to 20 s. */
async function light(...flags: string[]): Promise<{ code: number | NodeJS.Signals; stdout: string; summary: Summary }> {
  const target = await startPracticeTarget(...flags);
  const receiver = new OtlpReceiver();
  const endpoint = await receiver.listen();
  onTestFinished(async () => {
    await target.stop();
    await receiver.close();
  });
  const folder = temporaryFolder();
  const [postgres, redis] = await Promise.all([
    PostgresServer.start(temporaryFolder()),
    RedisServer.start(temporaryFolder()),
  ]);
  const args = ["run", file, "--profile", "light", "--duration", "20s", "--summary", "summary.json"];
  const run = new Plimsoll([...args, "--listen", "127.0.0.1:0"], {
    folder,
    env: {
      LOAD_TEST_HOST: target.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
    },
  });
  const { code, stdout } = await run.finished;
  return { code, stdout, summary: JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary };
}

const stateOf = (summary: Summary, start: string) =>
  summary.thresholds.filter(({ expression }) => expression.startsWith(start)).map(({ state }) => state);

describe.runIf(watched)("Boss Workflow's light profile", () => {
  it("passes on a healthy service, judged by pool, cache and latency", async () => {
    const { code, stdout, summary } = await light();
    expect(code, stdout).toBe(exitCodeOf(summary));
    for (const start of [
      "p95(latency)",
      "p99(latency)",
      "ratio(errors)",
      "rate(requests)",
      "max(db_pool_overflow)",
      "avg(cache_hit_ratio)",
    ]) {
      expect(stateOf(summary, start), start).not.toEqual([]);
      expect(new Set(stateOf(summary, start)), `${start}\n${stdout}`).toEqual(new Set(["ok"]));
    }
    const users = new Set(summary.requests.map(({ user }) => user));
    expect(users).toEqual(new Set(["BossWorkflowUser", "AdminUser"]));
  });

  it("fails where pool and cache are what the guide warns of", async () => {
    const weak = ["--pool", "1", "--max-overflow", "2", "--hold-ms", "150", "--cache-ttl-ms", "1"];
    const { code, stdout, summary } = await light(...weak);
    expect(code, stdout).toBe(99);
    expect(stateOf(summary, "max(db_pool_overflow)"), stdout).toContain("broken");
    expect(stateOf(summary, "avg(cache_hit_ratio)"), stdout).toContain("broken");
  });
});
