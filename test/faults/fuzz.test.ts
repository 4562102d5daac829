import { createServer, type LookupFunction, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Exchange, Request } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import { failureKinds } from "../../src/metrics/sample.ts";
import { exchanged } from "../client/exchanged.ts";
import { canary } from "./ground.ts";

/** Streams at a time: those that never end cost their deadline, together. FUZZ_ROUNDS and FUZZ_SEED make it longer, or again. */
const AT_ONCE = 25;
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 14);
const DEADLINE_MS = 150;

/** What a target sends as its answer, and what it does then. */
interface Stream {
  /** In latin1, so that a counterexample can be read. */
  text: string;
  cut: "whole" | "byte by byte" | number;
  end: "close" | "reset" | "leave open";
  method: "GET" | "HEAD" | "POST";
  wantBody: boolean;
}

const line = (...texts: string[]) => `${texts.join("\r\n")}\r\n\r\n`;
const gzipped = gzipSync(canary);

/** Answers that are well formed, or nearly. */
const answers: Buffer[] = [
  `${line("HTTP/1.1 200 OK", "content-length: 5")}hello`,
  `${line("HTTP/1.1 200 OK", "transfer-encoding: chunked")}5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\ntrailer: x\r\n\r\n`,
  `${line("HTTP/1.0 200 OK")}until the end`,
  `${line("HTTP/1.1 200 OK", "connection: close")}until the end`,
  `${line("HTTP/1.1 204 No Content", "content-length: 4")}body`,
  `${line("HTTP/1.1 304 Not Modified", "content-length: 4")}`,
  `${line("HTTP/1.1 103 Early Hints", "link: </a>")}${line("HTTP/1.1 200 OK", "content-length: 0")}`,
  `${line("HTTP/1.1 102 Processing").repeat(50)}${line("HTTP/1.1 200 OK", "content-length: 0")}`,
  line("HTTP/1.1 100 Continue"),
  line("HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: websocket"),
  `${line("HTTP/1.1 302 Found", "location: /again", "content-length: 0")}`,
  `${line("HTTP/1.1 307 Temporary Redirect", "location: ?x#y", "content-length: 0")}`,
  `${line("HTTP/1.1 301 Moved", "location: http://localhost:99999/", "content-length: 0")}`,
  `${line("HTTP/1.1 200 OK", `set-cookie: a=${canary}; Domain=; Path=\0`, "content-length: 0")}`,
  `${line("HTTP/1.1 200 OK", `set-cookie: ${canary}=1; Path=/; Max-Age=99999999999999999999`, "__proto__: x", "content-length: 0")}`,
  `${line("HTTP/1.1 200 OK", "keep-alive: timeout=0", "content-length: 0")}`,
  `${line("HTTP/1.1 200 OK", "content-length: 2")}ok${line("HTTP/1.1 200 OK", "content-length: 3")}two`,
  `${line("HTTP/1.1 200 OK", "content-length: 18446744073709551617")}x`,
  `${line("HTTP/1.1 200 OK", "content-length: -1")}x`,
  `${line("HTTP/1.1 200 OK", "transfer-encoding: chunked", "content-length: 3")}3\r\nabc\r\n0\r\n\r\n`,
  `${line("HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked")}fffffffffffffffff\r\n`,
  `${line("HTTP/9.9 999 ?", "content-length: 0")}`,
]
  .map((text) => Buffer.from(text, "latin1"))
  .concat(
    Buffer.concat([
      Buffer.from(line("HTTP/1.1 200 OK", "content-encoding: gzip", `content-length: ${gzipped.length}`)),
      gzipped,
    ]),
  );

/** Bytes that mean something somewhere in an answer. */
const tokens = [
  "\r\n",
  "\r",
  "\n",
  "\0",
  "\x7f",
  "\xff",
  ":",
  " ",
  "\t",
  "HTTP/1.1 ",
  "200",
  "0",
  "-1",
  "99999999999999999999",
]
  .concat(["content-length: 7\r\n", "content-length: 8\r\n", "transfer-encoding: chunked\r\n", "connection: close\r\n"])
  .concat([
    "content-encoding: gzip\r\n",
    "content-encoding: __proto__\r\n",
    "location: //\r\n",
    `set-cookie: ${canary}\r\n`,
  ])
  .concat(["upgrade: x\r\nconnection: upgrade\r\n", "x".repeat(20_000), "x: y\r\n".repeat(3_000)])
  .map((text) => Buffer.from(text, "latin1"));

const at = fc.nat(1_000_000);

/** Changes an answer somewhere: its end cut off, a byte, a piece cut out, a piece twice, a token put in. */
const mutation: fc.Arbitrary<(answer: Buffer) => Buffer> = fc.oneof(
  at.map((position) => (answer: Buffer) => answer.subarray(0, position % (answer.length + 1))),
  fc.tuple(at, fc.nat(255)).map(([position, value]) => (answer: Buffer) => {
    const changed = Buffer.from(answer);
    if (changed.length > 0) changed[position % changed.length] = value;
    return changed;
  }),
  fc.tuple(at, fc.nat(20)).map(([position, length]) => (answer: Buffer) => {
    const from = position % (answer.length + 1);
    return Buffer.concat([answer.subarray(0, from), answer.subarray(from + length)]);
  }),
  fc.tuple(at, fc.nat(60)).map(([position, length]) => (answer: Buffer) => {
    const from = position % (answer.length + 1);
    return Buffer.concat([answer.subarray(0, from + length), answer.subarray(from)]);
  }),
  fc.tuple(at, fc.constantFrom(...tokens)).map(([position, token]) => (answer: Buffer) => {
    const from = position % (answer.length + 1);
    return Buffer.concat([answer.subarray(0, from), token, answer.subarray(from)]);
  }),
);

const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom(...answers), fc.array(mutation, { maxLength: 2 }))
      .map(([answer, mutations]) => mutations.reduce((changed, mutate) => mutate(changed), answer)),
  },
);

function pieces({ text, cut }: Stream): Buffer[] {
  const all = Buffer.from(text, "latin1");
  if (cut === "byte by byte" && all.length < 400) return [...all].map((byte) => Buffer.from([byte]));
  if (typeof cut !== "number") return [all];
  const first = cut % (all.length + 1);
  return [all.subarray(0, first), all.subarray(first)];
}

const stream: fc.Arbitrary<Stream> = fc.record({
  text: bytes.map((all) => all.toString("latin1")),
  cut: fc.oneof(fc.constant("whole" as const), fc.constant("byte by byte" as const), at),
  end: fc.constantFrom("close", "close", "reset", "leave open"),
  method: fc.constantFrom("GET", "GET", "HEAD", "POST"),
  wantBody: fc.boolean(),
});

/** A redirect, too, leads nowhere but to this machine: no name resolves. */
class LoopbackClient extends HttpClient {
  override readonly lookup: LookupFunction = (host, _options, callback) =>
    callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host.length}`), { code: "ENOTFOUND" }), "", 0);
}

let server: Server;
let origin: string;
/** What is answered to a request for `/<n>`; other paths are answered well. */
let streams: Stream[] = [];
const sockets = new Set<Socket>();

async function answer(socket: Socket, request: string): Promise<void> {
  const asked = streams[Number(/^\S+ \/(\d+) /.exec(request)?.[1] ?? Number.NaN)];
  if (asked === undefined) {
    socket.write(line("HTTP/1.1 200 OK", "x-well: yes", "content-length: 0"));
    return;
  }
  for (const piece of pieces(asked)) {
    if (socket.destroyed) return;
    socket.write(piece);
    // A turn of the loop between two writes makes them two reads, mostly.
    await new Promise(setImmediate);
  }
  if (asked.end === "close") socket.end();
  else if (asked.end === "reset") socket.resetAndDestroy();
}

beforeAll(async () => {
  server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (data) => answer(socket, String(data)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const uncaught: unknown[] = [];
beforeEach(() => {
  const keep = (error: unknown) => uncaught.push(error);
  process.on("uncaughtExceptionMonitor", keep).on("unhandledRejection", keep);
  return () => process.off("uncaughtExceptionMonitor", keep).off("unhandledRejection", keep);
});

function request(path: string, more: Partial<Request> = {}): Request {
  const plain = { series: 0, intendedAt: 0, method: "GET", headers: [], body: undefined, wantBody: false };
  return { ...plain, origin, path, deadlineMs: DEADLINE_MS, ...more };
}

/** Whatever arrives, an exchange is over in time, with a status or a failure, and its user goes on. */
function check(exchange: Exchange): void {
  const { failure, status } = exchange;
  if (failure === undefined) expect(status).toBeGreaterThanOrEqual(200);
  else {
    expect(failureKinds).toContain(failure.kind);
    expect(failure.kind, failure.detail).not.toBe("unknown");
    expect(failure.detail).not.toContain(canary);
    expect(failure.detail).toMatch(/^[ -~]{3,200}$/);
  }
  expect(exchange.bytesIn).toBeGreaterThanOrEqual(0);
}

it("whatever bytes a target answers with are a response or a named failure, in time", {
  timeout: 600_000,
}, async () => {
  const clock = new SystemClock(monotonicMs());
  const kinds = new Map<string, number>();
  const one = async (client: HttpClient, asked: Stream, n: number) => {
    const session = client.open();
    const { method, wantBody } = asked;
    const exchange = await exchanged(
      session,
      request(`/${n}`, { method, wantBody, body: method === "POST" ? "x" : undefined }),
    );
    check(exchange);
    const kind = exchange.failure?.kind ?? "none";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const took = exchange.endedAt - exchange.startedAt;
    // A second answer that nobody asked for may arrive just before the next request, and then looks like that one's.
    let tries = 0;
    for (let well = false; !well; ) {
      expect(++tries).toBeLessThanOrEqual(3);
      const next = await exchanged(session, request("/well", { deadlineMs: 5_000 }));
      check(next);
      well = next.failure === undefined && next.headers["x-well"] === "yes";
    }
    session.close();
    return took;
  };
  const round = async (all: Stream[]) => {
    streams = all;
    uncaught.length = 0;
    const client = new LoopbackClient(clock);
    // A timer for the same moment, in the same loop, is late where the machine is.
    const alarm = setTimeout(DEADLINE_MS).then(() => clock.now());
    const startedAt = clock.now();
    const took = await Promise.all(all.map((asked, n) => one(client, asked, n)));
    const late = (await alarm) - startedAt - DEADLINE_MS;
    expect(Math.max(...took)).toBeLessThanOrEqual(DEADLINE_MS + 250 + late);
    expect(uncaught).toEqual([]);
    expect(client.inflight).toBe(0);
    for (let turn = 0; client.connectionsOpen > 0 && turn < 100; turn++) await setTimeout(2);
    expect(client.connectionsOpen).toBe(0);
  };
  const report = await fc.check(fc.asyncProperty(fc.array(stream, { minLength: AT_ONCE, maxLength: AT_ONCE }), round), {
    numRuns: ROUNDS,
    ...(process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }),
  });
  process.stdout.write(
    `${AT_ONCE * ROUNDS} answers, seed ${report.seed}: ${[...kinds].map(([kind, n]) => `${kind} ${n}`).join(", ")}\n`,
  );
  if (report.failed) throw new Error(fc.defaultReportMessage(report) ?? "failed", { cause: report.errorInstance });
  // Otherwise the answers were too wild, or not wild enough, to test much.
  expect([...kinds.keys()]).toEqual(expect.arrayContaining(["none", "protocol", "closed_early", "deadline"]));
});
