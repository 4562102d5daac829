import { subscribe } from "node:diagnostics_channel";
import type { ClientHttp2Stream, Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../metrics/clock.ts";
import type { Failure, FailureKind } from "../metrics/sample.ts";

/** What a connection's socket carries of HTTP/2: its session, and the stream that was opened last. */
const known = Symbol("plimsoll: HTTP/2");

type KnownSocket = Socket & { [known]?: { session: Http2Session; stream: ClientHttp2Stream } };

let followed = false;

/**
 * From now on `resetOf` and `endLater` know what they need, which undici keeps to itself. Node ends a body as if it were whole when
 * its stream is reset with CANCEL, and undici takes that for a success: only the stream itself says so.
 */
export function followStreams(): void {
  if (followed) return;
  followed = true;
  subscribe("http2.client.stream.created", (message) => {
    const { stream } = message as { stream: ClientHttp2Stream };
    const { session } = stream;
    // A session's socket stands for the real one, and takes and gives its properties.
    if (session !== undefined) (session.socket as KnownSocket)[known] = { session, stream };
  });
}

/** The code that the latest stream of a connection was reset with, if it was with one that says so (RFC 9113, 7). */
export function resetOf(socket: KnownSocket): number | undefined {
  return socket[known]?.stream.rstCode || undefined;
}

/**
 * At its socket's end undici (8.12) throws a session away with what has come and is not read: of the last response before a server
 * leaves (GOAWAY, which closes the session), as nginx does after a number of requests, the body. So that it is read, undici hears of the
 * end a turn of the loop later.
 */
export function endLater(socket: KnownSocket, clock: Clock): void {
  const emit = socket.emit.bind(socket) as (...event: unknown[]) => boolean;
  socket.emit = (...event: unknown[]) => {
    if (event[0] !== "end" || socket[known]?.session.closed !== true) return emit(...event);
    clock.at(clock.now(), () => emit(...event));
    return true;
  };
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
