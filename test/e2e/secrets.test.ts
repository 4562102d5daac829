import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { OtlpReceiver } from "../sinks/otlp-receiver.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** Odd characters, so that each encoding of it differs from the others. */
const CANARY = "c4n4ry/+ =&?secret";

const scenario = `
name: secrets
users:
  U:
    wait: 100ms
    headers: { authorization: "Bearer \${API_TOKEN}" }
    start:
      - post: /login
        json: { password: "\${LOGIN_PASSWORD}" }
    tasks:
      Header: { get: /header }
      Query: { get: "/query?key=\${API_TOKEN}" }
      Form: { post: /form, form: { token: "\${API_TOKEN}" } }
      Expected: { get: /body, expect: { body: "\${API_TOKEN}" } }
      Unreachable: { get: "http://127.0.0.1:1/?key=\${API_TOKEN}" }
watch:
  app:
    json: /health
    headers: { x-api-key: "\${API_TOKEN}" }
    metrics: { queue_depth: $.depth }
  broken:
    json: "http://127.0.0.1:1/?key=\${API_TOKEN}"
    metrics: { db_pool_overflow: $.overflow }
profiles: { short: { users: 5, spawnRate: 10/s, duration: 3s } }
traces: { sample: 100%, failed: true }
`;

it("no secret is in run file, summary, output, /metrics or traces, whatever fails", async () => {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    received.push(`${request.url} ${JSON.stringify(request.headers)} ${body}`);
    response.statusCode = request.url === "/form" ? 500 : 200;
    response.end('{"depth":1}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver = new OtlpReceiver();
  const endpoint = await receiver.listen();
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await receiver.close();
  });
  const folder = temporaryFolder();
  writeFileSync(join(folder, "secrets.yaml"), scenario);
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = ["run", "secrets.yaml", "--host", host, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const run = new Plimsoll(args, {
    folder,
    env: { API_TOKEN: CANARY, LOGIN_PASSWORD: CANARY, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  });
  const url = await run.url();
  await run.printed(/Source broken|broken/);
  const metrics: string[] = [];
  for (const accept of ["text/plain", "application/openmetrics-text"]) {
    metrics.push(await (await fetch(`${url}/metrics`, { headers: { accept } })).text());
  }
  const { code, stdout, stderr } = await run.finished;
  expect(code, stdout).toBe(99);
  const reported = await new Plimsoll(["report", run.runFile()], { folder }).finished;

  // It was sent where it was meant to go.
  expect(received.some((text) => text.includes(`"authorization":"Bearer ${CANARY}"`))).toBe(true);
  expect(received.some((text) => text.includes(`"x-api-key":"${CANARY}"`))).toBe(true);
  expect(received.some((text) => text.includes(`{"password":"${CANARY}"}`))).toBe(true);
  expect(receiver.bodies.length).toBeGreaterThan(0);

  const outputs = {
    "run file": readFileSync(run.runFile(), "latin1"),
    summary: readFileSync(join(folder, "summary.json"), "utf8"),
    output: stdout + stderr,
    report: reported.stdout + reported.stderr,
    metrics: metrics.join("\n"),
    traces: receiver.bodies.join("\n"),
  };
  const encodings = [
    CANARY,
    encodeURIComponent(CANARY),
    encodeURI(CANARY),
    new URLSearchParams({ a: CANARY }).toString().slice(2),
    Buffer.from(CANARY).toString("base64").replace(/=+$/, ""),
    Buffer.from(`Bearer ${CANARY}`).toString("base64").replace(/=+$/, ""),
    JSON.stringify(CANARY).slice(1, -1),
    "c4n4ry",
  ];
  for (const [name, text] of Object.entries(outputs)) {
    expect(text.length, name).toBeGreaterThan(100);
    for (const encoded of encodings) expect(text.includes(encoded), `${name} holds ${encoded}`).toBe(false);
  }
});
