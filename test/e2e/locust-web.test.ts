import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "csv-parse/sync";
import { expect, it, onTestFinished } from "vitest";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const scenario = `
name: shop
host: http://localhost:9
users:
  Reader:
    weight: 3
    wait: 50ms
    tasks:
      List: { get: /api/tasks?limit=1 }
  Admin:
    wait: 50ms
    tasks:
      Missing: { get: /nothing }
`;

interface Stats {
  state: string;
  user_count: number;
  total_rps: number;
  fail_ratio: number;
  stats: { name: string; method: string; num_requests: number; num_failures: number; median_response_time: number }[];
  errors: { name: string; occurrences: number; first_seen: number }[];
}

/** As teams drive Locust from a script: paths, forms and fields are those of Locust's own page, and nothing else is known. */
class LocustClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async swarm(form: Record<string, string>): Promise<{ success: boolean; message: string }> {
    const response = await fetch(`${this.#url}/swarm`, { method: "POST", body: new URLSearchParams(form) });
    return (await response.json()) as { success: boolean; message: string };
  }

  async stats(): Promise<Stats> {
    return (await (await fetch(`${this.#url}/stats/requests`)).json()) as Stats;
  }

  /** Polls, as scripts do. */
  async until(what: (stats: Stats) => boolean): Promise<Stats> {
    for (;;) {
      const stats = await this.stats();
      if (what(stats)) return stats;
      await sleep(200);
    }
  }

  async text(path: string): Promise<string> {
    return await (await fetch(`${this.#url}${path}`)).text();
  }

  async csv(path: string): Promise<Record<string, string>[]> {
    return parse(await this.text(path), { columns: true }) as Record<string, string>[];
  }
}

it("a script for Locust's web interface works unchanged: start, poll, change, reset, stop, files", async () => {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "locustfile.yaml"), scenario);
  const run = new Plimsoll(["-f", "locustfile.yaml", "--web-port", "0"], { folder, env: { HOME: folder } });
  const [url] = await run.printed(/http:\/\/127\.0\.0\.1:\d+/);
  const locust = new LocustClient(url);

  expect(await locust.stats()).toMatchObject({ state: "ready", user_count: 0, errors: [] });
  const form = { user_count: "4", spawn_rate: "4", host: target.url, run_time: "5m" };
  expect(await locust.swarm(form)).toMatchObject({ success: true, message: "Swarming started" });
  const running = await locust.until(
    ({ state, stats }) => state === "running" && (stats.at(-1)?.num_requests ?? 0) > 20,
  );
  expect(running.user_count).toBe(4);
  expect(running.stats.map(({ name }) => name)).toEqual(["List", "Missing", "Aggregated"]);
  expect(running.fail_ratio).toBeGreaterThan(0);
  expect(running.errors).toHaveLength(1);
  expect(running.errors[0]?.first_seen).toBeGreaterThan(1.5e9);

  await locust.swarm({ user_count: "6", spawn_rate: "100" });
  expect((await locust.until(({ user_count }) => user_count === 6)).state).toBe("running");
  expect(await locust.text("/stats/reset")).toBe("ok");
  const counted = running.stats.at(-1)?.num_requests ?? 0;
  expect((await locust.stats()).stats.at(-1)?.num_requests).toBeLessThan(counted);

  expect(JSON.parse(await locust.text("/stop"))).toEqual({ success: true, message: "Test stopped" });
  const ended = await locust.until(({ state }) => state === "stopped");
  const byName = await locust.csv("/stats/requests/csv");
  expect(byName.map((row) => Number(row["Request Count"]))).toEqual(ended.stats.map((one) => one.num_requests));
  const failed = await locust.csv("/stats/failures/csv");
  expect(failed.map((row) => row["Name"])).toEqual(["Missing"]);
  expect(await locust.csv("/exceptions/csv")).toEqual([]);

  // What was reset is shown no more, but the run has it: its history counts from the start, and as the target counted.
  const history = await locust.csv("/stats/requests_full_history/csv");
  const last = history.findLast((row) => row["Name"] === "Aggregated");
  const onTarget = await target.requests();
  expect(Number(last?.["Total Request Count"])).toBe(onTarget.total);
  expect(await locust.text("/stats/report?download=1&theme=dark")).toMatch(
    /^<!doctype html>\n<html lang="en" data-theme="dark">/,
  );
  expect(JSON.parse(await locust.text("/tasks"))).toMatchObject({ per_class: { Reader: { ratio: 0.75 } } });
  expect(JSON.parse(await locust.text("/logs"))["master"].join("\n")).toContain("Ramping to 4 users");
  run.process.kill("SIGINT");
  await run.finished;
});
