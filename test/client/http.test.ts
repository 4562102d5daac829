import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Exchange, Request } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import { exchanged } from "./exchanged.ts";
import { afterTest, listening } from "./listening.ts";

const listen = async (server: Server) => `http://127.0.0.1:${await listening(server)}`;

const http = (listener: RequestListener) => listen(createHttpServer(listener));
/** A server that does as it likes with what arrives. */
const raw = (onData: (socket: Socket) => void) =>
  listen(createTcpServer((socket) => socket.once("data", () => onData(socket))));

function session() {
  const client = new HttpClient(new SystemClock(monotonicMs()));
  const opened = client.open();
  afterTest(() => opened.close());
  return { client, opened };
}

function request(origin: string, path = "/", more: Partial<Request> = {}): Request {
  const fixed = {
    series: 0,
    intendedAt: 0,
    method: "GET",
    headers: [],
    body: undefined,
    wantBody: false,
    deadlineMs: 10_000,
  };
  return { ...fixed, origin, path, ...more };
}

const send = (origin: string, path?: string, more?: Partial<Request>): Promise<Exchange> =>
  exchanged(session().opened, request(origin, path, more));

describe("an exchange", () => {
  it("that finds nobody may be followed by the next from where it is told", async () => {
    const closed = createTcpServer();
    const origin = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const { opened, client } = session();
    const kinds: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      const next = () =>
        opened.send(request(origin), ({ failure }) => {
          kinds.push(failure?.kind);
          if (kinds.length < 5) next();
          else resolve();
        });
      next();
    });
    expect(kinds).toEqual(Array(5).fill("connect_refused"));
    expect(client.inflight).toBe(0);
  });

  it("tells its status, its bytes and its times in order", async () => {
    const origin = await http((_, response) => response.writeHead(201, { "x-a": "1" }).end("hello"));
    const exchange = await send(origin, "/", { method: "POST", body: "ab", wantBody: true });
    expect(exchange).toMatchObject({ status: 201, bytesIn: 5, bytesOut: 2, failure: undefined });
    expect(exchange.body?.toString()).toBe("hello");
    expect(exchange.headers["x-a"]).toBe("1");
    expect(exchange.endedAt).toBeGreaterThanOrEqual(exchange.startedAt);
  });

  it("lets a body go that is not wanted, and counts its bytes", async () => {
    const origin = await http((_, response) => response.end("x".repeat(1_000_000)));
    expect(await send(origin)).toMatchObject({ bytesIn: 1_000_000, body: undefined });
  });

  it("uses one connection for all requests of a user, and another for another user", async () => {
    const ports: (number | undefined)[] = [];
    const origin = await http((incoming, response) => {
      ports.push(incoming.socket.remotePort);
      response.end();
    });
    const { client, opened } = session();
    for (let i = 0; i < 3; i++) await exchanged(opened, request(origin));
    const other = client.open();
    afterTest(() => other.close());
    await exchanged(other, request(origin));
    expect(new Set(ports.slice(0, 3)).size).toBe(1);
    expect(ports[3]).not.toBe(ports[0]);
    expect(client.connectionsOpened).toBe(2);
  });

  it("keeps a user's cookies to itself and sends them back", async () => {
    const seen: (string | undefined)[] = [];
    const origin = await http((incoming, response) => {
      seen.push(incoming.headers.cookie);
      response.setHeader("set-cookie", ["session=abc; Path=/", "theme=dark; Path=/other"]).end();
    });
    const { client, opened } = session();
    await exchanged(opened, request(origin));
    await exchanged(opened, request(origin));
    const other = client.open();
    afterTest(() => other.close());
    await exchanged(other, request(origin));
    expect(seen).toEqual([undefined, "session=abc", undefined]);
  });

  it("goes over connections of its own beside others of the user, with the same cookies, and ends with them", async () => {
    const seen: { port: number | undefined; cookie: string | undefined }[] = [];
    const both = Promise.withResolvers<void>();
    const origin = await http((incoming, response) => {
      seen.push({ port: incoming.socket.remotePort, cookie: incoming.headers.cookie });
      if (incoming.url === "/login") response.writeHead(200, { "set-cookie": "a=1" }).end();
      else if (incoming.url === "/hang") return;
      else {
        // Both are under way at the same time, or neither is ever answered.
        if (seen.length === 3) both.resolve();
        void both.promise.then(() => response.writeHead(200, { "set-cookie": `from=${incoming.url?.slice(1)}` }).end());
      }
    });
    const { client, opened } = session();
    const fork = opened.fork();
    await exchanged(fork, request(origin, "/login"));
    await Promise.all([exchanged(opened, request(origin, "/one")), exchanged(fork, request(origin, "/two"))]);
    expect(seen.map(({ cookie }) => cookie)).toEqual([undefined, "a=1", "a=1"]);
    expect(new Set(seen.map(({ port }) => port)).size).toBe(2);
    expect(client.connectionsOpen).toBe(2);
    const hanging = exchanged(fork, request(origin, "/hang"));
    opened.close();
    expect((await hanging).failure).toMatchObject({ kind: "aborted" });
  });

  it("keeps a body that comes in many pieces", async () => {
    const pieces = Array.from({ length: 2_000 }, (_, n) => `${n},`.repeat(50));
    const origin = await http((_, response) => {
      for (const piece of pieces) response.write(piece);
      response.end();
    });
    expect((await send(origin, "/", { wantBody: true })).body?.toString()).toBe(pieces.join(""));
  });

  it("decodes a body that is wanted", async () => {
    const origin = await http((_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync('{"a":1}')));
    expect((await send(origin, "/", { wantBody: true })).body?.toString()).toBe('{"a":1}');
  });
});

describe("redirects", () => {
  it("are followed as one sample, the last one's, and turn a POST into a GET as browsers do", async () => {
    const seen: string[] = [];
    const origin = await http((incoming: IncomingMessage, response) => {
      seen.push(`${incoming.method} ${incoming.url} ${incoming.headers["content-type"] ?? "-"}`);
      if (incoming.url === "/a") response.writeHead(302, { location: "/b?x=1" }).end();
      else if (incoming.url === "/b?x=1") response.writeHead(308, { location: "c" }).end();
      else response.end("done");
    });
    const headers = ["content-type", "text/plain"];
    const exchange = await send(origin, "/a", { method: "POST", body: "x", headers, wantBody: true });
    expect(exchange).toMatchObject({ status: 200, failure: undefined });
    expect(exchange.body?.toString()).toBe("done");
    expect(seen).toEqual(["POST /a text/plain", "GET /b?x=1 -", "GET /c -"]);
  });

  it("end after ten", async () => {
    let count = 0;
    const origin = await http((_, response) => {
      count++;
      response.writeHead(302, { location: "/again" }).end();
    });
    expect((await send(origin)).failure).toEqual({ kind: "status", detail: "more than 10 redirects" });
    expect(count).toBe(11);
  });

  it("to ever new origins leave no connection to each", async () => {
    let next = 0;
    const origins: string[] = [];
    for (let i = 0; i < 40; i++) {
      origins.push(
        await http((_, response) => response.writeHead(302, { location: `${origins[++next % 40]}/` }).end()),
      );
    }
    const { client, opened } = session();
    for (let i = 0; i < 5; i++) await exchanged(opened, request(origins[next % 40] as string));
    expect(client.connectionsOpened).toBeGreaterThanOrEqual(40);
    await expect.poll(() => client.connectionsOpen).toBeLessThanOrEqual(32);
    expect(client.connectionsOpen).toBeGreaterThan(20);
  });

  it("take no credentials to another origin", async () => {
    const seen: unknown[] = [];
    const other = await http((incoming, response) => {
      seen.push(incoming.headers.authorization);
      response.end();
    });
    const origin = await http((_, response) => response.writeHead(302, { location: `${other}/` }).end());
    await send(origin, "/", { headers: ["authorization", "Bearer abc"] });
    expect(seen).toEqual([undefined]);
  });
});

/** The faults of a target, each with its name, are in test/faults. */
describe("a request fails", () => {
  it("when one of its headers cannot be sent, and the connection is kept", async () => {
    const origin = await http((_, response) => response.end());
    const { client, opened } = session();
    await exchanged(opened, request(origin));
    const exchange = await exchanged(opened, request(origin, "/", { headers: ["x", "a\r\nb: c"] }));
    expect(exchange.failure).toEqual({ kind: "unknown", detail: "UND_ERR_INVALID_ARG: invalid x header" });
    expect((await exchanged(opened, request(origin))).failure).toBeUndefined();
    expect(client.connectionsOpened).toBe(1);
  });

  it("as reset, not as stale, when its connection is the first to another origin", async () => {
    const other = await raw((socket) => socket.resetAndDestroy());
    const origin = await http((_, response) => response.writeHead(302, { location: `${other}/` }).end());
    const { opened } = session();
    await exchanged(opened, request(origin));
    expect((await exchanged(opened, request(origin))).failure).toEqual({
      kind: "reset",
      detail: "ECONNRESET before a response",
    });
  });

  it("as reset, not as stale, when the connection that had served was closed and this is another", async () => {
    let connections = 0;
    const origin = await raw((socket) => {
      if (++connections === 1) socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      else socket.resetAndDestroy();
    });
    const { opened } = session();
    expect((await exchanged(opened, request(origin))).failure).toBeUndefined();
    expect((await exchanged(opened, request(origin))).failure).toEqual({
      kind: "reset",
      detail: "ECONNRESET before a response",
    });
  });

  it("when its user is ended, and so does what comes after", async () => {
    const arrived = Promise.withResolvers<void>();
    const origin = await http(() => arrived.resolve());
    const { client, opened } = session();
    const exchange = exchanged(opened, request(origin));
    await arrived.promise;
    expect(client.inflight).toBe(1);
    opened.close();
    expect((await exchange).failure?.kind).toBe("aborted");
    expect((await exchanged(opened, request(origin))).failure?.kind).toBe("aborted");
    expect(client.inflight).toBe(0);
  });
});
