import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { k6Load } from "../../src/cli/k6-load.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { UNTIL_STOPPED_MS } from "../../src/scenario/plan.ts";
import { makeCertificates } from "../faults/certificates.ts";
import { plimsoll, type Said } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "plimsoll-k6-"));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = file("shop.yaml");
writeFileSync(
  scenario,
  `
name: shop
host: \${BASE_URL:-http://127.0.0.1:9}
setup: [{ post: /setup }]
teardown: [{ post: /teardown }]
users:
  Visitor:
    headers: { authorization: "Bearer \${API_TOKEN:-none}" }
    tasks: { look: { get: /look } }
profiles:
  light: { users: 5, duration: 1s }
  heavy: { users: 50, duration: 1s, thresholds: [count(requests) > 1] }
thresholds:
  http_req_duration: ["max<60000"]
  http_req_duration{name:look}: ["max<0.000001"]
  http_req_failed: ["rate<=1"]
`,
);

/** What came, by method and path. */
let seen: IncomingMessage[] = [];
const server = createServer((request, response) => {
  seen.push(request);
  if (request.url === "/moved") return void response.end("{}");
  if (request.headers.authorization === "Bearer move") {
    return void response.writeHead(302, { location: "/moved" }).end();
  }
  response.writeHead(request.headers.authorization === "Bearer refuse" ? 403 : 200).end("{}");
});
const counted = (path: string) => seen.filter(({ url }) => url === path).length;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return () => void server.close();
});

interface Run extends Said {
  summary: Summary;
}

/** A run in this process, on a server of its own port. */
async function run(argv: string[], environment: Record<string, string> = {}): Promise<Run> {
  seen = [];
  const { port } = server.address() as AddressInfo;
  const ours = ["--listen", "0", "--runs", file("runs"), "--processes", "1", "--linger", "1ms"];
  const said = await plimsoll(
    ["run", scenario, "-e", `BASE_URL=http://127.0.0.1:${port}`, "--summary", file("summary.json"), ...ours, ...argv],
    { environment, wallClock: Date.now },
  );
  if (said.code === 104) throw new Error(said.stderr);
  return { ...said, summary: JSON.parse(readFileSync(file("summary.json"), "utf8")) as Summary };
}

describe("k6's load flags", () => {
  const held = (users: number) => ({ kind: "stages", stages: [{ users, overMs: 0, forMs: UNTIL_STOPPED_MS }] });
  it.each([
    ["a profile's load, where there are none", { duration: 30_000 }, undefined],
    ["--vus --duration", { vus: 50, duration: 30_000 }, held(50)],
    ["--vus alone", { vus: 10 }, { kind: "iterations", users: 10, iterations: 10, per: "run" }],
    ["--iterations alone", { iterations: 7 }, { kind: "iterations", users: 1, iterations: 7, per: "run" }],
    [
      "--vus --iterations --duration",
      { vus: 2, iterations: 7, duration: 1000 },
      { kind: "iterations", users: 2, iterations: 7, per: "run" },
    ],
    [
      "--stage, from 1",
      { stage: [{ users: 20, overMs: 30_000, forMs: 0 }] },
      {
        kind: "stages",
        stages: [
          { users: 1, overMs: 0, forMs: 0 },
          { users: 20, overMs: 30_000, forMs: 0 },
        ],
      },
    ],
    ["too few iterations", { vus: 5, iterations: 4 }, { problem: expect.stringContaining("--iterations 4") }],
    ["--stage with --duration", { stage: [], duration: 1 }, { problem: expect.stringContaining("--duration") }],
    ["--vus with --users", { vus: 5, users: 4 }, { problem: expect.stringContaining("--users") }],
  ])("%s", (_, flags, expected) => {
    expect(k6Load(flags)).toEqual(expected);
  });

  it("drive so many iterations as they say, whatever profiles there are", async () => {
    const { summary, stdout } = await run(["-u", "3", "-i", "12", "--quiet", "--tag", "team=shop"]);
    expect(counted("/look")).toBe(12);
    expect(summary.totals.iterations).toBe(12);
    expect(summary.run).toMatchObject({ profile: "default", labels: { team: "shop" } });
    expect([counted("/setup"), counted("/teardown")]).toEqual([1, 1]);
    expect(stdout).not.toContain("shared by");
    // A limit that cannot hold.
    expect(summary.verdict).toMatchObject({ state: "failed", exitCode: 99 });
  });

  it("take the place of a named profile's load alone: its thresholds hold", async () => {
    const { summary } = await run(["--profile", "heavy", "--iterations", "3"]);
    expect([summary.run.profile, summary.totals.iterations]).toEqual(["heavy", 3]);
    expect(summary.thresholds.map(({ expression }) => expression)).toContain("count(requests) > 1");
  });

  it("--vus alone is as many iterations", async () => {
    expect((await run([], { K6_VUS: "6" })).summary.totals.iterations).toBe(6);
  });

  it("all users of --vus are there from the start, and stages ramp", async () => {
    const { summary } = await run(["--vus", "4", "--duration", "1s", "--no-setup", "--no-teardown"]);
    expect(summary.totals.iterations).toBeGreaterThan(4);
    expect(counted("/setup") + counted("/teardown")).toBe(0);
    const ramp = await run(["--stage", "300ms:3,0s:1", "-s", "300ms"]);
    expect(ramp.summary.run.end - ramp.summary.run.start).toBeGreaterThan(0.59);
  });

  it("count before the variables, and of duration, iterations and stages all three", async () => {
    const both = { K6_ITERATIONS: "9", K6_VUS: "2", K6_DURATION: "1m" };
    expect((await run([], both)).summary.totals.iterations).toBe(9);
    expect((await run(["--iterations", "3"], both)).summary.totals.iterations).toBe(3);
    expect((await run(["--stage", "100ms:1"], both)).summary.run.end).toBeGreaterThan(0);
  });
});

describe("k6's other flags", () => {
  it("-e is the environment, also of secrets in workers", async () => {
    const { stdout, stderr } = await run(["-e", "API_TOKEN=s3cret-token", "--iterations", "2"]);
    const asked = seen.filter(({ url }) => url === "/look").map(({ headers }) => headers.authorization);
    expect(asked).toEqual(["Bearer s3cret-token", "Bearer s3cret-token"]);
    expect(stdout + stderr + readFileSync(file("summary.json"), "utf8")).not.toContain("s3cret");
  });

  it("--no-thresholds judges nothing, failed requests neither", async () => {
    const { code, summary } = await run(["--iterations", "2", "--no-thresholds", "-e", "API_TOKEN=refuse"]);
    expect(summary.totals.failures).toBe(2);
    expect(summary.thresholds).toEqual([]);
    expect([code, summary.verdict.state]).toEqual([summary.generator.trusted ? 0 : 98, expect.any(String)]);
    const report = await plimsoll(["report", join(file("runs"), `${summary.run.id}.db`)]);
    expect(report.code).toBe(code);
    expect((await run(["--iterations", "2"], { K6_NO_THRESHOLDS: "true" })).summary.thresholds).toEqual([]);
  });

  it("--max-redirects", async () => {
    await run(["--iterations", "1", "-e", "API_TOKEN=move"]);
    expect(counted("/moved")).toBe(1);
    await run(["--iterations", "1", "-e", "API_TOKEN=move"], { K6_MAX_REDIRECTS: "0" });
    expect(counted("/moved")).toBe(0);
  });

  it("--insecure-skip-tls-verify looks at no certificate", async () => {
    const { key, cert } = makeCertificates("canary").selfSigned;
    const secure = createSecureServer({ key, cert }, (_, response) => void response.end("{}"));
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const host = [
      "--host",
      `https://127.0.0.1:${(secure.address() as AddressInfo).port}`,
      "--no-setup",
      "--no-teardown",
    ];
    try {
      expect((await run(["--iterations", "2", ...host])).summary.totals.failures).toBe(2);
      const { summary } = await run(["--iterations", "2", ...host, "--insecure-skip-tls-verify"]);
      expect(summary.totals).toMatchObject({ requests: 2, failures: 0 });
    } finally {
      secure.close();
    }
  });

  it("--summary-export is of k6's present form: true is a threshold that did not hold", async () => {
    await run(["--iterations", "5", "--summary-export", file("deep/export.json")]);
    const { root_group, metrics } = JSON.parse(readFileSync(file("deep/export.json"), "utf8"));
    expect(root_group).toEqual({ name: "", path: "", id: "d41d8cd98f00b204e9800998ecf8427e", groups: {}, checks: {} });
    expect(metrics.iterations).toEqual({ count: 5, rate: expect.any(Number) });
    expect(metrics.http_reqs.count).toBe(5);
    expect(metrics.data_received.count).toBe(10);
    expect(metrics.vus_max).toEqual({ value: expect.any(Number), min: 1, max: 1 });
    expect(metrics.http_req_failed).toEqual({ passes: 0, fails: 5, value: 0, thresholds: { "rate<=1": false } });
    expect(Object.keys(metrics.http_req_duration)).toEqual(
      expect.arrayContaining(["avg", "min", "med", "max", "p(90)", "p(95)"]),
    );
    // Each of five requests has each part; of one user, only the first opened a connection.
    const parts = ["connecting", "tls_handshaking", "sending", "waiting", "receiving"].map(
      (part) => `http_req_${part}`,
    );
    for (const part of [...parts, "iteration_duration"]) {
      expect(Object.keys(metrics[part] ?? {}), part).toEqual(["avg", "min", "med", "max", "p(90)", "p(95)"]);
    }
    const { http_req_connecting: connecting, http_req_waiting: waiting, iteration_duration: iteration } = metrics;
    expect([connecting.min, metrics.http_req_tls_handshaking.max]).toEqual([0, 0]);
    expect(connecting.med).toBe(0);
    expect(connecting.max).toBeCloseTo(5 * connecting.avg, 6);
    expect(iteration.avg).toBeGreaterThanOrEqual(waiting.avg);
    expect(metrics.http_req_duration.thresholds).toEqual({ "max<60000": false });
    expect(metrics["http_req_duration{name:look}"]).toMatchObject({
      max: metrics.http_req_duration.max,
      thresholds: { "max<0.000001": true },
    });
  });

  it("--out json and csv are ours, and say so", async () => {
    const { stderr } = await run(["--iterations", "1", "--out", `csv=${file("out.csv")}`, "-o", "web-dashboard"]);
    expect(readFileSync(file("out_stats.csv"), "utf8")).toContain("Aggregated");
    expect(stderr).toContain("not one for each sample");
  });
});

it("abortOnFail ends the load where its limit breaks, but not before delayAbortEval", async () => {
  const aborting = file("abort.yaml");
  const { port } = server.address() as AddressInfo;
  const threshold = '{ threshold: "rate<0.01", abortOnFail: true, delayAbortEval: 1500ms }';
  writeFileSync(
    aborting,
    `
name: abort
host: http://127.0.0.1:${port}
users:
  Visitor:
    headers: { authorization: Bearer refuse }
    wait: 50ms
    tasks: { look: { get: /look } }
profiles: { light: { users: 1, duration: 60s } }
thresholds: { http_req_failed: [${threshold}] }
`,
  );
  const outputs = ["--summary", file("abort.json"), "--runs", file("runs"), "--listen", "0", "--linger", "1ms"];
  const { code } = await plimsoll(["run", aborting, ...outputs], { wallClock: Date.now });
  const { run, thresholds, verdict } = JSON.parse(readFileSync(file("abort.json"), "utf8")) as Summary;
  expect(code).toBe(99);
  expect(run.end - run.start).toBeLessThan(30);
  expect(thresholds[0]?.aborted).toBeGreaterThanOrEqual(1.5);
  expect(verdict.breaches[0]).toContain("http_req_failed: rate<0.01");
});

describe("what is not taken says what to do instead", () => {
  it.each([
    [["--out", "cloud"], /no cloud of ours/],
    [["--out", "csv"], /--out csv=FILE/],
    [["--out", "kafka=x"], /\/metrics/],
    [["--rps", "5"], /arrivals: 100\/s/],
    [["--paused"], /plimsoll -f FILE/],
    [["--stage", "x"], /30s:20/],
  ])("%j", async (flags, says) => {
    const { code, stderr } = await plimsoll(["run", scenario, ...flags]);
    expect(code).toBe(104);
    expect(stderr).toMatch(says);
  });

  it("all at once", async () => {
    const environment = { K6_VUS: "many", K6_NO_SETUP: "perhaps" };
    const { stderr } = await plimsoll(["run", scenario, "--rps", "1", "--batch", "2"], { environment });
    expect(stderr.match(/^(--rps|--batch|K6_VUS=many|K6_NO_SETUP=perhaps)/gm)).toHaveLength(4);
  });

  it.each([
    'import http from "k6/http";',
    'const http = require("k6/http");',
    "import { check } from 'k6';",
  ])("a script: %s", async (line) => {
    writeFileSync(file("script.js"), `${line}\nexport default function () {}\n`);
    const { code, stderr } = await plimsoll(["run", file("script.js")]);
    expect([code, stderr]).toEqual([104, expect.stringContaining("is a script of k6's")]);
  });
});
