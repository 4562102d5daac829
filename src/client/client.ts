import type { Sample } from "../metrics/sample.ts";

/** One request, ready to send: everything is filled in. */
export interface Request {
  /** `Aggregator.series` of what it is counted under. */
  series: number;
  /** The run's milliseconds at which it should have started. */
  intendedAt: number;
  method: string;
  /** `http://host:port` */
  origin: string;
  /** Begins with `/`; percent-encoded. */
  path: string;
  /** Name, value, name, value. */
  headers: string[];
  body: string | Buffer | undefined;
  /** Whether the response's body is needed; otherwise its bytes are counted and let go. */
  wantBody: boolean;
  /** From start to the last byte, redirects included. */
  deadlineMs: number;
  /** 10 unless given; with 0 a redirect is the response. */
  maxRedirects?: number | undefined;
  /** A response whose body is larger, on the wire, fails. */
  maxBytes?: number | undefined;
}

/** What became of a request. It belongs to its session, which uses it again: it is valid until the next `send`. */
export interface Exchange extends Sample {
  /** Of the response, names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  /** The decoded body, if it was wanted and arrived. */
  body: Buffer | undefined;
  /** `1.1` or `2`, as OpenTelemetry writes it. */
  protocolVersion: string;
}

/** One user's side of a client: its connections and its cookies. It sends one request at a time. */
export interface Session {
  /**
   * Always settles, once: a failed exchange is an Exchange with its `failure`. It settles on the stack of the response, not
   * in a promise: a next request that is sent from there spares the connection a turn of the event loop, and a tenth of the
   * CPU time of a request.
   */
  send(request: Request, settled: (exchange: Exchange) => void): void;
  /** Connections of its own beside these, with the same cookies: for a request at the same time. It ends with this one. */
  fork(): Session;
  /** Ends its connections; what is under way fails as `aborted`. */
  close(): void;
}

/** How a worker reaches the target: by HTTP, or a model of it. */
export interface Client {
  open(): Session;
  /** Exchanges under way. */
  readonly inflight: number;
  readonly connectionsOpen: number;
  readonly connectionsOpened: number;
}
