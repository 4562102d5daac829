import { createServer, type Server as HttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { ApiSources } from "./api-routes.ts";
import { isLoopback } from "./guard.ts";
import { Live } from "./live.ts";
import type { ServerProblem } from "./problem.ts";
import { type Lingering, Scrapers } from "./scrapers.ts";
import { LEAST_TOKEN } from "./token.ts";

export const DEFAULT_LISTEN: ListenAddress = { host: "127.0.0.1", port: 8089 };

export interface ListenAddress {
  host: string;
  /** 0 takes a free one. */
  port: number;
}

export interface ServerOptions extends ApiSources {
  /** As somebody asked for it. Undefined: 127.0.0.1:8089, or a free port where that is taken. */
  listen?: ListenAddress | undefined;
  /** Serves `/metrics` and `/healthz` alone, and so may listen where other machines reach it. */
  metricsOnly?: boolean;
  /** Whoever shows it may come from another machine, so that it may listen where others reach it; all others get nothing. */
  token?: string | undefined;
  /** What `/metrics` answers to a header `Accept`. */
  metrics: (accept: string | undefined) => Promise<{ contentType: string; body: string }>;
  /** What the page is called: the run's name. Anything may be in it. */
  title: () => string;
  /** When scrapers come, and how long they are waited for. */
  clock: Clock;
  /** Told of an answer that threw (a 500: a bug of ours) and of a connection that could not be accepted. */
  onError: (error: unknown) => void;
}

/** How long `close` waits for answers under way. */
const CLOSING_MS = 1_000;

/** Serves the page, `/metrics` and `/healthz`; runs are started and stopped through it only where it was given a `control`. */
export class Server {
  readonly kind = "server";
  /** `http://127.0.0.1:8089`. */
  readonly url: string;
  /** `127.0.0.1:8089`, as a scrape target. */
  readonly address: string;
  /** For people: that the default port was taken, and what was taken instead. */
  readonly notice: string | undefined;
  readonly #http: HttpServer;
  readonly #scrapers: Scrapers;
  readonly #live: Live;
  readonly #clock: Clock;

  constructor(http: HttpServer, scrapers: Scrapers, live: Live, clock: Clock, notice: string | undefined) {
    const { address, port, family } = http.address() as AddressInfo;
    this.address = family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
    this.url = `http://${this.address}`;
    this.notice = notice === undefined ? undefined : `${notice} Serving on ${this.url} instead.`;
    this.#http = http;
    this.#scrapers = scrapers;
    this.#live = live;
    this.#clock = clock;
  }

  /** When each scraper (remote address and user agent) came last, on the clock's scale. */
  get lastScrapes(): ReadonlyMap<string, number> {
    return this.#scrapers.lastScrapes;
  }

  /**
   * After the run's end: resolves once each scraper seen before has come once more, at most two of its intervals later
   * (`capMs`, 15 s unless given, for one that came once). At once if nobody ever came, or when `signal` aborts.
   */
  linger(lingering: Lingering): Promise<void> {
    return this.#scrapers.linger(lingering);
  }

  /** Takes no more requests; answers under way have a second to end. */
  async close(): Promise<void> {
    this.#live.close();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const done = new AbortController();
    await Promise.race([closed, sleepUntil(this.#clock, this.#clock.now() + CLOSING_MS, done.signal)]);
    done.abort();
    this.#http.closeAllConnections();
    await closed;
  }
}

export async function startServer(options: ServerOptions): Promise<Server | ServerProblem> {
  const wanted = options.listen ?? DEFAULT_LISTEN;
  const { token, metricsOnly = false } = options;
  if (token !== undefined && token.length < LEAST_TOKEN) {
    return problem(
      `The token of the page is too short: expected at least ${LEAST_TOKEN} characters that nobody can guess.`,
    );
  }
  const guarded = metricsOnly || token !== undefined;
  const reachable = guarded && !isLoopback(wanted.host);
  if (!guarded && !isLoopback(wanted.host)) {
    return problem(
      `Cannot listen on ${wanted.host}: without a token only this machine may reach the page, so it listens on a loopback address alone. Use 127.0.0.1, ::1 or localhost, or set a token in PLIMSOLL_WEB_TOKEN.`,
    );
  }
  const scrapers = new Scrapers(options.clock);
  const live = new Live(options.viewed, () => options.control?.choices());
  const answer = onceAsked(async () => {
    const { application } = await import("./application.ts");
    return application(options, reachable ? undefined : wanted.host, scrapers, live);
  });
  const http = createServer((request, response) => void answer(request, response).catch(options.onError));
  let notice: string | undefined;
  let error = await listen(http, wanted);
  if (error?.code === "EADDRINUSE" && options.listen === undefined) {
    notice = `Port ${wanted.port} is taken.`;
    error = await listen(http, { ...wanted, port: 0 });
  }
  if (error !== undefined) return problem(whyNot(error, wanted));
  const { address } = http.address() as AddressInfo;
  if (!reachable && !isLoopback(address)) {
    http.close();
    return problem(`${wanted.host} is ${address} here, which other machines may reach. Use 127.0.0.1 or ::1.`);
  }
  // Without a listener, a connection that is refused for want of file descriptors would end the process.
  http.on("error", options.onError);
  return new Server(http, scrapers, live, options.clock, notice);
}

/**
 * Makes what answers when the first request comes: Express and the routes take a good part of a run's start, and most runs
 * begin with nobody looking.
 */
function onceAsked(make: () => Promise<RequestListener>): (...of: Parameters<RequestListener>) => Promise<void> {
  let made: Promise<RequestListener> | undefined;
  return async (request, response) => {
    made ??= make();
    (await made)(request, response);
  };
}

function listen(http: HttpServer, { host, port }: ListenAddress): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => resolve(error);
    http.once("error", onError);
    http.listen({ host, port, exclusive: true }, () => {
      http.off("error", onError);
      resolve(undefined);
    });
  });
}

function whyNot(error: NodeJS.ErrnoException, { host, port }: ListenAddress): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `Cannot listen on ${host}:${port}: another program does already. Stop it, or choose another port.`;
    case "EACCES":
      return `Cannot listen on ${host}:${port}: this user may not. Choose a port above 1023.`;
    case "EADDRNOTAVAIL":
      return `Cannot listen on ${host}:${port}: this machine has no such address. Use one that it has, such as 127.0.0.1.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error.message}.`;
  }
}

function problem(message: string): ServerProblem {
  return { kind: "problem", message };
}
