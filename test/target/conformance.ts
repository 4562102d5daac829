import type { RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { Template } from "../../src/scenario/plan-request.ts";
import type { Source } from "../../src/scenario/plan-source.ts";
import { CollectError, type CollectReason } from "../../src/target/collect-error.ts";
import { type Collector, type CollectorDeps, createCollector, type SourceEvent } from "../../src/target/collector.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { deadUrl, type TargetServer, targetServer } from "./target-server.ts";

/** A kind of source that is asked over HTTP. */
export interface HttpKind {
  kind: string;
  source(url: Template, headers?: [name: string, value: Template][]): Source;
  /** What a healthy target answers; `path` is below the source's address. */
  healthy(path: string): { contentType: string; body: string };
  /** One of the values that these answers give. */
  gives: { metric: string; labels?: Record<string, string>; type?: "gauge" | "counter"; value: number };
  /** How many requests a look makes (1). */
  requests?: number;
  /** What an empty page means (`parse`). */
  empty?: CollectReason;
}

/** The canary that no message may hold; it needs percent-encoding. */
export const SECRET = "s3cr3t/ümlaut";

/** What the tests give collectors, and the events that came of it. */
export function testDeps(clock: CollectorDeps["clock"] = new SystemClock(monotonicMs())) {
  const events: SourceEvent[] = [];
  const deps: CollectorDeps = {
    clock,
    wallAt: (ms) => 1_700_000_000_000 + ms,
    secret: (name) => {
      if (name !== "API_TOKEN") throw new Error(`the environment has no ${name}`);
      return SECRET;
    },
    onEvent: (event) => events.push(event),
  };
  return { deps, events };
}

/** Why a look failed; anything but a `CollectError` is thrown on. */
export async function failureOf(collector: Collector, signal = new AbortController().signal): Promise<CollectError> {
  try {
    const observations = await collector.collect(signal);
    throw new Error(`expected a CollectError, got ${JSON.stringify(observations)}`);
  } catch (error) {
    if (error instanceof CollectError) return error;
    throw error;
  }
}

/** What every collector over HTTP keeps to. */
export function describeCollector({ kind, source, healthy, gives, requests = 1, empty = "parse" }: HttpKind): void {
  describe(`a ${kind} collector`, () => {
    const stops: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const stop of stops.splice(0).reverse()) await stop();
    });

    async function serve(answer: RequestListener): Promise<TargetServer> {
      const server = await targetServer(answer);
      stops.push(() => server.stop());
      return server;
    }

    function collectorOf(one: Source, deps = testDeps().deps): Collector {
      const collector = createCollector(one, deps);
      stops.push(() => collector.close());
      return collector;
    }

    const answerHealthy: RequestListener = ({ url = "" }, response) => {
      const { contentType, body } = healthy(url.replace(/^\/status|\?.*$/g, ""));
      response.writeHead(200, { "content-type": contentType }).end(body);
    };

    const given = { source: "app", labels: {}, type: "gauge", ...gives, at: expect.any(Number) };

    it("gives the source's value, at the middle of the request", async () => {
      const server = await serve(answerHealthy);
      const { deps, events } = testDeps();
      const collector = collectorOf(source(server.url), deps);
      expect(collector.name).toBe("app");
      expect(collector.kind).toBe(kind);
      for (let look = 1; look <= 3; look++) {
        const before = deps.clock.now();
        const observations = await collector.collect(new AbortController().signal);
        expect(observations).toContainEqual(given);
        expect(observations[0]?.at).toBeGreaterThan(before);
        expect(observations[0]?.at).toBeLessThan(deps.clock.now());
        expect(server.requests.length).toBe(look * requests);
      }
      expect(events).toEqual([]);
      await collector.close();
      await server.idle();
    });

    const faults: [name: string, reason: CollectReason, message: string, answer: RequestListener][] = [
      ["status 500", "refused", "got 500", (_, response) => response.writeHead(500).end("oh")],
      ["status 401", "auth", "401", (_, response) => response.writeHead(401).end()],
      ["status 403", "auth", "403", (_, response) => response.writeHead(403).end()],
      ["status 404", "missing", "404", (_, response) => response.writeHead(404).end("no such page")],
      ["a web page", "parse", "<!doctype", (_, response) => response.end("<!doctype html><h1>Welcome</h1>")],
      ["bytes without sense", "parse", "expected", (_, response) => response.end(Buffer.from([0xff, 0, 0x7b, 0x22]))],
      ["an empty body", empty, "", (_, response) => response.end()],
      [
        "a compressed body that was not asked for",
        "parse",
        '"gzip"',
        (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("\x1f\x8b"),
      ],
      ["a reset", "refused", "closed", (request) => request.socket.resetAndDestroy()],
      [
        "a body that is cut off",
        "refused",
        "closed",
        (request, response) => {
          response.writeHead(200, { "content-length": "1000" }).write(healthy("/").body);
          setImmediate(() => request.socket.destroy());
        },
      ],
      ["what is not HTTP", "parse", "not HTTP", (request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n")],
      [
        "an endless redirect",
        "refused",
        "more than 5 times",
        (_, response) => response.writeHead(302, { location: "/status" }).end(),
      ],
      [
        "a redirect to another origin",
        "refused",
        "http://127.0.0.2",
        (_, response) => response.writeHead(302, { location: "http://127.0.0.2/status" }).end(),
      ],
      [
        "a body of 50 MB",
        "parse",
        "MB",
        (_, response) => {
          const line = Buffer.alloc(64 * 1024, `${"# filler ".repeat(100)}\n`);
          let left = 800;
          const more = () => {
            while (left > 0 && !response.destroyed) {
              left--;
              if (!response.write(line)) return;
            }
            if (left === 0) response.end();
          };
          response.on("drain", more);
          more();
        },
      ],
    ];

    it.each(faults)("says what is wrong with %s", async (_, reason, message, answer) => {
      const server = await serve(answer);
      const collector = collectorOf(source(server.url));
      const error = await failureOf(collector);
      expect(error).toMatchObject({ reason, message: expect.stringContaining(message) });
      await collector.close();
      await server.idle();
    });

    it("says that nothing listens", async () => {
      expect(await failureOf(collectorOf(source(await deadUrl())))).toMatchObject({ reason: "refused" });
    });

    it("says that an address is none", async () => {
      expect(await failureOf(collectorOf(source("localhost:8000/status")))).toMatchObject({ reason: "missing" });
    });

    it("follows a redirect on the same origin", async () => {
      const server = await serve((request, response) => {
        const { url = "" } = request;
        if (url.endsWith("moved")) answerHealthy(request, response);
        else response.writeHead(307, { location: `${url}${url.includes("?") ? "&" : "?"}moved` }).end();
      });
      expect(await collectorOf(source(server.url)).collect(new AbortController().signal)).toContainEqual(given);
    });

    const hangs: [string, RequestListener][] = [
      ["before its headers", () => {}],
      ["within its body", (_, response) => response.writeHead(200).write(healthy("/").body.slice(0, 5))],
      ["within the body of an error", (_, response) => response.writeHead(500).write("one moment")],
    ];

    it.each(hangs)("gives up a target that hangs %s, when the clock says so", async (_, answer) => {
      const server = await serve(answer);
      const clock = new VirtualClock();
      const collector = collectorOf(source(server.url), testDeps(clock).deps);
      const over = new AbortController();
      clock.at(2000, () => over.abort());
      const failure = failureOf(collector, over.signal);
      await server.seen(1);
      await clock.advance(2000);
      expect(await failure).toMatchObject({ reason: "timeout" });
      await server.idle();
    });

    it("fails at once when its signal is aborted from the start", async () => {
      const server = await serve(() => {});
      expect(await failureOf(collectorOf(source(server.url)), AbortSignal.abort())).toMatchObject({
        reason: "timeout",
      });
    });

    it("recovers after every fault", async () => {
      let healthyNow = false;
      const server = await serve((request, response) => {
        if (healthyNow) answerHealthy(request, response);
        else request.socket.destroy();
      });
      const collector = collectorOf(source(server.url));
      await failureOf(collector);
      healthyNow = true;
      expect(await collector.collect(new AbortController().signal)).toContainEqual(given);
    });

    it("asks again when the target closed the kept connection", async () => {
      let closed = 0;
      const asked = new WeakSet();
      const server = await serve((request, response) => {
        // The second request on a connection meets its end, as when an idle time ran out at that moment.
        if (asked.has(request.socket)) {
          closed++;
          request.socket.destroy();
        } else answerHealthy(request, response);
        asked.add(request.socket);
      });
      const collector = collectorOf(source(server.url));
      for (let look = 0; look < 4; look++) {
        expect(await collector.collect(new AbortController().signal)).toContainEqual(given);
      }
      expect(closed).toBeGreaterThan(0);
    });

    it("sends secrets and never tells them", async () => {
      const secret = { kind: "secret" as const, name: "API_TOKEN" };
      const echo: RequestListener = (request, response) => {
        response.end(`{"you sent ${decodeURIComponent(request.url ?? "")} ${request.headers.authorization}`);
      };
      const server = await serve(echo);
      const { deps, events } = testDeps();
      const url: Template = [`${server.url}?key=`, secret];
      const header = Buffer.from(SECRET).toString("base64");
      const collector = collectorOf(source(url, [["Authorization", `Basic ${header}`]]), deps);
      const errors = [
        await failureOf(collector),
        await failureOf(collectorOf(source(["ftp://u:", secret, "@h"]), deps)),
        await failureOf(collectorOf(source([`${server.url}?key=`, { kind: "secret", name: "NO_SUCH" }]), deps)),
      ];
      expect(decodeURIComponent(server.requests[0]?.url ?? "")).toContain(SECRET);
      expect(errors[2]?.message).toContain("NO_SUCH");
      for (const text of [...errors, ...events].map(({ message }) => message)) {
        for (const form of [SECRET, encodeURIComponent(SECRET), header]) expect(text).not.toContain(form);
      }
    });
  });
}
