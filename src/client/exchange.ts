import { type Dispatcher, errors } from "undici";
import type { Clock } from "../metrics/clock.ts";
import type { Failure } from "../metrics/sample.ts";
import { Body } from "./body.ts";
import type { Exchange, Request } from "./client.ts";
import type { Connection } from "./connection.ts";
import { deadlineExceeded, ExchangeAbort, failureOf, type Progress, switchingUnasked } from "./failure.ts";
import type { PhaseHistograms } from "./phases.ts";

type Headers = Exchange["headers"];

const noHeaders: Headers = Object.freeze({});

/** What an exchange asks of the session it belongs to. */
export interface Owner {
  /** The head of a response is in. */
  answered(exchange: HttpExchange): void;
  /** A response is complete: true if it was a redirect and the next request is on its way. */
  redirect(exchange: HttpExchange): boolean;
  ended(): void;
  /** Ends the connection to an origin: what undici has not sent yet can be ended in no other way. */
  drop(origin: string, reason: Error): void;
}

/** undici's handler and the Exchange in one object, used again for each request of its session. */
export class HttpExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #clock: Clock;
  readonly #owner: Owner;
  readonly #phases: PhaseHistograms | undefined;
  /** When the request began to be written, when it was, and when the response's head was in: measured only where phases are. */
  #sendingAt = 0;
  #sentAt = 0;
  #firstByteAt: number | undefined;
  /** Absent if nothing is under way. */
  #settled: ((exchange: Exchange) => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Of the response whose head is in; absent if it is not wanted. */
  #body: Body | undefined;
  #wantBody = false;
  #maxBytes = Number.POSITIVE_INFINITY;
  /** A response has begun whose head is not in. */
  #begun = false;

  series = 0;
  intendedAt = 0;
  startedAt = 0;
  endedAt = 0;
  status: number | undefined;
  bytesIn = 0;
  bytesOut = 0;
  failure: Failure | undefined;
  headers: Headers = noHeaders;
  body: Buffer | undefined;

  get protocolVersion(): string {
    return this.connection?.protocolVersion ?? "1.1";
  }

  origin = "";
  path = "";
  method: Dispatcher.HttpMethod = "GET";
  requestHeaders: string[] = [];
  requestBody: string | Buffer | undefined;
  /** Never, unless it is under way. */
  deadlineAt = Number.POSITIVE_INFINITY;
  /** That it is sent on; absent if there could be none. */
  connection: Connection | undefined;

  constructor(clock: Clock, owner: Owner, phases: PhaseHistograms | undefined) {
    this.#clock = clock;
    this.#owner = owner;
    this.#phases = phases;
  }

  begin(request: Request, settled: (exchange: Exchange) => void): void {
    this.#settled = settled;
    this.#wantBody = request.wantBody;
    this.#maxBytes = request.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#controller = undefined;
    this.connection = undefined;
    this.series = request.series;
    this.intendedAt = request.intendedAt;
    this.startedAt = this.#clock.now();
    this.deadlineAt = this.startedAt + request.deadlineMs;
    this.#firstByteAt = undefined;
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
    this.#begun = false;
    this.status = undefined;
    this.headers = noHeaders;
    this.body = undefined;
    this.#body = undefined;
  }

  get #stage(): Progress["stage"] {
    if (this.#controller === undefined) return "connecting";
    if (this.status !== undefined) return "body";
    return this.#begun ? "headers" : "waiting";
  }

  /** Past its deadline. */
  expire(): void {
    this.#abort(deadlineExceeded(this.#stage, Math.round(this.deadlineAt - this.startedAt)));
  }

  #abort(reason: ExchangeAbort): void {
    if (this.#controller === undefined) this.#owner.drop(this.origin, reason);
    else this.#controller.abort(reason);
    this.fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#phases !== undefined) this.#sendingAt = this.#clock.now();
  }

  onRequestSent(): void {
    if (this.#phases !== undefined) this.#sentAt = this.#clock.now();
  }

  onResponseStarted(): void {
    this.#begun = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) {
      // An interim response: the one that counts is yet to come. These two are none, and undici would trip over them.
      this.#begun = false;
      if (status < 100) this.#abort(new ExchangeAbort("protocol", "a status below 100"));
      else if (status === 101) this.#abort(new ExchangeAbort("protocol", switchingUnasked));
      return;
    }
    if (this.#phases !== undefined) this.#firstByteAt ??= this.#clock.now();
    this.status = status;
    this.headers = headers;
    if (this.#wantBody) this.#body = new Body(headers["content-encoding"]);
    this.#owner.answered(this);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytesIn += chunk.length;
    if (this.bytesIn > this.#maxBytes) {
      this.#abort(new ExchangeAbort("body_limit", `the body exceeds ${this.#maxBytes} bytes`));
      return;
    }
    const tooLarge = this.#body?.add(chunk);
    if (tooLarge !== undefined) this.#abort(new ExchangeAbort(tooLarge.kind, tooLarge.detail));
  }

  onResponseEnd(): void {
    const { connection, headers } = this;
    if (connection === undefined || this.#settled === undefined) return;
    connection.served = true;
    const endsWithConnection = headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
    if (endsWithConnection && connection.brokenBy !== null) {
      this.fail(connection.brokenBy);
      return;
    }
    if (connection.resetWith !== undefined) {
      this.fail(new ExchangeAbort("reset", "HTTP/2: stream reset within the body"));
      return;
    }
    const status = this.status ?? 0;
    if (status >= 300 && status < 400 && this.#owner.redirect(this)) return;
    // What it takes us to decode the body is not the target's latency.
    const endedAt = this.#clock.now();
    if (this.#phases !== undefined) this.#measure(this.#phases, endedAt);
    if (this.#body !== undefined) {
      const body = this.#body.decoded();
      if (Buffer.isBuffer(body)) this.body = body;
      else this.failure = body;
    }
    this.#finish(endedAt);
  }

  /** A response may begin before the request is all sent; then it did not wait. */
  #measure({ send, wait, receive }: PhaseHistograms, endedAt: number): void {
    const firstByteAt = this.#firstByteAt ?? endedAt;
    send.record(Math.max(0, this.#sentAt - this.#sendingAt) / 1000);
    wait.record(Math.max(0, firstByteAt - this.#sentAt) / 1000);
    receive.record((endedAt - firstByteAt) / 1000);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // One that found no connection fails while undici empties its queue: a next request would stand in there, and it asserts
    // that none does. What it refuses to send at all it says before there is a queue.
    if (this.#stage === "connecting" && !(error instanceof errors.InvalidArgumentError)) {
      const { connection } = this;
      queueMicrotask(() => {
        if (this.connection === connection) this.fail(error);
      });
    } else this.fail(error);
  }

  fail(error: unknown): void {
    if (this.#settled === undefined) return;
    this.failure = failureOf(error, {
      stage: this.#stage,
      served: this.connection?.served === true,
      brokenBy: this.connection?.brokenBy ?? null,
      headers: this.headers,
    });
    // undici goes on with a session of HTTP/2 that has broken for a while yet.
    if (this.failure.kind === "protocol" && this.connection?.protocolVersion === "2") {
      this.#owner.drop(this.origin, new ExchangeAbort("aborted", "its connection broke"));
    }
    this.#finish(this.#clock.now());
  }

  #finish(endedAt: number): void {
    this.endedAt = endedAt;
    this.deadlineAt = Number.POSITIVE_INFINITY;
    this.#body = undefined;
    const settled = this.#settled;
    this.#settled = undefined;
    this.#owner.ended();
    try {
      settled?.(this);
    } catch (error) {
      // A bug of ours, which undici would take for a failure of the exchange.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
