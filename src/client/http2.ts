import { subscribe } from "node:diagnostics_channel";
import type { ClientHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Failure, FailureKind } from "../metrics/sample.ts";

/** Where a connection's socket carries the stream that was opened on it last. */
const latest = Symbol("plimsoll: latest stream");

type StreamSocket = Socket & { [latest]?: ClientHttp2Stream };

let followed = false;

/**
 * From now on `resetOf` knows. Node ends a body as if it were whole when its stream is reset with CANCEL, and undici takes that for a
 * success: only the stream itself says so, which undici keeps to itself.
 */
export function followStreams(): void {
  if (followed) return;
  followed = true;
  subscribe("http2.client.stream.created", (message) => {
    const { stream } = message as { stream: ClientHttp2Stream };
    // A session's socket stands for the real one, and takes and gives its properties.
    const socket = stream.session?.socket as StreamSocket | undefined;
    if (socket !== undefined) socket[latest] = stream;
  });
}

/** The code that the latest stream of a connection was reset with, if it was with one that says so (RFC 9113, 7). */
export function resetOf(socket: StreamSocket): number | undefined {
  return socket[latest]?.rstCode || undefined;
}

/** What HTTP/2 knows beside HTTP/1.1, by the code of its error, or by undici's words where that has none. */
const failures: Record<string, { kind: FailureKind; what: string }> = {
  ERR_HTTP2_STREAM_ERROR: { kind: "reset", what: "stream reset" },
  ERR_HTTP2_STREAM_CANCEL: { kind: "reset", what: "stream reset" },
  "HTTP/2: stream closed before the response was complete": { kind: "reset", what: "stream reset" },
  "HTTP/2: stream half-closed (remote)": { kind: "closed_early", what: "stream ended" },
  ERR_HTTP2_SESSION_ERROR: { kind: "closed_early", what: "connection ended with an error" },
  ERR_HTTP2_INVALID_SESSION: { kind: "closed_early", what: "connection ended" },
  ERR_HTTP2_GOAWAY_SESSION: { kind: "closed_early", what: "connection ended" },
  ERR_HTTP2_ERROR: { kind: "protocol", what: "its rules were broken" },
};

/** `where` is how far the exchange had come. */
export function http2Failure(code: string, message: string, where: string): Failure | undefined {
  const farewell = message.startsWith('HTTP/2: "GOAWAY"') ? failures["ERR_HTTP2_GOAWAY_SESSION"] : undefined;
  const failure = failures[code] ?? failures[message] ?? farewell;
  return failure && { kind: failure.kind, detail: `HTTP/2: ${failure.what} ${where}` };
}
