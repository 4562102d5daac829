import { errors } from "undici";
import type { Failure, FailureKind } from "../metrics/sample.ts";
import { http2Failure } from "./http2.ts";

/**
 * Why we ended an exchange ourselves.
 *
 * Our one limit of time is the exchange's own, from its start to its last byte, and what exceeds it is a `deadline`,
 * however far it had come: the detail says how far. `headers_timeout` and `body_timeout` are for limits of a phase alone;
 * none is set, so they do not occur. `connect_timeout` does: a connection has a limit of its own.
 */
export class ExchangeAbort extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** How far an exchange had come when it failed. */
export interface Progress {
  /** No connection yet; the request is out; the response has begun; its head is in. */
  stage: "connecting" | "waiting" | "headers" | "body";
  /** Whether its connection had carried a whole response before. */
  served: boolean;
  /** What the connection broke with, if it did. */
  brokenBy: Error | null;
  /** The response's, once its head is in. */
  headers: Record<string, string | string[] | undefined>;
}

const unfinished = {
  connecting: "no connection",
  waiting: "no response",
  headers: "the headers were not complete",
  body: "the response was not complete",
} as const satisfies Record<Progress["stage"], string>;

export function deadlineExceeded(stage: Progress["stage"], limitMs: number): ExchangeAbort {
  return new ExchangeAbort("deadline", `${unfinished[stage]} within ${limitMs} ms`);
}

const byCode: Record<string, FailureKind> = {
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_NODATA: "dns",
  EAI_FAIL: "dns",
  ECONNREFUSED: "connect_refused",
  EHOSTUNREACH: "connect_refused",
  ENETUNREACH: "connect_refused",
  UND_ERR_CONNECT_TIMEOUT: "connect_timeout",
  ETIMEDOUT: "connect_timeout",
  ECONNRESET: "reset",
  ECONNABORTED: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "closed_early",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "closed_early",
  UND_ERR_HEADERS_OVERFLOW: "headers_overflow",
  UND_ERR_HEADERS_TIMEOUT: "headers_timeout",
  UND_ERR_BODY_TIMEOUT: "body_timeout",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "body_limit",
  UND_ERR_ABORTED: "aborted",
  UND_ERR_DESTROYED: "aborted",
  UND_ERR_CLOSED: "aborted",
  EMFILE: "generator_fds",
  ENFILE: "generator_fds",
  EADDRNOTAVAIL: "generator_ports",
  EPROTO: "tls",
};

/** OpenSSL's and Node's codes for a peer that cannot be trusted or talked to, such as CERT_HAS_EXPIRED. */
const tlsCode =
  /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|ERROR_IN_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;

const tlsWords: Record<string, string> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another host",
  ERR_SSL_WRONG_VERSION_NUMBER: "what answered does not speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "what answered does not speak TLS",
};

/** The detail of an upgrade that nobody wanted. */
export const switchingUnasked = "101 (Switching Protocols) to a request that did not ask for it";

/** undici's words for an answer to something else than was asked. */
const unaskedWords: Record<string, string> = {
  "bad response": "100 (Continue) to a request that did not ask for it",
  "bad upgrade": switchingUnasked,
};

/** What is at its end here, and what to do about it. */
const ownLimitWords: Record<string, string> = {
  generator_fds: "the generator has no file descriptor left: raise ulimit -n, or take more machines",
  generator_ports: "the generator has no port left: widen net.ipv4.ip_local_port_range, or take more machines",
};

interface CodedError {
  name?: unknown;
  code?: unknown;
  message?: unknown;
  data?: unknown;
  errors?: unknown;
}

/**
 * Gives an error of undici, Node's sockets or OpenSSL its failure kind. The detail is made of codes, of the system's
 * messages about its own calls and of sentences of ours: a parser error's `data` holds the target's own bytes, a
 * certificate error's message its names, and a detail never does.
 *
 * A connection that breaks before the first byte of an answer, but had served before, was stale. That is not tried again:
 * a retry would hide it.
 */
export function failureOf(error: unknown, progress: Progress): Failure {
  if (error instanceof ExchangeAbort) return { kind: error.kind, detail: error.message };
  if (error instanceof errors.HTTPParserError) return parserFailure(error, progress);
  const { code, message } = codeOf(error);
  const ofHttp2 = http2Failure(code, message, whereBroken(progress));
  if (ofHttp2 !== undefined) return ofHttp2;
  const kind = kindOf(code, message, progress.stage);
  switch (kind) {
    case "reset":
      return broken("reset", code, progress);
    case "closed_early":
      return broken("closed_early", "closed", progress);
    case "protocol":
      return { kind, detail: unaskedWords[message] ?? "what follows a content-length is not HTTP/1.1" };
    case "tls":
      return { kind, detail: tlsWords[code] === undefined ? code : `${code}: ${tlsWords[code]}` };
    case "unknown":
      // undici's words for what it will not send are about what we asked; of others we do not know what they quote.
      return { kind, detail: code.startsWith("UND_ERR_") ? `${code}: ${message}` : code };
    default:
      return { kind, detail: `${code}: ${ownLimitWords[kind] ?? message}` };
  }
}

function kindOf(code: string, message: string, stage: Progress["stage"]): FailureKind {
  const kind = byCode[code] ?? (tlsCode.test(code) ? "tls" : "unknown");
  switch (kind) {
    case "reset":
      // Node's name for a connection that was closed, not reset, before its TLS handshake was done.
      return message.startsWith("Client network socket disconnected") ? "closed_early" : kind;
    case "connect_refused":
    case "connect_timeout":
      return stage === "connecting" ? kind : "reset";
    case "closed_early":
      if (unaskedWords[message] !== undefined) return "protocol";
      // Before the head is in, undici says so of any mistake that comes after a content-length.
      return code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" && stage !== "body" ? "protocol" : kind;
    default:
      return kind;
  }
}

function broken(kind: "reset" | "closed_early", what: string, progress: Progress): Failure {
  if (progress.stage === "waiting" && progress.served) return { kind: "reset", detail: "stale_connection" };
  // undici takes a reset within the last response of a connection for its end.
  const reset = kind === "closed_early" && codeOf(progress.brokenBy).code === "ECONNRESET";
  if (reset && progress.stage === "body") return { kind: "reset", detail: `ECONNRESET ${whereBroken(progress)}` };
  return { kind, detail: `${what} ${whereBroken(progress)}` };
}

function whereBroken({ stage, headers }: Progress): string {
  if (stage === "connecting") return "while connecting";
  if (stage === "waiting") return "before a response";
  if (stage === "headers") return "within the headers";
  if (headers["content-length"] !== undefined) return "within the body, short of its content-length";
  if (headers["transfer-encoding"] !== undefined) return "within the body, before its last chunk";
  return "within the body";
}

/** llhttp's reasons are fixed sentences; the bytes it stumbled over are in `data`, and stay there. Its codes get lost. */
function parserFailure(error: errors.HTTPParserError, progress: Progress): Failure {
  if (error.message.includes("(Invalid EOF state)")) return broken("closed_early", "closed", progress);
  if (isTlsRecord((error as CodedError).data))
    return { kind: "protocol", detail: "what answered speaks TLS: https instead of http?" };
  return { kind: "protocol", detail: error.message === "" ? "not HTTP/1.1" : error.message };
}

/** An alert or a handshake message, of any version (RFC 8446, 5.1). */
function isTlsRecord(data: unknown): boolean {
  if (typeof data !== "string") return false;
  return (data.charCodeAt(0) === 21 || data.charCodeAt(0) === 22) && data.charCodeAt(1) === 3;
}

/** What connecting to an address fails with before anything was sent to it. */
const untried = new Set(["EADDRNOTAVAIL", "ENETUNREACH", "EHOSTUNREACH"]);

/**
 * Connecting to several addresses fails with all their errors in one. That of an address that was really tried says more:
 * IPv6 on a machine that has none is EADDRNOTAVAIL, as if no port were left.
 */
function codeOf(error: unknown): { code: string; message: string } {
  const { name, code, message, errors } = (typeof error === "object" && error !== null ? error : {}) as CodedError;
  const each = Array.isArray(errors) ? errors.map(codeOf) : [];
  const telling = each.find((one) => !untried.has(one.code)) ?? each[0];
  if (telling !== undefined) return telling;
  if (typeof code === "string") return { code, message: typeof message === "string" ? firstLine(message) : "" };
  return { code: typeof name === "string" ? name : typeof error, message: "" };
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").slice(0, 200);
}
