import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import type { Failure } from "../metrics/sample.ts";

/** A body that is wanted may be this large, on the wire and decoded. */
const LIMIT_BYTES = 10 * 1024 * 1024;
/** As many as browsers undo: each may hold another body of the limit's size. */
const MAX_CODINGS = 5;
/** How much of an encoded body is decoded to see whether it is a bomb, rather than waiting for the rest of it. */
const PROBE_BYTES = 64 * 1024;
/** RFC 9659: what a decoder of zstd must take, and need not exceed. zstd itself would allow windows of 128 MB. */
const ZSTD_WINDOW_LOG = 23;

const nothing: Buffer = Buffer.alloc(0);

/** The body of a response that is wanted, as it comes in: one buffer, however small the pieces. */
export class Body {
  /** Content-Encoding, the last applied first. */
  readonly #codings: string[];
  #bytes = nothing;
  /** Behind `#bytes`, once they are more than the first piece. */
  #own: ArrayBuffer | undefined;
  #length = 0;
  #probed = false;

  constructor(encoding: string | string[] | undefined) {
    this.#codings = encoding === undefined ? [] : codingsOf(encoding);
  }

  /** A failure if it is now too large to go on. */
  add(piece: Buffer): Failure | undefined {
    const length = this.#length + piece.length;
    if (length > LIMIT_BYTES) return { kind: "body_limit", detail: `the body exceeds ${LIMIT_BYTES} bytes` };
    if (this.#length === 0) {
      // Most bodies come in one piece, which is not copied.
      this.#bytes = piece;
    } else {
      if (length > this.#bytes.length) this.#grow(Math.min(LIMIT_BYTES, Math.max(length, 2 * this.#bytes.length)));
      piece.copy(this.#bytes, this.#length);
    }
    this.#length = length;
    return length > PROBE_BYTES && !this.#probed ? this.#probe() : undefined;
  }

  #grow(capacity: number): void {
    if (this.#own === undefined) {
      this.#own = new ArrayBuffer(capacity);
      this.#bytes.copy(new Uint8Array(this.#own));
    } else {
      // Frees the old one now, where garbage of this size would wait for its collector.
      this.#own = this.#own.transfer(capacity);
    }
    this.#bytes = Buffer.from(this.#own);
  }

  /** Whether what is there alone decodes to too much; all else is seen at the end. */
  #probe(): Failure | undefined {
    this.#probed = true;
    const [coding] = this.#codings;
    if (coding === undefined) return undefined;
    const decoded = decode(this.#bytes.subarray(0, this.#length), coding, "part");
    return "kind" in decoded && decoded.kind === "body_limit" ? decoded : undefined;
  }

  /** Undoes Content-Encoding, up to the limit: a small body can hide gigabytes. */
  decoded(): Buffer | Failure {
    let body = this.#bytes.subarray(0, this.#length);
    if (body.length === 0) return body;
    if (this.#codings.length > MAX_CODINGS)
      return { kind: "decode", detail: `the response has more than ${MAX_CODINGS} content-encodings` };
    for (const coding of this.#codings) {
      const decoded = decode(body, coding, "whole");
      if ("kind" in decoded) return decoded;
      body = decoded;
    }
    return body;
  }
}

function codingsOf(encoding: string | string[]): string[] {
  return (Array.isArray(encoding) ? encoding.join(",") : encoding)
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity")
    .reverse();
}

/** Whether its end is an error if it is not that of the encoded data. */
type Extent = "whole" | "part";

const zlib = (extent: Extent) => ({
  maxOutputLength: LIMIT_BYTES,
  finishFlush: extent === "whole" ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
});

const gunzip = (body: Buffer, extent: Extent) => gunzipSync(body, zlib(extent));

const decoders = new Map<string, (body: Buffer, extent: Extent) => Buffer>([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  // RFC 9110, 8.4.1.2: zlib's format; some servers send it bare. Its first four bits tell which.
  [
    "deflate",
    (body, extent) =>
      ((body[0] ?? 0) & 15) === 8 ? inflateSync(body, zlib(extent)) : inflateRawSync(body, zlib(extent)),
  ],
  [
    "br",
    (body, extent) =>
      brotliDecompressSync(body, {
        maxOutputLength: LIMIT_BYTES,
        finishFlush: extent === "whole" ? constants.BROTLI_OPERATION_FINISH : constants.BROTLI_OPERATION_FLUSH,
      }),
  ],
  [
    "zstd",
    (body, extent) =>
      zstdDecompressSync(body, {
        maxOutputLength: LIMIT_BYTES,
        finishFlush: extent === "whole" ? constants.ZSTD_e_end : constants.ZSTD_e_flush,
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      }),
  ],
]);

function decode(body: Buffer, coding: string, extent: Extent): Buffer | Failure {
  const decoder = decoders.get(coding);
  if (decoder === undefined) return { kind: "decode", detail: "the response has an unknown content-encoding" };
  try {
    return decoder(body, extent);
  } catch (error) {
    if (error instanceof RangeError && (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      return { kind: "body_limit", detail: `the decoded body exceeds ${LIMIT_BYTES} bytes` };
    return { kind: "decode", detail: `the response is not valid ${coding}` };
  }
}
