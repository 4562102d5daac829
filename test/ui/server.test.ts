import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { guard, isLoopback } from "../../src/ui/guard.ts";
import { DEFAULT_LISTEN, type Server, type ServerOptions, startServer } from "../../src/ui/server.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { apiSources } from "./api-sources.ts";
import { Recorder } from "./recorder.ts";

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(changes: Partial<ServerOptions> = {}) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const server = await startServer({
    listen: { host: "127.0.0.1", port: 0 },
    metrics: async (accept) => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", body: `# ${accept}\n` }),
    title: () => "shop",
    ...apiSources(),
    clock,
    onError: (error) => errors.push(error),
    ...changes,
  });
  if (server.kind === "problem") return { problem: server.message };
  closers.push(() => server.close());
  return { server, clock, errors };
}

async function started(changes: Partial<ServerOptions> = {}) {
  const { server, clock, errors, problem } = await start(changes);
  if (server === undefined) throw new Error(problem);
  return { server, clock, errors };
}

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One request on a connection of its own, with exactly these headers. */
async function ask(
  server: { url: string },
  path = "/",
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const outgoing = request(`${server.url}${path}`, { method, headers, agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  let body = "";
  response.setEncoding("utf8");
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

/** What following the events is answered with; they never end. */
async function eventsStatus(server: { url: string }, headers: Record<string, string>): Promise<number | undefined> {
  const outgoing = request(`${server.url}/api/v1/events`, { headers, agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  outgoing.destroy();
  return response.statusCode;
}

async function occupied(): Promise<number> {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  closers.push(() => new Promise((resolve) => other.close(resolve)));
  const address = other.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("listening", () => {
  it.each([
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "192.168.1.5",
    "example.com",
    "localhost.evil.com",
    "",
  ])("on %j, which others may reach, is refused with a sentence", async (host) => {
    const { problem } = await start({ listen: { host, port: 0 } });
    expect(problem).toContain(`Cannot listen on ${host}:`);
    expect(problem).toContain("Use 127.0.0.1");
  });

  it.each(["127.0.0.1", "localhost"])("on %s is what was asked for", async (host) => {
    const { server } = await started({ listen: { host, port: 0 } });
    expect((await ask(server, "/healthz")).body).toBe("ok\n");
    expect(server.notice).toBeUndefined();
    expect(server.url).toBe(`http://${server.address}`);
  });

  it("on a port that was asked for and is taken is a problem", async () => {
    const port = await occupied();
    const { problem } = await start({ listen: { host: "127.0.0.1", port } });
    expect(problem).toBe(
      `Cannot listen on 127.0.0.1:${port}: another program does already. Stop it, or choose another port.`,
    );
  });

  it("by default takes 8089, or a free port and says so", async () => {
    const first = await started({ listen: undefined });
    const second = await started({ listen: undefined });
    expect(second.server.address).not.toBe(first.server.address);
    expect(second.server.address).not.toBe(`127.0.0.1:${DEFAULT_LISTEN.port}`);
    expect(second.server.notice).toBe(`Port 8089 is taken. Serving on ${second.server.url} instead.`);
    expect((await ask(second.server, "/healthz")).status).toBe(200);
  });

  it.each([
    ["127.0.0.1", true],
    ["127.8.9.1", true],
    ["::1", true],
    ["[::1]", true],
    ["0:0:0:0:0:0:0:1", true],
    ["::ffff:127.0.0.1", true],
    ["LOCALHOST", true],
    ["0.0.0.0", false],
    ["::", false],
    ["::ffff:10.0.0.1", false],
    ["128.0.0.1", false],
    ["127.0.0.1.evil.com", false],
    ["127.evil.com", false],
    ["localhost.evil.com", false],
    ["evil.localhost", false],
    ["127.1", false],
    ["", false],
  ])("knows whether %j is loopback: %s", (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});

describe("what is served", () => {
  it.each([
    ["/api/v1/runs/%E0%A4%A", 400],
    ["/api/v1/runs/%E0%A4%A/summary", 400],
    ["/api/v1/nothing", 404],
  ])("at %s is no bug of ours, and is refused in the API's own way", async (path, status) => {
    const { server, errors } = await started();
    const answer = await ask(server, path);
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/json; charset=utf-8"]);
    expect(JSON.parse(answer.body)).toEqual({ message: expect.any(String) });
    expect(errors).toEqual([]);
  });

  it("is /metrics, in the format that Accept asks for", async () => {
    const { server } = await started();
    const { status, headers, body } = await ask(server, "/metrics", { accept: "application/openmetrics-text" });
    expect({ status, body }).toEqual({ status: 200, body: "# application/openmetrics-text\n" });
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(headers["vary"]).toBe("Accept");
    expect((await ask(server, "/metrics")).body).toBe("# undefined\n");
  });

  it("is a page that names the run and runs nothing, whatever the name", async () => {
    const name = `<script>alert("1")</script><img src=x onerror='a()'>&amp;`;
    const { server } = await started({ title: () => name });
    const { status, headers, body } = await ask(server);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(body).toContain("&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;");
    expect(body.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/assets/page.js">']);
    expect(body).not.toMatch(/<img|onerror='/);
    expect(body).toContain('<a href="/metrics">');
  });

  it("is nothing else", async () => {
    const { server, errors } = await started();
    for (const path of ["/nothing", "/%", "/metrics/x", "/..%2f..%2fetc/passwd"]) {
      expect((await ask(server, path)).status, path).toBe(404);
    }
    expect(errors).toEqual([]);
  });

  it("tells no stack when it fails, but whoever runs it", async () => {
    const bug = new Error("a bug at /home/somebody");
    const { server, errors } = await started({ metrics: () => Promise.reject(bug) });
    const { status, body } = await ask(server, "/metrics");
    expect({ status, body }).toEqual({
      status: 500,
      body: "Plimsoll could not answer: that is a bug of its own.\n",
    });
    expect(errors).toEqual([bug]);
    expect(server.lastScrapes.size).toBe(0);
  });
});

describe("a server of metrics only", () => {
  it("shows no page", async () => {
    const { server } = await started({ metricsOnly: true });
    expect((await ask(server, "/")).status).toBe(404);
    expect((await ask(server, "/healthz")).status).toBe(200);
  });

  it("may listen where other machines reach it", async () => {
    // An address for documentation (RFC 5737), which no machine has: asked for, not refused.
    const { problem } = await start({ metricsOnly: true, listen: { host: "192.0.2.1", port: 9100 } });
    expect(problem).toContain("Cannot listen on 192.0.2.1:9100: this machine has no such address.");
  });

  it("answers to any name there, and to nobody's page", async () => {
    const http = express()
      .use(
        guard({ listenHost: undefined, changeable: false, token: undefined }),
        (_request, response) => void response.end("metrics"),
      )
      .listen(0, "127.0.0.1");
    await once(http, "listening");
    closers.push(() => new Promise((resolve) => http.close(resolve)));
    const url = { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
    expect((await ask(url, "/", { host: "generator.lan:9100" })).status).toBe(200);
    expect((await ask(url, "/", {}, "POST")).status).toBe(405);
    expect((await ask(url, "/", { origin: "http://evil.com" })).status).toBe(403);
    expect((await ask(url, "/", { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });

  it("on loopback answers to loopback's names alone", async () => {
    const { server } = await started({ metricsOnly: true });
    expect((await ask(server, "/metrics")).status).toBe(200);
    expect((await ask(server, "/metrics", { host: "evil.com" })).status).toBe(403);
  });
});

describe("the guard", () => {
  const own = "http://127.0.0.1:8089";
  const table: [what: string, headers: Record<string, string>, status: number][] = [
    ["this machine by number", { host: "127.0.0.1:8089" }, 200],
    ["this machine by name", { host: "localhost:8089" }, 200],
    ["this machine by IPv6", { host: "[::1]:8089" }, 200],
    ["a tunnel's other port", { host: "localhost:9000" }, 200],
    ["no port", { host: "localhost" }, 200],
    ["a name made to resolve to loopback", { host: "evil.com" }, 403],
    ["the same with our port", { host: "evil.com:8089" }, 403],
    ["a name that begins like ours", { host: "localhost.evil.com:8089" }, 403],
    ["a name that begins like our number", { host: "127.0.0.1.evil.com" }, 403],
    ["a user before the host", { host: "localhost@evil.com" }, 403],
    ["another machine's number", { host: "10.0.0.1:8089" }, 403],
    ["all addresses", { host: "0.0.0.0:8089" }, 403],
    ["two names", { host: "localhost, evil.com" }, 403],
    ["our own origin", { host: "127.0.0.1:8089", origin: own }, 200],
    ["a foreign origin", { host: "127.0.0.1:8089", origin: "http://evil.com" }, 403],
    ["an origin on another port", { host: "127.0.0.1:8089", origin: "http://127.0.0.1:3000" }, 403],
    ["an opaque origin", { host: "127.0.0.1:8089", origin: "null" }, 403],
    ["the address bar", { host: "127.0.0.1:8089", "sec-fetch-site": "none" }, 200],
    ["our own page", { host: "127.0.0.1:8089", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }, 200],
    [
      "another site's fetch",
      { host: "127.0.0.1:8089", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      403,
    ],
    [
      "another site's link",
      { host: "127.0.0.1:8089", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      403,
    ],
    [
      "another port's fetch",
      { host: "localhost:8089", "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
      403,
    ],
    [
      "another port's link",
      { host: "localhost:8089", "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
      200,
    ],
    ["our origin by TLS, which we do not speak", { host: "127.0.0.1:8089", origin: "https://127.0.0.1:8089" }, 403],
    ["a word that browsers do not send", { host: "localhost:8089", "sec-fetch-site": "friendly" }, 403],
  ];

  it.each(table)("%s", async (_what, headers, status) => {
    const control = new Recorder();
    const { server } = await started({ control });
    for (const path of ["/", "/metrics", "/healthz", "/api/v1/runs", "/stats/requests"]) {
      expect((await ask(server, path, headers)).status, path).toBe(status);
    }
    for (const path of ["/", "/metrics", "/healthz"]) {
      const post = await ask(server, path, headers, "POST");
      expect(post.status, `POST ${path}`).toBe(status === 200 ? 405 : 403);
    }
    expect(await eventsStatus(server, headers), "events").toBe(status);
    // A link that somebody followed here may show something, and change nothing.
    const mayChange = status === 200 && headers["sec-fetch-site"] !== "same-site";
    const reset = await ask(server, "/api/v1/run/reset", headers, "POST");
    expect(reset.status, "POST reset").toBe(mayChange ? 204 : 403);
    expect((await ask(server, "/stats/reset", headers)).status, "GET reset").toBe(mayChange ? 200 : 403);
    expect(control.resets).toBe(mayChange ? 2 : 0);
    expect((await ask(server, "/nothing", headers)).status).toBe(status === 200 ? 404 : 403);
    if (status === 403) expect(server.lastScrapes.size).toBe(0);
  });

  it.each([
    ["none, as HTTP/1.0 may", "GET /metrics HTTP/1.0\r\n\r\n", 403],
    ["an empty one", "GET /metrics HTTP/1.1\r\nHost:\r\n\r\n", 403],
    ["only in the address", "GET http://localhost/metrics HTTP/1.1\r\nHost: evil.com\r\n\r\n", 403],
    ["none in HTTP/1.1", "GET /metrics HTTP/1.1\r\n\r\n", 400],
    ["ours", "GET /metrics HTTP/1.1\r\nHost: LOCALHOST\r\nConnection: close\r\n\r\n", 200],
  ])("judges the host where it is %s", async (_what, text, status) => {
    const { server } = await started();
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(text);
    const [answer] = await once(socket, "data");
    socket.destroy();
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it("lets no method through that could change something", async () => {
    const { server } = await started();
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]) {
      const { status, headers } = await ask(server, "/metrics", {}, method);
      expect({ method, status, allow: headers["allow"] }).toEqual({ method, status: 405, allow: "GET, HEAD" });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it.each([
    ["/", {}],
    ["/metrics", {}],
    ["/nothing", {}],
    ["/", { host: "evil.com" }],
  ])("puts its headers on every answer: %s %j", async (path, headers) => {
    const { server } = await started();
    const answer = await ask(server, path, headers);
    expect(answer.headers).toMatchObject({
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
    });
    expect(answer.headers["x-powered-by"]).toBeUndefined();
  });
});

describe("lingering", () => {
  const scrape = (server: Server, agent: string) => ask(server, "/metrics", { "user-agent": agent });

  it("ends when each scraper has come once more", async () => {
    const { server, clock } = await started();
    for (let i = 0; i < 3; i++) {
      await scrape(server, "prometheus-a");
      await scrape(server, "prometheus-b");
      await clock.advance(5000);
    }
    expect([...server.lastScrapes]).toEqual([
      ["127.0.0.1 prometheus-a", 10_000],
      ["127.0.0.1 prometheus-b", 10_000],
    ]);
    let over = false;
    const lingering = server.linger({ signal: new AbortController().signal }).then(() => {
      over = true;
    });
    await scrape(server, "prometheus-a");
    await scrape(server, "somebody-new");
    await clock.advance(1000);
    expect(over).toBe(false);
    await scrape(server, "prometheus-b");
    await lingering;
    expect(clock.now()).toBe(16_000);
    expect(clock.pending).toBe(0);
  });

  it("ends when nobody ever came", async () => {
    const { server, clock } = await started();
    await ask(server, "/healthz");
    await ask(server, "/metrics", {}, "HEAD");
    await server.linger({ signal: new AbortController().signal });
    expect(clock.now()).toBe(0);
  });

  it.each([
    ["one scrape: 15 s after the end", [0], 1000, {}, 16_000],
    ["one scrape: what is given", [0], 1000, { capMs: 3000 }, 4000],
    ["two of the scraper's intervals after its last", [0, 5000, 10_000], 12_000, {}, 20_000],
    ["a long interval, which the limit for one scrape does not cut", [0, 30_000], 30_000, {}, 90_000],
    ["the usual interval, whatever one odd scrape says", [0, 5000, 5100, 10_000, 15_000], 15_000, {}, 25_000],
    ["five seconds after who comes often came last", [0, 50, 100], 150, {}, 5100],
    ["a scraper that has left already", [0, 5000], 60_000, {}, 60_000],
    ["somebody who looks now and then", [0, 600_000], 600_000, {}, 720_000],
  ])("waits for %s", async (_what, scrapes, endsAt, options, overAt) => {
    const { server, clock } = await started();
    for (const at of scrapes) {
      await clock.advance(at - clock.now());
      await scrape(server, "prometheus");
    }
    await clock.advance(endsAt - clock.now());
    let over: number | undefined;
    const lingering = server.linger({ signal: new AbortController().signal, ...options }).then(() => {
      over = clock.now();
    });
    await clock.advance(1_000_000);
    await lingering;
    expect(over).toBe(overAt);
  });

  it("ends at once when told to", async () => {
    const { server, clock } = await started();
    await scrape(server, "prometheus");
    const stop = new AbortController();
    const lingering = server.linger({ signal: stop.signal });
    stop.abort();
    await lingering;
    expect([clock.now(), clock.pending]).toEqual([0, 0]);
    await server.linger({ signal: AbortSignal.abort() });
  });

  it("is not ended by a scrape that began before the end", async () => {
    const asked = Promise.withResolvers<void>();
    const late = Promise.withResolvers<{ contentType: string; body: string }>();
    const answer = { contentType: "text/plain", body: "" };
    const { server, clock } = await started({
      metrics: (accept) => {
        if (accept !== "late") return Promise.resolve(answer);
        asked.resolve();
        return late.promise;
      },
    });
    await scrape(server, "prometheus");
    await clock.advance(5000);
    const underWay = ask(server, "/metrics", { "user-agent": "prometheus", accept: "late" });
    await asked.promise;
    let over = false;
    const lingering = server.linger({ signal: new AbortController().signal }).then(() => {
      over = true;
    });
    late.resolve(answer);
    await underWay;
    await clock.advance(10);
    expect(over).toBe(false);
    await scrape(server, "prometheus");
    await lingering;
  });
});

describe("closing", () => {
  it("lets an answer under way end, and takes no more", async () => {
    let answer = () => {};
    const asked = Promise.withResolvers<void>();
    const { server } = await started({
      metrics: () =>
        new Promise((resolve) => {
          answer = () => resolve({ contentType: "text/plain", body: "whole" });
          asked.resolve();
        }),
    });
    const underWay = ask(server, "/metrics");
    await asked.promise;
    const closing = server.close();
    answer();
    expect((await underWay).body).toBe("whole");
    await closing;
    await expect(ask(server)).rejects.toThrow("ECONNREFUSED");
  });

  it("waits a second for an answer that does not come", async () => {
    const asked = Promise.withResolvers<void>();
    const { server, clock } = await started({
      metrics: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const cut = expect(ask(server, "/metrics")).rejects.toThrow("hang up");
    await asked.promise;
    const closing = server.close();
    await clock.advance(1000);
    await closing;
    await cut;
  });
});
