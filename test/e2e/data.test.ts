import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { OtlpReceiver } from "../sinks/otlp-receiver.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** A service that tells what came, and answers as `answer` says. */
async function service(answer: (path: string, n: number) => { status?: number; body: string }) {
  const received: string[] = [];
  const enough = new Map<number, () => void>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { status = 200, body: said } = answer(request.url ?? "", received.length);
    received.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""} ${body}`.trim());
    enough.get(received.length)?.();
    response.writeHead(status, { "content-type": "application/json" }).end(said);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  /** Resolves when so many requests have come. */
  const seen = (count: number) => new Promise<void>((resolve) => enough.set(count, resolve));
  return { received, seen, host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function run(files: Record<string, string>, host: string, more: string[] = [], env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const args = [
    "run",
    "s.yaml",
    "--host",
    host,
    "--listen",
    "127.0.0.1:0",
    "--summary",
    "summary.json",
    "--linger",
    "10ms",
    ...more,
  ];
  const plimsoll = new Plimsoll(args, { folder, env });
  const summary = () => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  const events = () => {
    const database = new DatabaseSync(plimsoll.runFile(), { readOnly: true });
    const rows = database.prepare("SELECT kind, message FROM event ORDER BY at_ms").all();
    database.close();
    return rows.map(({ kind, message }) => `${kind} ${message}`);
  };
  return { plimsoll, folder, summary, events };
}

const scenario = (teardown = 'delete: "/shops/{{ shop }}"') => `
setup:
  - post: /shops
    capture: { shop: $.id, token: $.token }
teardown:
  - ${teardown}
    headers: { authorization: "Bearer {{ token }}" }
users:
  Buyer:
    wait: 200ms
    headers: { authorization: "Bearer {{ token }}" }
    tasks: { Look: { get: "/shops/{{ shop }}/look" } }
profiles: { p: { users: 2, spawnRate: 10/s, duration: 2s } }
`;

describe("setup and teardown", () => {
  it("run once, before and after the load, and are no part of it", async () => {
    const { received, host } = await service(() => ({ body: '{"id":7,"token":"canary-token"}' }));
    const { plimsoll, summary, events } = run({ "s.yaml": scenario() }, host, ["--processes", "2"]);
    const { code, stdout } = await plimsoll.finished;
    expect(code, stdout).toBe(exitCodeOf(summary()));
    expect(received[0]).toBe("POST /shops");
    expect(received.at(-1)).toBe("DELETE /shops/7 Bearer canary-token");
    const load = received.slice(1, -1);
    expect(new Set(load)).toEqual(new Set(["GET /shops/7/look Bearer canary-token"]));
    expect(summary().totals.requests).toBe(load.length);
    expect(events().map((event) => event.replace(/\d+ m?s/, "…"))).toEqual([
      "setup Setup: 1 request in ….",
      "teardown Teardown: 1 request in ….",
    ]);
    expect(stdout).toContain("Setup: 1 request in");
    expect(readFileSync(plimsoll.runFile(), "latin1") + stdout).not.toContain("canary");
  });

  it("that fails runs no load, passes nothing and still takes down what it made", async () => {
    const { received, host } = await service((path) => ({ status: path === "/shops" ? 500 : 200, body: "{}" }));
    const { plimsoll, summary } = run({ "s.yaml": scenario("delete: /shops") }, host);
    const { code, stdout } = await plimsoll.finished;
    expect(code, stdout).toBe(98);
    expect(received).toEqual(["POST /shops"]);
    expect(summary().verdict).toMatchObject({
      state: "inconclusive",
      reasons: ["setup failed, so that no load was run: POST /shops: expected a status below 400, got 500"],
    });
    expect(stdout).toContain("teardown failed: DELETE /shops: not sent: {{ token }} has no value");
    expect(stdout).not.toContain("is gone");
  });

  it("teardown runs after a stop, too, and its failure is a warning", async () => {
    const { received, seen, host } = await service((path) => ({
      status: path === "/gone" ? 404 : 200,
      body: '{"id":7,"token":"t"}',
    }));
    const text = scenario("delete: /gone").replace("duration: 2s", "duration: 60s");
    const looked = seen(8);
    const { plimsoll, summary } = run({ "s.yaml": text }, host);
    await looked;
    plimsoll.process.kill("SIGINT");
    const { code, stdout } = await plimsoll.finished;
    expect(code, stdout).toBe(105);
    expect(received.at(-1)).toBe("DELETE /gone Bearer t");
    expect(summary().verdict.warnings).toEqual(["teardown failed: DELETE /gone: expected a status below 400, got 404"]);
  });
});

describe("feeds", () => {
  it("give each of several workers' users its own row, and keep secret columns out of everything", async () => {
    const receiver = new OtlpReceiver();
    const endpoint = await receiver.listen();
    onTestFinished(() => receiver.close());
    const passwords = Array.from({ length: 6 }, (_, n) => `c4n4ry/+ =&?${n}`);
    const { received, seen, host } = await service((path, n) => ({
      status: n % 3 === 0 ? 500 : 200,
      body: JSON.stringify({ echo: decodeURIComponent(path) }),
    }));
    const text = `
feeds: { accounts: { csv: accounts.csv, order: unique } }
users:
  Buyer:
    wait: 100ms
    tasks:
      Login:
        post: "/login?user={{ accounts.name }}&p={{ accounts.password }}"
        json: { password: "{{ accounts.password }}" }
        expect: { json: { $.echo: "{{ accounts.name }}" } }
profiles: { p: { users: 8, spawnRate: 40/s, duration: 2s } }
traces: { sample: 100%, failed: true }
`;
    const csv = `name,password\r\n${passwords.map((password, n) => `u${n},"${password}"`).join("\r\n")}\r\n`;
    const looked = seen(40);
    const { plimsoll, folder, summary } = run({ "s.yaml": text, "accounts.csv": csv }, host, ["--processes", "3"], {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    });
    const url = await plimsoll.url();
    await looked;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const { code, stdout, stderr } = await plimsoll.finished;
    expect(code, stdout).toBe(99);
    // Six rows for eight users: two do not start, and nobody has another's row.
    const users = new Set(received.map((text) => /user=(u\d)/.exec(text)?.[1]));
    expect(users).toEqual(new Set(["u0", "u1", "u2", "u3", "u4", "u5"]));
    for (const text of received) {
      const n = Number(/user=u(\d)/.exec(text)?.[1]);
      expect(text).toContain(`{"password":"${passwords[n]}"}`);
    }
    expect(summary().totals.dropped).toBe(2);
    expect(summary().verdict.warnings.join()).toContain("2 users or iterations did not start");

    const kept = [
      readFileSync(plimsoll.runFile(), "latin1"),
      readFileSync(join(folder, "summary.json"), "utf8"),
      stdout + stderr,
      metrics,
      receiver.bodies.join("\n"),
    ];
    expect(receiver.bodies.length).toBeGreaterThan(0);
    expect(kept.join()).toContain("REDACTED");
    for (const text of kept) expect(text).not.toMatch(/c4n4ry|YzRuNHJ5/);
  });
});

describe("expect.unique", () => {
  const text = `
users:
  Buyer:
    wait: 50ms
    tasks: { Order: { post: /orders, expect: { unique: $.id } } }
profiles: { p: { users: 4, spawnRate: 40/s, duration: 3s } }
thresholds: [ratio(errors) < 90%]
`;

  it("holds across workers", async () => {
    const { received, host } = await service((_, n) => ({ body: JSON.stringify({ id: n }) }));
    const { plimsoll, summary } = run({ "s.yaml": text }, host, ["--processes", "2"]);
    const { code, stdout } = await plimsoll.finished;
    expect(code, stdout).toBe(exitCodeOf(summary()));
    expect(summary().totals.requests).toBe(received.length);
  });

  it("that is broken between workers fails the run, whatever thresholds admit", async () => {
    // Each value is given to two requests in a row, mostly of different workers.
    const { received, host } = await service((_, n) => ({ body: JSON.stringify({ id: Math.floor(n / 2) }) }));
    const { plimsoll, summary, events } = run({ "s.yaml": text }, host, ["--processes", "2"]);
    const { code, stdout } = await plimsoll.finished;
    expect(code, stdout).toBe(99);
    const duplicates = Math.floor(received.length / 2);
    const { verdict, totals } = summary();
    expect(verdict).toMatchObject({
      state: "failed",
      breaches: [`Order: ${duplicates} values of expect.unique came more than once`],
    });
    // Those that one worker saw twice failed their request; the others were found when the workers' values were compared.
    expect(totals.failures).toBeLessThan(duplicates);
    expect(events().some((event) => /^check .* of expect.unique came again in Order\.$/.test(event))).toBe(true);
  });
});
