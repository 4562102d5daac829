import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Exchange, Request } from "../../src/client/client.ts";
import { HttpClient, type HttpOptions } from "../../src/client/http.ts";
import { httpOptions } from "../../src/client/settings.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { HttpPlan } from "../../src/scenario/plan.ts";
import type { Template } from "../../src/scenario/plan-request.ts";
import { makeCertificates } from "../faults/certificates.ts";
import { exchanged } from "./exchanged.ts";
import { afterTest, listening } from "./listening.ts";

const certificates = makeCertificates("canary");
const folder = mkdtempSync(join(tmpdir(), "settings-"));
afterAll(() => rmSync(folder, { recursive: true }));
const keyFile = join(folder, "client.key");
writeFileSync(keyFile, certificates.good.key);

/** A service over TLS; with `asks` it lets nobody in without a certificate of the authority. */
async function secure(identity = certificates.good, asks = false): Promise<string> {
  const server = createHttpsServer(
    { ...identity, ...(asks ? { requestCert: true, ca: certificates.authority } : {}) },
    (_, response) => response.end("in"),
  );
  return `https://127.0.0.1:${await listening(server)}`;
}

/** What a proxy was asked for. */
interface Asked {
  target: string;
  authorization: string | undefined;
}

async function proxy(answer = "HTTP/1.1 200 Connection established\r\n\r\n"): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const note = ({ url = "", headers }: IncomingMessage) =>
    asked.push({ target: url, authorization: headers["proxy-authorization"] });
  const server: HttpServer = createHttpServer((request, response) => {
    note(request);
    response.end("by proxy");
  });
  server.on("connect", (request, socket) => {
    note(request);
    socket.on("error", () => {});
    if (!answer.includes(" 200 ")) return socket.end(answer);
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      socket.write(answer);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    afterTest(() => onward.destroy());
    return undefined;
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, asked };
}

function send(origin: string, options: HttpOptions, path = "/a?b=c"): Promise<Exchange> {
  const session = new HttpClient(new SystemClock(monotonicMs()), options).open();
  afterTest(() => session.close());
  const request: Request = {
    series: 0,
    intendedAt: 0,
    method: "GET",
    origin,
    path,
    headers: [],
    body: undefined,
    wantBody: true,
    deadlineMs: 10_000,
  };
  return exchanged(session, request);
}

const plain: HttpPlan = { version2: false, timings: "whole" };
const settings = (more: Partial<HttpPlan>, secrets: Record<string, string> = {}) =>
  httpOptions(
    { ...plain, ...more },
    (name) => secrets[name] ?? "",
    (time) => time,
  );

describe("TLS", () => {
  it("trusts an authority that the scenario names, and nobody else it does not know", async () => {
    const origin = await secure();
    expect((await send(origin, settings({}))).failure?.kind).toBe("tls");
    const known = settings({ tls: { insecure: false, ca: certificates.authority } });
    expect(await send(origin, known)).toMatchObject({ status: 200, failure: undefined });
    expect((await send(await secure(certificates.unknown), known)).failure?.kind).toBe("tls");
  });

  it("looks at no certificate where it is told so", async () => {
    for (const identity of [certificates.selfSigned, certificates.expired, certificates.elsewhere]) {
      const exchange = await send(await secure(identity), settings({ tls: { insecure: true } }));
      expect(exchange).toMatchObject({ status: 200, failure: undefined });
    }
  });

  it("shows the client's certificate, its key read by who uses it", async () => {
    const origin = await secure(certificates.good, true);
    const ca = certificates.authority;
    expect((await send(origin, settings({ tls: { insecure: false, ca } }))).failure).toBeDefined();
    const own = settings({ tls: { insecure: false, ca, cert: certificates.good.cert, keyFile } });
    expect(await send(origin, own)).toMatchObject({ status: 200, failure: undefined });
  });
});

describe("a proxy", () => {
  it("is told the whole URL of a plain request, with the login of its own URL", async () => {
    const { url: address, asked } = await proxy();
    const url: Template = ["http://user:", { kind: "secret", name: "PROXY_PASSWORD" }, address.replace("http://", "@")];
    const options = settings({ proxy: { url, except: [] } }, { PROXY_PASSWORD: "pass" });
    const exchange = await send("http://service.test:81", options);
    expect(exchange).toMatchObject({ status: 200, failure: undefined });
    expect(exchange.body?.toString()).toBe("by proxy");
    const authorization = `Basic ${Buffer.from("user:pass").toString("base64")}`;
    expect(asked).toEqual([{ target: "http://service.test:81/a?b=c", authorization }]);
  });

  it("lets TLS through a tunnel and sees nothing of it", async () => {
    const { url: address, asked } = await proxy();
    const origin = await secure();
    const options = settings({
      proxy: { url: address, except: [] },
      tls: { insecure: false, ca: certificates.authority },
    });
    const exchange = await send(origin, options);
    expect(exchange).toMatchObject({ status: 200, failure: undefined });
    expect(exchange.body?.toString()).toBe("in");
    expect(asked).toEqual([{ target: origin.replace("https://", ""), authorization: undefined }]);
  });

  it.each([
    ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy wants a login (407), or another one"],
    ["HTTP/1.1 503 canary\r\nx: canary\r\n\r\n", "the proxy refused CONNECT with 503"],
    ["SSH-2.0 canary\r\n\r\n", "the proxy does not speak HTTP"],
    ["", "the proxy closed the connection at CONNECT"],
    ["x".repeat(40_000), "the proxy answered CONNECT with too long a head"],
  ])("that answers CONNECT with %.40j is a named failure", async (answer, detail) => {
    const { url: address } = await proxy(answer);
    const exchange = await send("https://service.test", settings({ proxy: { url: address, except: [] } }));
    expect(exchange.failure).toEqual({ kind: "connect_refused", detail });
  });

  it("is left out for the hosts that are excepted", async () => {
    const { url: address, asked } = await proxy();
    const server = createHttpServer((_, response) => response.end("straight"));
    const origin = `http://127.0.0.1:${await listening(server)}`;
    const exchange = await send(origin, settings({ proxy: { url: address, except: ["localhost", "127.0.0.1"] } }));
    expect(exchange.body?.toString()).toBe("straight");
    expect(asked).toEqual([]);
  });
});
