import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { criteriaOf, judge } from "../../src/verdict/bench.ts";
import { parseThreshold, type Threshold } from "../../src/verdict/threshold.ts";
import { plimsoll } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

const seen = new Map<string, number>();
let most = 0;
let underway = 0;
const server = createServer((request, response) => {
  const url = request.url ?? "";
  seen.set(url, (seen.get(url) ?? 0) + 1);
  most = Math.max(most, ++underway);
  setImmediate(() => {
    underway--;
    response.writeHead(url === "/broken" ? 500 : 200).end();
  });
});
let host = "";
const file = join(folder, "shop.yaml");
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    file,
    `
name: shop
host: http://127.0.0.1:9
users:
  Visitor:
    wait: 1h
    start: [{ get: /start }]
    tasks: { List: { get: /list }, Look: { weight: 9, get: /look } }
  Admin: { fixedCount: 1, tasks: { List: { get: /admin } } }
thresholds: [p95(latency) target < 20s critical < 60s, "p99(latency{task=\\"List\\"}) < 1us", ratio(errors) < 1%]
`,
  );
  return () => void server.close();
});

async function bench(...args: string[]) {
  seen.clear();
  const ours = ["--runs", join(folder, "runs"), "--processes", "1"];
  return plimsoll(["bench", ...args, ...ours], { wallClock: Date.now });
}

describe("plimsoll bench", () => {
  it("does each task so many times, by so many users at once, and says so in the lines that scripts read", async () => {
    most = 0;
    const { code, stdout } = await bench(file, host, "--requests", "240", "--concurrent", "8");
    expect(Object.fromEntries(seen)).toEqual({ "/start": 16, "/list": 240, "/look": 240, "/admin": 240 });
    expect(most).toBeLessThanOrEqual(8);
    const lines = stdout.trimEnd().split("\n");
    const times = [/^ {3}Mean: \d+\.\d\dms$/, /^ {3}P95: \d+\.\d\dms$/, /^ {3}P99: \d+\.\d\dms$/];
    for (const [i, name] of ["Visitor › List", "Look", "Admin › List"].entries()) {
      const [title, concurrent, mean, p95, p99, failures, empty] = lines.slice(7 * i, 7 * i + 7);
      expect([title, concurrent, failures, empty]).toEqual([
        `${i + 1}. ${name}`,
        "   Concurrent Requests: 8",
        "   Failures: 0",
        "",
      ]);
      for (const [j, line] of [mean, p95, p99].entries()) expect(line).toMatch(times[j] as RegExp);
    }
    const criteria = lines.slice(21);
    expect(criteria.slice(0, 3)).toEqual(["Success Criteria:", "  P95 < 20000ms: ✓", "  Failures < 1%: ✓"]);
    // A generator that could not keep up says so, and passes nothing.
    expect(code).toBe(criteria.length > 3 ? 98 : 0);
    expect(readdirSync(join(folder, "runs")).filter((name) => name.endsWith(".db"))).toHaveLength(3);
  });

  it("of URLs has the usual criteria, and fails where one does not hold", async () => {
    const { code, stdout } = await bench(`${host}/look`, `${host}/broken`, "--requests", "50", "--concurrent", "5");
    expect(stdout).toMatch(/2\. GET http:\S+\/broken\n(.*\n){4} {3}Failures: 50\n/);
    expect(stdout).toMatch(/Failures < 1%: ✗ \(100 % in GET http:\S+\/broken\)/);
    expect(stdout).toMatch(/P99 < 1000ms: \? \(too few requests/);
    expect(code).toBe(99);
  });

  it.each([
    [["nonsense"], /Expected a scenario or URLs/],
    [[file, "http://127.0.0.1:1", "http://127.0.0.1:2"], /at most one URL/],
    [[file, "--requests", "5"], /fewer than --concurrent 50/],
  ])("%j is refused", async (args, says) => {
    const { code, stderr } = await bench(...args);
    expect([code, stderr]).toEqual([104, expect.stringMatching(says)]);
  });
});

describe("criteria", () => {
  const of = (...lines: string[]) =>
    criteriaOf(
      lines.map((line): Threshold => {
        const read = parseThreshold(line);
        if ("problem" in read) throw new Error(line);
        return read.threshold;
      }),
    ).map(({ what, limit }) => `${what.kind === "errors" ? "errors" : what.q} ${limit.operator} ${limit.text}`);

  it("are the scenario's, or the usual ones", () => {
    expect(of()).toEqual(["0.95 < 500ms", "0.99 < 1s", "errors < 1%"]);
    expect(of("p90(latency) target < 1s critical < 2s", "max(latency) < 1s", 'p95(latency{task="a"}) < 1s')).toEqual([
      "0.9 < 1s",
      "errors < 1%",
    ]);
    expect(of("ratio(errors) == 0")).toEqual(["0.95 < 500ms", "0.99 < 1s", "errors == 0"]);
  });

  it("without an answer hold for nobody", () => {
    expect(judge(criteriaOf([]), []).map(({ state }) => state)).toEqual(Array(3).fill("few_samples"));
  });
});
