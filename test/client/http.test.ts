import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { Exchange, Request } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

const http = (listener: RequestListener) => listen(createHttpServer(listener));
/** A server that does as it likes with what arrives. */
const raw = (onData: (socket: Socket) => void) =>
  listen(createTcpServer((socket) => socket.once("data", () => onData(socket))));

function session() {
  const client = new HttpClient(new SystemClock(monotonicMs()));
  const opened = client.open();
  closers.push(() => opened.close());
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
  session().opened.send(request(origin, path, more));

describe("an exchange", () => {
  it("tells its status, its bytes and its times in order", async () => {
    const origin = await http((_, response) => response.writeHead(201, { "x-a": "1" }).end("hello"));
    const exchange = await send(origin, "/", { method: "POST", body: "ab", wantBody: true });
    expect(exchange).toMatchObject({ status: 201, bytesIn: 5, bytesOut: 2, failure: undefined });
    expect(exchange.body?.toString()).toBe("hello");
    expect(exchange.headers["x-a"]).toBe("1");
    expect(exchange.firstByteAt).toBeGreaterThanOrEqual(exchange.startedAt);
    expect(exchange.endedAt).toBeGreaterThanOrEqual(exchange.firstByteAt ?? Number.NaN);
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
    for (let i = 0; i < 3; i++) await opened.send(request(origin));
    const other = client.open();
    closers.push(() => other.close());
    await other.send(request(origin));
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
    await opened.send(request(origin));
    await opened.send(request(origin));
    const other = client.open();
    closers.push(() => other.close());
    await other.send(request(origin));
    expect(seen).toEqual([undefined, "session=abc", undefined]);
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

describe("a failure has its own kind", () => {
  const faults: [name: string, kind: string, detail: RegExp, origin: () => Promise<string>, more?: Partial<Request>][] =
    [
      ["a name that does not resolve", "dns", /ENOTFOUND|EAI_AGAIN/, async () => "http://no-such-host.invalid"],
      ["a port where nobody listens", "connect_refused", /ECONNREFUSED/, async () => "http://127.0.0.1:1"],
      ["a connection reset before an answer", "reset", /ECONNRESET/, () => raw((socket) => socket.resetAndDestroy())],
      ["a connection closed before an answer", "closed_early", /UND_ERR_SOCKET/, () => raw((socket) => socket.end())],
      [
        "a body that ends before its length",
        "closed_early",
        /./,
        () => raw((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")),
      ],
      [
        "an answer that is not HTTP",
        "protocol",
        /Expected HTTP/,
        () => raw((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")),
      ],
      [
        "headers without end",
        "headers_overflow",
        /./,
        () => raw((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(100_000)}\r\n`)),
      ],
      ["no answer in time", "deadline", /^no response within 200 ms$/, () => raw(() => {}), { deadlineMs: 200 }],
      [
        "an answer that does not end in time",
        "deadline",
        /^the response was not complete within 200 ms$/,
        () => raw((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")),
        { deadlineMs: 200 },
      ],
      [
        "a body too large to look at",
        "body_limit",
        /exceeds 10485760 bytes/,
        () => http((_, response) => response.end(Buffer.alloc(11 * 1024 * 1024))),
        { wantBody: true },
      ],
      [
        "a small body that hides a large one",
        "body_limit",
        /the decoded body exceeds/,
        () =>
          http((_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(50_000_000)))),
        { wantBody: true },
      ],
      [
        "a body that is not what its encoding says",
        "decode",
        /not valid gzip/,
        () => http((_, response) => response.setHeader("content-encoding", "gzip").end("plain")),
        { wantBody: true },
      ],
    ];

  it.each(faults)("%s: %s", async (_, kind, detail, origin, more) => {
    const exchange = await send(await origin(), "/", more);
    expect(exchange.failure).toEqual({ kind, detail: expect.stringMatching(detail) });
    expect(exchange.endedAt).toBeGreaterThanOrEqual(exchange.startedAt);
  });

  it("also when a header cannot be sent", async () => {
    const origin = await http((_, response) => response.end());
    const exchange = await send(origin, "/", { headers: ["x", "a\r\nb: c"] });
    expect(exchange.failure?.kind).toBe("unknown");
    expect(exchange.failure?.detail).toContain("UND_ERR_INVALID_ARG");
  });

  it("a connection that went stale is a reset, not tried again", async () => {
    let requests = 0;
    const origin = await listen(
      createTcpServer((socket) =>
        socket.on("data", () => {
          requests++;
          if (requests === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
          else socket.resetAndDestroy();
        }),
      ),
    );
    const { opened } = session();
    expect((await opened.send(request(origin))).failure).toBeUndefined();
    expect((await opened.send(request(origin))).failure).toEqual({ kind: "reset", detail: "stale_connection" });
    expect(requests).toBe(2);
  });

  it("what is under way when its user is ended is aborted, and so is what comes after", async () => {
    const arrived = Promise.withResolvers<void>();
    const origin = await http(() => arrived.resolve());
    const { client, opened } = session();
    const exchange = opened.send(request(origin));
    await arrived.promise;
    expect(client.inflight).toBe(1);
    opened.close();
    expect((await exchange).failure?.kind).toBe("aborted");
    expect((await opened.send(request(origin))).failure?.kind).toBe("aborted");
    expect(client.inflight).toBe(0);
  });

  it("and the next request of the same user goes on as if nothing had happened", async () => {
    let first = true;
    const origin = await http((_, response) => {
      if (first) response.socket?.resetAndDestroy();
      else response.end("ok");
      first = false;
    });
    const { opened } = session();
    expect((await opened.send(request(origin))).failure?.kind).toBe("reset");
    expect(await opened.send(request(origin))).toMatchObject({ status: 200, failure: undefined });
  });
});
