import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpClient } from "../../src/client/http.ts";
import { compileRequest } from "../../src/load/request.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { WorkerUniques } from "../../src/metrics/uniques.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { exchanged } from "../client/exchanged.ts";

interface Got {
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

const folder = mkdtempSync(join(tmpdir(), "request-"));
const bytes = Buffer.from([0, 1, 2, 254, 255, 13, 10, 45, 45]);
writeFileSync(join(folder, "photo.bin"), bytes);

/** Notes what it gets; `/hops/N` redirects N times, `/large` answers with 100 kB. */
const got: Got[] = [];
const server = createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { url = "", headers } = request;
  got.push({ url, headers, body: Buffer.concat(pieces) });
  const hops = Number(/^\/hops\/(\d+)$/.exec(url)?.[1] ?? 0);
  if (hops > 0) response.writeHead(302, { location: `/hops/${hops - 1}` }).end();
  else response.end(url === "/large" ? "x".repeat(100_000) : "{}");
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** Sends the one request of a scenario, as a user would. */
async function send(step: string, userClass = "") {
  const { port } = server.address() as AddressInfo;
  const text = `host: http://127.0.0.1:${port}\nusers:\n  U:\n${userClass}    tasks:\n      T: ${step.replace("PORT", String(port))}\n`;
  const environment = { SECRET_PASSWORD: "pass:word", SECRET_TOKEN: "t0ken" };
  const read = readScenario(join(folder, "s.yaml"), text, environment);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  const [first] = made.plan.loads[0]?.classes[0]?.tasks[0]?.steps ?? [];
  if (first?.kind !== "request") throw new Error("the task has one request");
  const aggregator = new Aggregator("0", new ClassicBounds([1]));
  const compiled = compileRequest(
    first,
    { user: "U", task: "T" },
    { aggregator, uniques: new WorkerUniques(aggregator), userAgent: "test", redact: (secret) => secret },
  );
  const scope = {
    variables: new Map<string, unknown>([["name", "Ada"]]),
    secret: (name: string) => environment[name as keyof typeof environment],
    random: () => 0,
    userNumber: 0,
    now: () => 0,
  };
  const session = new HttpClient(new SystemClock(monotonicMs())).open();
  got.length = 0;
  const exchange = await exchanged(session, compiled.request(scope, 0));
  session.close();
  return { exchange, plan: JSON.stringify(made.plan) };
}

describe("auth", () => {
  const basic = `Basic ${Buffer.from("ada:pass:word").toString("base64")}`;

  it.each([
    [`{ get: /, auth: { bearer: "\${SECRET_TOKEN}" } }`, "Bearer t0ken"],
    [`{ get: /, auth: { basic: { user: ada, password: "\${SECRET_PASSWORD}" } } }`, basic],
  ])("is the header it stands for: %s", async (step, header) => {
    const { plan } = await send(step);
    expect(got[0]?.headers.authorization).toBe(header);
    expect(plan).not.toMatch(/t0ken|pass:word/);
    expect(plan).not.toContain(basic.slice(6));
  });

  it("of a login in the URL is sent, and kept nowhere, unless the request has a header of its own", async () => {
    const { plan } = await send(`{ get: "http://ada:\${SECRET_PASSWORD}@127.0.0.1:PORT/x" }`);
    expect(got[0]).toMatchObject({ url: "/x", headers: { authorization: basic } });
    expect(plan).not.toMatch(/pass:word/);
    await send(`{ get: "http://ada:\${SECRET_PASSWORD}@127.0.0.1:PORT/", auth: { bearer: mine } }`);
    expect(got[0]?.headers.authorization).toBe("Bearer mine");
  });

  it("of a class is every request's, but for one that has its own", async () => {
    const ofClass = "    auth: { bearer: everyone }\n";
    await send("{ get: / }", ofClass);
    expect(got[0]?.headers.authorization).toBe("Bearer everyone");
    await send("{ get: /, auth: { bearer: mine } }", ofClass);
    expect(got[0]?.headers.authorization).toBe("Bearer mine");
  });
});

describe("a body", () => {
  it("of a file is its bytes", async () => {
    const { exchange } = await send("{ post: /, file: photo.bin }");
    expect(got[0]?.body).toEqual(bytes);
    expect(got[0]?.headers["content-type"]).toBe("application/octet-stream");
    expect(exchange.bytesOut).toBe(bytes.length);
  });

  it("in parts is read by others as the form that was written", async () => {
    const field = '"a\\"b\\r\\nc": "x"';
    await send(
      `{ post: /, multipart: { title: "Hello Ada", ${field}, photo: { file: photo.bin, name: 'me.bin', type: image/x } } }`,
    );
    const [{ body, headers } = { body: Buffer.alloc(0), headers: {} }] = got;
    // The platform's own reader of forms is the oracle.
    const form = await new Response(new Uint8Array(body), {
      headers: { "content-type": headers["content-type"] ?? "" },
    }).formData();
    expect(form.get("title")).toBe("Hello Ada");
    expect(form.get('a"b\r\nc')).toBe("x");
    const photo = form.get("photo");
    if (!(photo instanceof File)) throw new Error("expected a file");
    expect({ name: photo.name, type: photo.type }).toEqual({ name: "me.bin", type: "image/x" });
    expect(Buffer.from(await photo.arrayBuffer())).toEqual(bytes);
  });
});

describe("limits of a response", () => {
  it("follow as many redirects as the request says", async () => {
    expect((await send("{ get: /hops/3 }")).exchange).toMatchObject({ status: 200, failure: undefined });
    expect(got.map(({ url }) => url)).toEqual(["/hops/3", "/hops/2", "/hops/1", "/hops/0"]);
    expect((await send("{ get: /hops/3, redirects: 0 }")).exchange).toMatchObject({ status: 302, failure: undefined });
    expect(got.length).toBe(1);
    expect((await send("{ get: /hops/3, redirects: 2 }")).exchange.failure).toEqual({
      kind: "status",
      detail: "more than 2 redirects",
    });
    expect((await send("{ get: /hops/10 }")).exchange.failure).toBeUndefined();
    expect((await send("{ get: /hops/11 }")).exchange.failure?.detail).toBe("more than 10 redirects");
  });

  it("take a body of the size that the request says, and no larger one", async () => {
    expect((await send("{ get: /large, maxBytes: 100kB }")).exchange).toMatchObject({ bytesIn: 100_000 });
    const { exchange } = await send("{ get: /large, maxBytes: 50kB }");
    expect(exchange.failure).toEqual({ kind: "body_limit", detail: "the body exceeds 50000 bytes" });
  });
});
