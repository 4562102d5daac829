import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import type { Request } from "../../src/client/client.ts";
import type { FailureKind } from "../../src/metrics/sample.ts";
import { canary, type Ground } from "./ground.ts";

export interface Fault {
  name: string;
  kind: FailureKind;
  /** Whole, but for what differs from run to run: that stands as `*`. */
  detail: string;
  /** Where the request goes. */
  origin: (ground: Ground) => Promise<string>;
  request?: Partial<Request>;
  /** Another fault, which nobody at the client's end can tell from this one. */
  sameAs?: string;
  /** The same connection answers a request well before. */
  after?: "a good answer";
}

/** Longer than it takes to see on loopback that a connection breaks; short enough to wait for. */
const shortly = { deadlineMs: 250 };

const says = (text: string | Buffer) => (socket: Socket) => socket.write(text);
const saysAndEnds = (text: string | Buffer) => (socket: Socket) => socket.end(text);
const saysAndResets = (text: string) => (socket: Socket) => {
  // The bytes are to arrive before the reset does, which would overtake them.
  socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 30));
};

/** Says something again and again, until the connection is gone. */
const repeats = (text: string, everyMs: number) => (socket: Socket) => {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.once("close", () => clearInterval(timer));
};
const dripping = (head: string, drop: string) => (socket: Socket) => {
  socket.write(head);
  repeats(drop, 20)(socket);
};

const head = (...lines: string[]) => `HTTP/1.1 200 ${canary}\r\nx-canary: ${canary}\r\n${lines.join("\r\n")}\r\n\r\n`;
const encoded = (coding: string, body: Buffer) =>
  Buffer.concat([Buffer.from(head(`content-encoding: ${coding}`, `content-length: ${body.length}`)), body]);

export const faults: Fault[] = [
  // No connection
  {
    name: "a name that does not resolve",
    kind: "dns",
    detail: "ENOTFOUND: getaddrinfo ENOTFOUND *.invalid",
    // A label of more than 63 characters: no resolver need be asked.
    origin: async () => `http://${"x".repeat(64)}.invalid`,
  },
  {
    name: "a port where nobody listens",
    kind: "connect_refused",
    detail: "ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:*",
    origin: (ground) => ground.refused(),
  },
  {
    name: "a port that swallows connections",
    kind: "connect_timeout",
    detail: "no connection within 500 ms",
    origin: (ground) => ground.blackHole(),
  },
  {
    name: "a port that swallows connections, and a deadline that comes first",
    kind: "deadline",
    detail: "no connection within 250 ms",
    origin: (ground) => ground.blackHole(),
    request: shortly,
  },

  // TLS
  {
    name: "a certificate that has expired",
    kind: "tls",
    detail: "CERT_HAS_EXPIRED",
    origin: (ground) => ground.secureTarget(ground.certificates.expired, () => {}),
  },
  {
    name: "a certificate for another host",
    kind: "tls",
    detail: "ERR_TLS_CERT_ALTNAME_INVALID: the certificate is for another host",
    origin: (ground) => ground.secureTarget(ground.certificates.elsewhere, () => {}),
  },
  {
    name: "a certificate that signed itself",
    kind: "tls",
    detail: "DEPTH_ZERO_SELF_SIGNED_CERT",
    origin: (ground) => ground.secureTarget(ground.certificates.selfSigned, () => {}),
  },
  {
    name: "a certificate of an unknown authority",
    kind: "tls",
    detail: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    origin: (ground) => ground.secureTarget(ground.certificates.unknown, () => {}),
  },
  {
    name: "TLS to a plain-text port",
    kind: "tls",
    detail: "ERR_SSL_WRONG_VERSION_NUMBER: what answered does not speak TLS",
    origin: (ground) => ground.port(saysAndEnds(`HTTP/1.1 400 ${canary}\r\n\r\n`), "spoken to", "https"),
  },
  {
    name: "a connection closed in its TLS handshake",
    kind: "closed_early",
    detail: "closed while connecting",
    origin: (ground) => ground.port((socket) => socket.end(), "spoken to", "https"),
  },
  {
    name: "a connection reset in its TLS handshake",
    kind: "reset",
    detail: "ECONNRESET while connecting",
    origin: (ground) => ground.port((socket) => socket.resetAndDestroy(), "spoken to", "https"),
  },
  {
    name: "plain HTTP to a TLS port",
    kind: "protocol",
    detail: "what answered speaks TLS: https instead of http?",
    // A TLS alert (fatal, protocol_version), as TLS servers answer what is no TLS.
    origin: (ground) => ground.port(saysAndEnds(Buffer.from([21, 3, 1, 0, 2, 2, 70])), "spoken to", "http"),
  },
  // A connection that breaks
  {
    name: "reset before a response",
    kind: "reset",
    detail: "ECONNRESET before a response",
    origin: (ground) => ground.target((socket) => socket.resetAndDestroy()),
  },
  {
    name: "closed before a response",
    kind: "closed_early",
    detail: "closed before a response",
    origin: (ground) => ground.target((socket) => socket.destroy()),
  },
  {
    name: "half-closed before a response, the other half left open",
    kind: "closed_early",
    detail: "closed before a response",
    sameAs: "closed before a response",
    origin: (ground) => ground.target((socket) => socket.end()),
  },
  {
    name: "reset within the headers",
    kind: "reset",
    detail: "ECONNRESET within the headers",
    origin: (ground) => ground.target(saysAndResets(`HTTP/1.1 200 OK\r\nx: ${canary}`)),
  },
  {
    name: "closed within the headers",
    kind: "closed_early",
    detail: "closed within the headers",
    origin: (ground) => ground.target(saysAndEnds(`HTTP/1.1 200 OK\r\nx: ${canary}`)),
  },
  {
    name: "reset within a body",
    kind: "reset",
    detail: "ECONNRESET within the body, short of its content-length",
    origin: (ground) => ground.target(saysAndResets(head("content-length: 99") + canary)),
  },
  {
    name: "reset within the last body of a connection",
    kind: "reset",
    detail: "ECONNRESET within the body, short of its content-length",
    sameAs: "reset within a body",
    origin: (ground) => ground.target(saysAndResets(head("connection: close", "content-length: 99") + canary)),
  },
  {
    name: "reset within a chunked body",
    kind: "reset",
    detail: "ECONNRESET within the body, before its last chunk",
    origin: (ground) => ground.target(saysAndResets(`${head("transfer-encoding: chunked")}3\r\nabc\r\n`)),
  },
  {
    name: "reset within a body that ends with its connection",
    kind: "reset",
    detail: "ECONNRESET within the body",
    origin: (ground) => ground.target(saysAndResets(head("connection: close") + canary)),
  },
  {
    name: "a body shorter than its content-length",
    kind: "closed_early",
    detail: "closed within the body, short of its content-length",
    origin: (ground) => ground.target(saysAndEnds(head("content-length: 99") + canary)),
  },
  {
    name: "a body cut short over TLS",
    kind: "closed_early",
    detail: "closed within the body, short of its content-length",
    sameAs: "a body shorter than its content-length",
    origin: (ground) =>
      ground.secureTarget(ground.certificates.good, saysAndEnds(head("content-length: 9") + canary.slice(0, 3))),
  },
  {
    name: "a chunked body without its last chunk",
    kind: "closed_early",
    detail: "closed within the body, before its last chunk",
    origin: (ground) => ground.target(saysAndEnds(`${head("transfer-encoding: chunked")}3\r\nabc\r\n`)),
  },
  {
    name: "a chunked body without its last chunk, the last of its connection",
    kind: "closed_early",
    detail: "closed within the body, before its last chunk",
    sameAs: "a chunked body without its last chunk",
    origin: (ground) =>
      ground.target(saysAndEnds(`${head("connection: close", "transfer-encoding: chunked")}3\r\nabc\r\n`)),
  },
  {
    name: "a kept connection that breaks when it is used again",
    kind: "reset",
    detail: "stale_connection",
    after: "a good answer",
    origin: (ground) => ground.target((socket) => socket.resetAndDestroy()),
  },

  // What is not HTTP
  {
    name: "an answer that is not HTTP",
    kind: "protocol",
    detail: "Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)",
    origin: (ground) => ground.target(says(`SSH-2.0-${canary}\r\n`)),
  },
  {
    name: "an answer of any bytes",
    kind: "protocol",
    detail: "Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)",
    sameAs: "an answer that is not HTTP",
    origin: (ground) => ground.target((socket) => socket.write(Buffer.concat([Buffer.from([0]), randomBytes(1000)]))),
  },
  {
    name: "a header without a name",
    kind: "protocol",
    detail: "Response does not match the HTTP/1.1 protocol (Invalid header token)",
    origin: (ground) => ground.target(says(head(`: ${canary}`))),
  },
  {
    name: "a chunk whose size is no number",
    kind: "protocol",
    detail: "Response does not match the HTTP/1.1 protocol (Invalid character in chunk size)",
    origin: (ground) => ground.target(says(`${head("transfer-encoding: chunked")}${canary.slice(1)}\r\n`)),
  },
  {
    name: "a chunk larger than 64 bits can say",
    kind: "protocol",
    detail: "Response does not match the HTTP/1.1 protocol (Chunk size overflow)",
    origin: (ground) => ground.target(says(`${head("transfer-encoding: chunked")}fffffffffffffffffff\r\n`)),
  },
  {
    name: "a content-length that is no number",
    kind: "protocol",
    detail: "Response does not match the HTTP/1.1 protocol (Invalid character in Content-Length)",
    origin: (ground) => ground.target(says(head(`content-length: ${canary}`))),
  },
  {
    name: "two content-lengths",
    kind: "protocol",
    detail: "what follows a content-length is not HTTP/1.1",
    origin: (ground) => ground.target(says(`${head("content-length: 3", "content-length: 4")}abcd`)),
  },
  {
    name: "a 100 that was not asked for",
    kind: "protocol",
    detail: "100 (Continue) to a request that did not ask for it",
    origin: (ground) => ground.target(says(`HTTP/1.1 100 ${canary}\r\n\r\n`)),
  },
  {
    name: "a 101 that was not asked for",
    kind: "protocol",
    detail: "101 (Switching Protocols) to a request that did not ask for it",
    origin: (ground) => ground.target(says(`HTTP/1.1 101 ${canary}\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n`)),
  },
  {
    name: "a status below 100",
    kind: "protocol",
    detail: "a status below 100",
    origin: (ground) => ground.target(says(`HTTP/1.1 099 ${canary}\r\ncontent-length: 0\r\n\r\n`)),
  },
  {
    name: "headers larger than 16 KiB",
    kind: "headers_overflow",
    detail: "UND_ERR_HEADERS_OVERFLOW: Headers Overflow Error",
    origin: (ground) => ground.target(says(head(`x: ${canary.repeat(1000)}`))),
  },

  // What does not come in time
  {
    name: "no response",
    kind: "deadline",
    detail: "no response within 250 ms",
    request: shortly,
    origin: (ground) => ground.target(() => {}),
  },
  {
    name: "interim responses without end",
    kind: "deadline",
    detail: "no response within 250 ms",
    sameAs: "no response",
    request: shortly,
    origin: (ground) => ground.target(repeats(`HTTP/1.1 103 ${canary}\r\nlink: <${canary}>\r\n\r\n`, 5)),
  },
  {
    name: "headers that drip without end",
    kind: "deadline",
    detail: "the headers were not complete within 250 ms",
    request: shortly,
    origin: (ground) => ground.target(dripping("HTTP/1.1 200 OK\r\n", `x: ${canary}\r\n`)),
  },
  {
    name: "a body that drips without end",
    kind: "deadline",
    detail: "the response was not complete within 250 ms",
    request: shortly,
    origin: (ground) => ground.target(dripping(head("transfer-encoding: chunked"), `1\r\nx\r\n`)),
  },

  // What may not be kept
  {
    name: "a body that is too large to keep",
    kind: "body_limit",
    detail: "the body exceeds 10485760 bytes",
    request: { wantBody: true },
    origin: (ground) =>
      ground.target(says(Buffer.concat([Buffer.from(head("content-length: 20000000")), Buffer.alloc(20_000_000)]))),
  },
  {
    name: "a small body that hides a large one",
    kind: "body_limit",
    detail: "the decoded body exceeds 10485760 bytes",
    request: { wantBody: true },
    origin: (ground) => ground.target(says(encoded("gzip", gzipSync(Buffer.alloc(20_000_000))))),
  },
  {
    name: "a body that is not what its content-encoding says",
    kind: "decode",
    detail: "the response is not valid gzip",
    request: { wantBody: true },
    origin: (ground) => ground.target(says(encoded("gzip", Buffer.from(canary)))),
  },
  {
    name: "a compressed body that ends too early",
    kind: "decode",
    detail: "the response is not valid deflate",
    request: { wantBody: true },
    origin: (ground) => ground.target(says(encoded("deflate", deflateSync(Buffer.from(canary)).subarray(0, 12)))),
  },
  {
    name: "a content-encoding that there is not",
    kind: "decode",
    detail: "the response has an unknown content-encoding",
    request: { wantBody: true },
    origin: (ground) => ground.target(says(encoded("constructor", Buffer.from(canary)))),
  },
  {
    name: "a body encoded a hundred times",
    kind: "decode",
    detail: "the response has more than 5 content-encodings",
    request: { wantBody: true },
    origin: (ground) => ground.target(says(encoded("gzip, ".repeat(100), Buffer.from(canary)))),
  },
  {
    name: "a redirect to itself",
    kind: "status",
    detail: "more than 10 redirects",
    origin: (ground) =>
      ground.target(says(`HTTP/1.1 302 ${canary}\r\nlocation: /${canary}\r\ncontent-length: 0\r\n\r\n`)),
  },
];
