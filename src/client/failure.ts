import { errors } from "undici";
import type { Failure, FailureKind } from "../metrics/sample.ts";

/** Why we ended an exchange ourselves. */
export class ExchangeAbort extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
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
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

interface CodedError {
  code?: unknown;
  message?: unknown;
  errors?: unknown;
  cause?: unknown;
}

/**
 * Gives an error of undici, Node's sockets or OpenSSL its failure kind. The detail is made of codes and short messages
 * only: a parser error's `data` holds the target's own bytes and is never kept.
 *
 * @param reused whether the connection had served an exchange before: then a close before the first byte is a stale
 *   connection, which is not tried again, as a retry would hide it.
 */
export function failureOf(error: unknown, { reused, answered }: { reused: boolean; answered: boolean }): Failure {
  if (error instanceof ExchangeAbort) return { kind: error.kind, detail: error.message };
  if (error instanceof errors.HTTPParserError) return parserFailure(error);
  const { code, message } = codeOf(error);
  let kind: FailureKind = byCode[code] ?? "unknown";
  if (kind === "unknown" && tlsCode.test(code)) kind = "tls";
  if ((kind === "reset" || kind === "closed_early") && !answered && reused)
    return { kind: "reset", detail: "stale_connection" };
  return { kind, detail: code === "" ? message : `${code}: ${message}` };
}

/** llhttp's reasons are fixed sentences; the bytes it stumbled over are in `data`, and stay there. */
function parserFailure({ code, message }: errors.HTTPParserError): Failure {
  const kind = String(code) === "HPE_HEADER_OVERFLOW" ? "headers_overflow" : "protocol";
  return { kind, detail: firstLine(message) };
}

/** A connection attempt to several addresses fails with all their errors in one: the first that has a code speaks. */
function codeOf(error: unknown): { code: string; message: string } {
  const { code, message, errors, cause } = (typeof error === "object" && error !== null ? error : {}) as CodedError;
  if (typeof code === "string" && (byCode[code] !== undefined || !Array.isArray(errors))) {
    return { code, message: typeof message === "string" ? firstLine(message) : "" };
  }
  for (const inner of [...(Array.isArray(errors) ? errors : []), cause]) {
    const found = inner === undefined ? undefined : codeOf(inner);
    if (found !== undefined && found.code !== "") return found;
  }
  return { code: "", message: typeof message === "string" ? firstLine(message) : String(error) };
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").slice(0, 200);
}
