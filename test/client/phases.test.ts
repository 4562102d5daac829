import { createServer as createHttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Exchange } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { type Phase, type PhaseHistograms, phases } from "../../src/client/phases.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import { ClassicBounds, Histogram } from "../../src/metrics/histogram.ts";
import { type Certificates, makeCertificates } from "../faults/certificates.ts";
import { exchanged } from "./exchanged.ts";

const SLOW_MS = 60;
const trusted = getCACertificates("default");
let certificates: Certificates;
let plain: Server;
let secure: Server;

const listen = (server: Server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  certificates = makeCertificates("canary");
  setDefaultCACertificates([...trusted, certificates.authority]);
  // The head comes late, and the end of the body later still.
  plain = createHttpServer((_, response) => {
    setTimeout(() => {
      response.writeHead(200, { "content-length": "2" }).write("a");
      setTimeout(() => response.end("b"), SLOW_MS);
    }, 2 * SLOW_MS);
  });
  secure = createSecureServer({ ...certificates.good, allowHTTP1: true }, (request, response) => {
    response.end(request.httpVersion);
  });
  await Promise.all([listen(plain), listen(secure)]);
});
afterAll(() => {
  setDefaultCACertificates(trusted);
  plain.close();
  secure.close();
});

async function exchanges(
  origin: string,
  count: number,
  http2 = false,
): Promise<{ phases: PhaseHistograms; last: Exchange; opened: number }> {
  const bounds = new ClassicBounds([1]);
  const histograms = Object.fromEntries(phases.map((phase) => [phase, new Histogram(bounds)])) as PhaseHistograms;
  const client = new HttpClient(new SystemClock(monotonicMs()), { phases: histograms, http2 });
  const session = client.open();
  let last: Exchange | undefined;
  for (let i = 0; i < count; i++) {
    last = await exchanged(session, {
      series: 0,
      intendedAt: 0,
      method: "GET",
      origin,
      path: "/",
      headers: [],
      body: undefined,
      wantBody: true,
      deadlineMs: 10_000,
    });
  }
  const result = { phases: histograms, last: { ...last } as Exchange, opened: client.connectionsOpened };
  const version = last?.protocolVersion ?? "";
  session.close();
  return { ...result, last: { ...result.last, body: last?.body, failure: last?.failure, protocolVersion: version } };
}

describe("the parts of an exchange", () => {
  it("are measured: of a new connection once, of each request each time", async () => {
    const { phases: parts } = await exchanges(`http://localhost:${portOf(plain)}`, 3);
    const counts = Object.fromEntries(phases.map((phase) => [phase, parts[phase].count]));
    expect(counts).toEqual({ dns: 1, connect: 1, tls: 0, send: 3, wait: 3, receive: 3 });
    const sum = (phase: Phase) => parts[phase].data().sum;
    // What is late in one part is taken from the next; together they are no shorter than what the server took.
    expect(sum("send") + sum("wait") + sum("receive")).toBeGreaterThan((3 * (3 * SLOW_MS - 3)) / 1000);
    expect(sum("wait")).toBeGreaterThan(sum("receive"));
  });

  it("tell TLS apart", async () => {
    const { phases: parts, last } = await exchanges(`https://127.0.0.1:${portOf(secure)}`, 2);
    expect(last.failure).toBeUndefined();
    expect([parts.dns.count, parts.connect.count, parts.tls.count]).toEqual([0, 1, 1]);
  });
});

describe("HTTP/2", () => {
  it("is never used by surprise", async () => {
    const { last } = await exchanges(`https://127.0.0.1:${portOf(secure)}`, 1);
    expect([last.body?.toString(), last.protocolVersion]).toEqual(["1.1", "1.1"]);
  });

  it("is used when asked for and the service takes it, on one connection", async () => {
    const { last, opened, phases: parts } = await exchanges(`https://127.0.0.1:${portOf(secure)}`, 3, true);
    expect(last.failure).toBeUndefined();
    expect([last.body?.toString(), last.protocolVersion]).toEqual(["2.0", "2"]);
    expect(opened).toBe(1);
    expect(parts.wait.count).toBe(3);
  });

  it("gives way to HTTP/1.1 where the service does not", async () => {
    const { last } = await exchanges(`http://127.0.0.1:${portOf(plain)}`, 1, true);
    expect([last.failure, last.protocolVersion]).toEqual([undefined, "1.1"]);
  });
});
