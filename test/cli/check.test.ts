import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plimsoll } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "plimsoll-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What came, in order. */
let seen: string[] = [];
let broken = "";
const server = createServer((request, response) => {
  seen.push(`${request.method} ${request.url}`);
  response.writeHead(request.url === broken ? 500 : 200);
  response.end(JSON.stringify({ token: "t0ken-of-service", id: 17, pool: { used: 3 } }));
});
let file = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  file = scenario("shop.yaml", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () => void server.close();
});

function scenario(name: string, host: string, more = ""): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `
name: shop
host: ${host}
feeds: { words: { rows: [{ word: boat }] } }
setup: [{ post: /setup, capture: { shop: $.id } }]
teardown: [{ post: /teardown }]
users:
  Buyer:
    wait: 1h
    weight: 3
    headers: { authorization: "Bearer \${API_TOKEN}" }
    start: [{ post: /login, capture: { token: $.token } }]
    stop: [{ post: /logout }]
    tasks:
      Browse: { weight: 3, get: "/shops/{{ shop }}/{{ words.word }}", expect: { status: 200, json: { $.id: { min: 1 } } } }
      Order:
        steps:
          - post: /orders
            capture: { order: $.id }
          - get: "/orders/{{ order }}"
            name: /orders/:id
profiles:
  light: { users: 10, spawnRate: 10/s, duration: 5m }
  open: { arrivals: 80/min, duration: 5m, thresholds: [ratio(errors) < 5%] }
watch: { pool: { json: /status, metrics: { db_pool_overflow: $.pool.used } } }
thresholds: [p95(latency) < 1s]
${more}`,
  );
  return path;
}

const environment = { API_TOKEN: "s3cret-of-environment" };

describe("plimsoll check", () => {
  it("prints what a scenario would do, and asks nobody", async () => {
    seen = [];
    const { code, stdout } = await plimsoll(["check", file], { environment });
    expect(code).toBe(0);
    for (const line of [
      /light +10 users within 1 s, held for 4\.98 min/,
      /open +80 arrivals\/min for 5 min/,
      /Buyer +weight 3, waits 60 min, start: POST \/login, stop: POST \/logout/,
      /3 +75 % +Browse +GET \/shops\/\{\{ shop \}\}/,
      /1 +25 % +Order +POST \/orders; GET \/orders/,
      /setup +POST \/setup/,
      /words +1 row, sequential +word/,
      /pool +json +http:\/\/127\.0\.0\.1:\d+\/status +every 1 s/,
      /p95\(latency\) < 1s$/m,
      /ratio\(errors\) < 5% +in open$/m,
      /API_TOKEN +set/,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).not.toContain("s3cret");
    expect(seen).toEqual([]);
    const unset = await plimsoll(["check", file], { environment: { API_TOKEN: "" } });
    expect(unset.stdout).toMatch(/API_TOKEN +not set/);
  });

  it("tells all that is wrong at once", async () => {
    const wrong = scenario("wrong.yaml", "localhost", "thresholdz: []\n");
    const { code, stderr } = await plimsoll(["check", wrong], { environment });
    expect(code).toBe(104);
    expect(stderr).toContain("thresholdz");
    expect(stderr).toMatch(/host|http/);
    expect((await plimsoll(["check", file, "-p", "lihgt"], { environment })).stderr).toContain("light");
  });

  it("--once does each task once, with setup, start and stop, and looks at each source", async () => {
    [seen, broken] = [[], ""];
    const { code, stdout } = await plimsoll(["check", file, "--once"], { environment, wallClock: Date.now });
    expect(seen).toEqual([
      "GET /status",
      "POST /setup",
      "POST /login",
      "GET /shops/17/boat",
      "POST /orders",
      "GET /orders/17",
      "POST /logout",
      "POST /teardown",
    ]);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/✓ pool +json +db_pool_overflow 3/);
    expect(stdout).toMatch(/✓ 1 request .*captured shop = 17/);
    expect(stdout).toMatch(/Buyer › Browse\n +✓ GET http:\S+\/shops\/17\/boat +200 .*status 200; \$\.id min 1/);
    expect(stdout).toMatch(/captured order = 17/);
    expect(stdout).toMatch(/captured token = REDACTED/);
    expect(stdout).not.toMatch(/s3cret|t0ken/);
  });

  it("--once says what failed, and does no tasks of a user whose start failed", async () => {
    [seen, broken] = [[], "/orders"];
    const tasks = await plimsoll(["check", file, "--once"], { environment, wallClock: Date.now });
    expect(tasks.code).toBe(99);
    expect(tasks.stdout).toMatch(/✗ POST \S+\/orders +500 .*expected a status below 400/);
    expect(seen).toContain("POST /logout");
    expect(seen).not.toContain("GET /orders/17");
    [seen, broken] = [[], "/login"];
    const start = await plimsoll(["check", file, "--once"], { environment, wallClock: Date.now });
    expect(start.code).toBe(99);
    expect(seen).toEqual(["GET /status", "POST /setup", "POST /login", "POST /teardown"]);
  });
});
