import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Template } from "../../src/scenario/plan-request.ts";
import type { Source } from "../../src/scenario/plan-source.ts";
import type { CollectReason } from "../../src/target/collect-error.ts";
import { type Collector, createCollector } from "../../src/target/collector.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { failureOf, SECRET, testDeps } from "./conformance.ts";
import { type SocketServer, socketServer } from "./socket-server.ts";

/** A kind of source that speaks a protocol of its own. */
export interface SocketKind {
  kind: string;
  /** The address of a server on a port; with `password`, that stands in it. */
  url(port: number, password?: TemplatePassword): Template;
  source(url: Template): Source;
  /** Answers as a healthy target does. */
  talk(socket: Socket): void;
  /** One of the values that these answers give. */
  gives: { metric: string; labels?: Record<string, string>; value: number };
}

type TemplatePassword = { kind: "secret"; name: string };

const signal = new AbortController().signal;

/** What every collector with a protocol of its own keeps to. */
export function describeSocketCollector({ kind, url, source, talk, gives }: SocketKind): void {
  describe(`a ${kind} collector`, () => {
    const stops: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const stop of stops.splice(0).reverse()) await stop();
    });

    async function serve(talking: (socket: Socket) => void): Promise<SocketServer> {
      const server = await socketServer(talking);
      stops.push(() => server.stop());
      return server;
    }

    function collectorOf(address: Template, deps = testDeps().deps): Collector {
      const collector = createCollector(source(address), deps);
      stops.push(() => collector.close());
      return collector;
    }

    const given = { source: "app", labels: {}, type: "gauge", ...gives, at: expect.any(Number) };

    it("gives the source's values over one connection, and lets go of it", async () => {
      const server = await serve(talk);
      const { deps, events } = testDeps();
      const collector = collectorOf(url(server.port), deps);
      expect([collector.name, collector.kind]).toEqual(["app", kind]);
      for (let look = 0; look < 3; look++) {
        const before = deps.clock.now();
        const observations = await collector.collect(signal);
        expect(observations).toContainEqual(given);
        for (const { at } of observations) {
          expect(at).toBeGreaterThan(before);
          expect(at).toBeLessThan(deps.clock.now());
        }
      }
      expect(server.connections()).toBe(1);
      expect(events).toEqual([]);
      await collector.close();
      await server.idle();
    });

    const faults: [name: string, reasons: CollectReason[], talk: (socket: Socket) => void][] = [
      [
        "a web server",
        ["parse"],
        (socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
      ],
      ["an SSH server", ["parse", "refused"], (socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")],
      ["zeros", ["parse"], (socket) => socket.once("data", () => socket.write(Buffer.alloc(1000)))],
      // A few of them may look like the beginning of an answer.
      ["random bytes", ["parse", "timeout"], (socket) => socket.once("data", () => socket.write(randomBytes(100_000)))],
      ["one that closes at once", ["refused"], (socket) => socket.end()],
      ["one that resets", ["refused"], (socket) => socket.resetAndDestroy()],
      ["one that closes when it is asked", ["refused"], (socket) => socket.once("data", () => socket.destroy())],
    ];

    it.each(faults)("says what is wrong with %s, and asks it once a look", async (_, reasons, talking) => {
      const server = await serve(talking);
      const collector = collectorOf(url(server.port));
      for (let look = 1; look <= 3; look++) {
        const { reason, message } = await failureOf(collector, AbortSignal.timeout(1000));
        expect(reasons, message).toContain(reason);
        expect(message).not.toContain("unexpectedly");
        expect(server.connections()).toBe(look);
      }
      await collector.close();
      await server.idle();
    });

    it("says that nothing listens", async () => {
      const server = await serve(talk);
      await server.stop();
      expect(await failureOf(collectorOf(url(server.port)))).toMatchObject({ reason: "refused" });
    });

    it("says that an address is none", async () => {
      expect(await failureOf(collectorOf("http://localhost:1/"))).toMatchObject({ reason: "missing" });
    });

    const hangs: [string, (socket: Socket) => void][] = [
      ["from the start", () => {}],
      ["in the middle of an answer", (socket) => talk(cutting(socket, 20))],
    ];

    it.each(
      hangs,
    )("gives up a target that hangs %s, when the clock says so, and leaves no connection", async (_, talking) => {
      const server = await serve(talking);
      const clock = new VirtualClock();
      const collector = collectorOf(url(server.port), testDeps(clock).deps);
      for (let look = 1; look <= 3; look++) {
        const over = new AbortController();
        const failure = failureOf(collector, over.signal);
        await server.seen(look);
        over.abort();
        expect(await failure).toMatchObject({ reason: "timeout" });
        await server.idle();
      }
    });

    it("fails at once when its signal is aborted from the start, and recovers", async () => {
      const server = await serve(talk);
      const collector = collectorOf(url(server.port));
      expect(await failureOf(collector, AbortSignal.abort())).toMatchObject({ reason: "timeout" });
      expect(await collector.collect(signal)).toContainEqual(given);
    });

    it("recovers from a connection that was cut between looks", async () => {
      const sockets: Socket[] = [];
      const server = await serve((socket) => {
        sockets.push(socket);
        talk(socket);
      });
      const collector = collectorOf(url(server.port));
      await collector.collect(signal);
      for (const socket of sockets) socket.destroy();
      await server.idle();
      // The first look after it may still be told of the old connection; the next has a new one.
      await collector.collect(signal).catch(() => {});
      expect(await collector.collect(signal)).toContainEqual(given);
    });

    it("closes while it is asked", async () => {
      const server = await serve(() => {});
      const over = new AbortController();
      const collector = collectorOf(url(server.port));
      const failure = failureOf(collector, over.signal);
      await server.seen(1);
      over.abort();
      await collector.close();
      await failure;
      await server.idle();
    });

    it("never tells a password", async () => {
      const heard: string[] = [];
      const server = await serve((socket) => {
        socket.on("data", (piece) => heard.push(String(piece)));
        socket.once("data", (piece) => socket.write(`-ERR you said ${String(piece)}\r\n`));
      });
      const { deps: plain, events } = testDeps();
      // As it must be written in a URL.
      const deps = { ...plain, secret: (name: string) => encodeURIComponent(plain.secret(name)) };
      const password = { kind: "secret", name: "API_TOKEN" } as const;
      const errors = [
        await failureOf(collectorOf(url(server.port, password), deps), AbortSignal.timeout(1000)),
        await failureOf(collectorOf(["http://u:", password, "@h"], deps)),
        await failureOf(collectorOf(url(server.port, { kind: "secret", name: "NO_SUCH" }), deps)),
      ];
      expect(heard.length).toBeGreaterThan(0);
      expect(errors[2]?.message).toContain("NO_SUCH");
      for (const { message } of [...errors, ...events]) {
        for (const form of [SECRET, encodeURIComponent(SECRET)]) expect(message).not.toContain(form);
      }
    });
  });
}

/** Lets only so many bytes of what is answered through. */
function cutting(socket: Socket, bytes: number): Socket {
  const write = socket.write.bind(socket);
  let left = bytes;
  socket.write = (piece: string | Uint8Array) => {
    const cut = Buffer.from(piece as string, "latin1").subarray(0, left);
    left -= cut.length;
    return cut.length === 0 || write(cut);
  };
  return socket;
}
