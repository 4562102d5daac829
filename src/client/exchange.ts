import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import type { Dispatcher } from "undici";
import type { Clock } from "../metrics/clock.ts";
import type { Failure } from "../metrics/sample.ts";
import type { Exchange, Request } from "./client.ts";
import { ExchangeAbort, failureOf } from "./failure.ts";

/** A body that is wanted may be this large, on the wire and decoded. */
const BODY_LIMIT = 10 * 1024 * 1024;

type Headers = Exchange["headers"];

const noHeaders: Headers = Object.freeze({});

/** What an exchange asks of the session it belongs to. */
interface Owner {
  /** The head of a response is in. */
  answered(exchange: HttpExchange): void;
  /** A response is complete: true if it was a redirect and the next request is on its way. */
  redirect(exchange: HttpExchange): boolean;
  ended(exchange: HttpExchange): void;
  /** To be ended before undici had a connection for it: only dropping the connection does that. */
  unreachable(origin: string, reason: Error): void;
}

/** undici's handler and the Exchange in one object, used again for each request of its session. */
export class HttpExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #clock: Clock;
  readonly #owner: Owner;
  #resolve: ((exchange: Exchange) => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Buffer[] = [];
  #wantBody = false;

  series = 0;
  intendedAt = 0;
  startedAt = 0;
  firstByteAt: number | undefined;
  endedAt = 0;
  status: number | undefined;
  bytesIn = 0;
  bytesOut = 0;
  failure: Failure | undefined;
  headers: Headers = noHeaders;
  body: Buffer | undefined;
  readonly protocolVersion = "1.1";

  origin = "";
  path = "";
  method: Dispatcher.HttpMethod = "GET";
  requestHeaders: string[] = [];
  requestBody: string | undefined;
  deadlineAt = 0;
  /** Whether the connection at hand has served an exchange before. */
  reused: boolean;

  constructor(clock: Clock, owner: Owner, reused: boolean) {
    this.#clock = clock;
    this.#owner = owner;
    this.reused = reused;
  }

  begin(request: Request, resolve: (exchange: Exchange) => void): void {
    this.#resolve = resolve;
    this.#wantBody = request.wantBody;
    this.#controller = undefined;
    this.series = request.series;
    this.intendedAt = request.intendedAt;
    this.startedAt = this.#clock.now();
    this.deadlineAt = this.startedAt + request.deadlineMs;
    this.firstByteAt = undefined;
    this.failure = undefined;
    this.bytesIn = 0;
    this.bytesOut = request.body === undefined ? 0 : Buffer.byteLength(request.body);
    this.origin = request.origin;
    this.path = request.path;
    this.method = request.method;
    this.requestHeaders = request.headers;
    this.requestBody = request.body;
    this.#forgetResponse();
  }

  /** The next hop of a redirect: the same sample goes on. */
  follow(origin: string, path: string, toGet: boolean, headers: string[]): void {
    this.#controller = undefined;
    this.origin = origin;
    this.path = path;
    this.requestHeaders = headers;
    if (toGet) {
      this.method = "GET";
      this.requestBody = undefined;
    }
    this.#forgetResponse();
  }

  #forgetResponse(): void {
    this.status = undefined;
    this.headers = noHeaders;
    this.body = undefined;
    this.#chunks = [];
  }

  /** Past its deadline. */
  expire(): void {
    const done = this.status === undefined ? "no response" : "the response was not complete";
    const limit = Math.round(this.deadlineAt - this.startedAt);
    this.#abort(new ExchangeAbort("deadline", `${done} within ${limit} ms`));
  }

  #abort(reason: Error): void {
    if (this.#controller === undefined) this.#owner.unreachable(this.origin, reason);
    else this.#controller.abort(reason);
    this.fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    this.firstByteAt ??= this.#clock.now();
    this.status = status;
    this.headers = headers;
    this.#owner.answered(this);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytesIn += chunk.length;
    if (!this.#wantBody) return;
    if (this.bytesIn > BODY_LIMIT) this.#abort(new ExchangeAbort("body_limit", `the body exceeds ${BODY_LIMIT} bytes`));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.reused = true;
    if (this.#resolve === undefined) return;
    const status = this.status ?? 0;
    if (status >= 300 && status < 400 && this.#owner.redirect(this)) return;
    if (this.#wantBody) {
      try {
        this.body = decode(this.#chunks, this.headers["content-encoding"]);
      } catch (error) {
        this.fail(error);
        return;
      }
    }
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
    this.reused = false;
  }

  fail(error: unknown): void {
    if (this.#resolve === undefined) return;
    this.failure = failureOf(error, { reused: this.reused, answered: this.status !== undefined });
    this.#finish();
  }

  #finish(): void {
    this.endedAt = this.#clock.now();
    this.#chunks = [];
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#owner.ended(this);
    resolve?.(this);
  }
}

const decoders: Record<string, (body: Buffer, limit: { maxOutputLength: number }) => Buffer> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** Undoes Content-Encoding, up to the limit: a small body can hide gigabytes. */
function decode(chunks: Buffer[], encoding: string | string[] | undefined): Buffer {
  let body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  if (encoding === undefined || body.length === 0) return body;
  const names = (Array.isArray(encoding) ? encoding.join(",") : encoding).toLowerCase().split(",");
  for (const name of names.map((one) => one.trim()).reverse()) {
    if (name === "" || name === "identity") continue;
    const decoder = decoders[name];
    if (decoder === undefined) throw new ExchangeAbort("decode", "the response has an unknown content-encoding");
    try {
      body = decoder(body, { maxOutputLength: BODY_LIMIT });
    } catch (error) {
      const large = error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
      if (large) throw new ExchangeAbort("body_limit", `the decoded body exceeds ${BODY_LIMIT} bytes`);
      throw new ExchangeAbort("decode", `the response is not valid ${name}`);
    }
  }
  return body;
}
