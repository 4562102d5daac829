/**
 * Why a look at a source failed: a closed list, the label `reason` of `target_scrape_errors_total`.
 *
 * - `timeout`: no whole answer within the source's time.
 * - `refused`: no connection, or the target would not serve (name unknown, TLS, a status of 500).
 * - `auth`: status 401 or 403.
 * - `parse`: an answer that is not what such a source gives.
 * - `missing`: an answer without what was asked for (status 404, no metric of those wanted).
 */
export const collectReasons = ["timeout", "refused", "auth", "parse", "missing"] as const;

export type CollectReason = (typeof collectReasons)[number];

/**
 * The one way in which a look may fail. `message` is for people: it says what was expected and what was got, and holds
 * no secret.
 */
export class CollectError extends Error {
  readonly reason: CollectReason;

  constructor(reason: CollectReason, message: string) {
    super(message);
    this.name = "CollectError";
    this.reason = reason;
  }
}

/** What Node or undici calls an error, `""` if nothing. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  // undici names some of the parser's errors without a code.
  return error.name === "HTTPParserError" ? "HPE_INVALID" : "";
}

/**
 * What a connection's error means for a look. Never with the error's own text: it may repeat what was sent, or what a
 * hostile target answered.
 */
export function connectionError(code: string): CollectError | undefined {
  switch (code) {
    case "":
      return undefined;
    case "ECONNREFUSED":
      return new CollectError("refused", "nothing listens there (ECONNREFUSED)");
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new CollectError("refused", `the host's name is not known (${code})`);
    case "UND_ERR_SOCKET":
    case "ECONNRESET":
    case "EPIPE":
      return new CollectError("refused", "the connection was closed before the whole answer came");
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return new CollectError("timeout", "no connection in time");
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
    case "UND_ERR_HEADERS_OVERFLOW":
      return new CollectError("parse", `the answer breaks HTTP (${code})`);
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return new CollectError(
        "refused",
        `its certificate is of no known authority (${code}): name it in tls: { ca: … }`,
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return new CollectError("refused", `its certificate is for another name than the address (${code})`);
    default:
      return code.startsWith("HPE_")
        ? new CollectError("parse", `the answer is not HTTP (${code})`)
        : new CollectError("refused", `the request failed (${code})`);
  }
}
