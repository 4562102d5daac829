import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, it, onTestFinished } from "vitest";
import { program } from "../services.ts";
import { loaded } from "./locust-ground.ts";
import { exitCodeOf } from "./plimsoll.ts";

/** The same users in Locust's words. */
const locustfile = `
from locust import FastHttpUser, constant, task

class Reader(FastHttpUser):
    weight = 3
    wait_time = constant(1)

    @task(3)
    def list(self):
        self.client.get("/api/tasks?limit=1", name="List")

    @task
    def health(self):
        self.client.get("/health", name="Health")

class Admin(FastHttpUser):
    wait_time = constant(1)

    @task
    def latest(self):
        self.client.get("/api/tasks?limit=2", name="Latest")
`;

type Rows = Record<string, string>[];

function csv(folder: string, prefix: string, name: string): { header: string[]; rows: Rows; lineEnds: boolean } {
  const text = readFileSync(join(folder, `${prefix}_${name}.csv`), "utf8");
  const [header = []] = parse(text, { to: 1 }) as string[][];
  return { header, rows: parse(text, { columns: true }) as Rows, lineEnds: /\r\n$/.test(text) };
}

const locust = program("locust");

describe.runIf(locust)("beside a real Locust, with the same users, waits and target", () => {
  it("the same command line counts the same, in files that the same script reads", async () => {
    const { target, folder, plimsoll, summary } = await loaded();
    writeFileSync(join(folder, "locustfile.py"), locustfile);
    const flags = ["--host", target.url, "--headless", "-u", "40", "-r", "40", "-t", "10s", "--only-summary"];
    const theirs = spawn(locust ?? "", ["-f", "locustfile.py", ...flags, "--csv", "locust/x"], {
      cwd: folder,
      env: { ...process.env, HOME: folder },
      stdio: "ignore",
    });
    onTestFinished(() => void theirs.kill("SIGKILL"));
    expect((await once(theirs, "exit"))[0]).toBe(0);
    const counted = (await target.requests()).total;
    const { code, stderr } = await plimsoll([...flags, "--csv", "plimsoll/x", "--summary", "summary.json", "-P", "0"])
      .finished;
    expect(code, stderr).toBe(exitCodeOf(summary()));

    for (const name of ["stats", "stats_history", "failures", "exceptions"]) {
      const [theirFile, ourFile] = [csv(folder, "locust/x", name), csv(folder, "plimsoll/x", name)];
      expect([name, ourFile.header, ourFile.lineEnds]).toEqual([name, theirFile.header, theirFile.lineEnds]);
    }
    const [theirRows, ourRows] = ["locust/x", "plimsoll/x"].map((prefix) => csv(folder, prefix, "stats").rows);
    const names = (rows: Rows = []) => rows.map((row) => [row["Type"], row["Name"]]);
    expect(names(ourRows)).toEqual(names(theirRows));
    expect(names(ourRows).map(([, name]) => name)).toEqual(["Health", "Latest", "List", "Aggregated"]);

    // Each side's file says what the target saw.
    const count = (rows: Rows = [], name = "Aggregated") =>
      Number(rows.find((row) => row["Name"] === name)?.["Request Count"]);
    expect(count(ourRows)).toBe((await target.requests()).total - counted);
    expect(count(theirRows)).toBeLessThanOrEqual(counted);
    // 40 users, each with a request and a pause of 1 s in turn for 10 s: 400 / (1 + R) requests, by each side's own mean
    // response time R, which a busy machine moves. Tasks are drawn: their shares of n requests have a standard error of
    // sqrt(p (1 - p) / n), 0.025 at most; five of them for the difference of two.
    const cycles = (rows: Rows = []) => {
      const total = rows.find((row) => row["Name"] === "Aggregated");
      return count(rows) * (1 + Number(total?.["Average Response Time"]) / 1000);
    };
    expect(cycles(ourRows) / cycles(theirRows)).toBeGreaterThan(0.8);
    expect(cycles(ourRows) / cycles(theirRows)).toBeLessThan(1.25);
    for (const name of ["Health", "Latest", "List"]) {
      const [ours, others] = [ourRows, theirRows].map((rows) => count(rows, name) / count(rows));
      expect(Math.abs((ours ?? 0) - (others ?? 0)), name).toBeLessThan(0.025 * Math.SQRT2 * 5);
    }
  });
});
