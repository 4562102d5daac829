import { connect as connectTcp, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, TLSSocket } from "node:tls";
import { type buildConnector, type Dispatcher, Client as UndiciClient } from "undici";
import type { Clock } from "../metrics/clock.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { ExchangeAbort } from "./failure.ts";
import { endLater, resetOf } from "./http2.ts";
import type { PhaseHistograms } from "./phases.ts";
import { PlainSocket } from "./plain-socket.ts";
import { type HttpProxy, isProxied, openTunnel } from "./proxy.ts";
import type { TlsContext } from "./tls.ts";

/** undici's default of 4 s would reconnect between a slow user's requests; a server's own hint still shortens it. */
const KEEP_ALIVE_MS = 60_000;

/** What all connections of a client share. */
export interface Network {
  readonly clock: Clock;
  readonly lookup: LookupFunction;
  readonly connectTimeoutMs: number;
  /** Offer HTTP/2 over TLS. */
  readonly http2: boolean;
  readonly tls: TlsContext;
  readonly proxy: HttpProxy | undefined;
  readonly phases: PhaseHistograms | undefined;
  connectionsOpen: number;
  connectionsOpened: number;
}

/**
 * One user's connection to one origin: opened for the first request, and again when it was lost. The sockets are ours,
 * not those of undici's connector, because an attempt to connect must be ended with its exchange: undici lets it go on.
 */
export class Connection {
  readonly #network: Network;
  readonly #undici: UndiciClient;
  readonly #origin: string;
  /** That it goes through; absent if it leads straight to the origin. */
  readonly proxy: HttpProxy | undefined;
  /** Being opened, open, or the last there was. */
  #socket: Socket | undefined;
  /** To resume by, as a returning user does; never another user's. */
  #tlsSession: Buffer | undefined;
  /** Whether the socket at hand has carried a whole response. If so, and it breaks before the next, it had gone stale. */
  served = false;

  /** @throws undici's InvalidArgumentError if the origin is none */
  constructor(origin: string, network: Network) {
    this.#network = network;
    this.#origin = origin;
    const { proxy } = network;
    if (proxy !== undefined && isProxied(proxy, new URL(origin).hostname)) this.proxy = proxy;
    this.#undici = new UndiciClient(origin, {
      connect: (options, callback) => this.#connect(options, callback),
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      allowH2: network.http2,
      // Our own deadline covers both; undici's body timeout starts anew with each chunk, so a drip would never end.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.proxy !== undefined && !this.#origin.startsWith("https:")) this.#askProxy(options, this.proxy);
    this.#undici.dispatch(options, handler);
  }

  /** A proxy is told the whole URL (RFC 9112, 3.2.2). */
  #askProxy(options: Dispatcher.DispatchOptions, { authorization }: HttpProxy): void {
    options.path = this.#origin + options.path;
    if (authorization !== undefined) {
      options.headers = [...(options.headers as string[]), "proxy-authorization", authorization];
    }
  }

  /** As OpenTelemetry writes it. */
  get protocolVersion(): string {
    return this.#socket instanceof TLSSocket && this.#socket.alpnProtocol === "h2" ? "2" : "1.1";
  }

  /** The code of HTTP/2 that the latest response was broken off with, if it was. */
  get resetWith(): number | undefined {
    return this.#network.http2 && this.#socket !== undefined ? resetOf(this.#socket) : undefined;
  }

  /** What the socket broke with, if it did: undici takes a reset for the end of a body that has no length. */
  get brokenBy(): Error | null {
    return this.#socket?.errored ?? null;
  }

  /** Ends it for good, with all it carries or waits for. */
  drop(reason: Error): void {
    // Its one exchange hears of it through its handler; destroying cannot fail otherwise.
    void this.#undici.destroy(reason).catch(() => {});
    this.#socket?.destroy();
  }

  #connect({ hostname, port, protocol, servername }: buildConnector.Options, callback: buildConnector.Callback): void {
    const network = this.#network;
    const secure = protocol === "https:";
    const number = Number(port || (secure ? 443 : 80));
    const name = servername ?? (isIP(hostname) === 0 ? hostname : "");
    const limit = network.clock.at(network.clock.now() + network.connectTimeoutMs, () => {
      const late = new ExchangeAbort("connect_timeout", `no connection within ${network.connectTimeoutMs} ms`);
      this.#socket?.destroy(late);
    });
    const givenUp = () => limit.cancel();
    const failed = (error: Error) => callback(error, null);
    const opening = (socket: Socket, ready: "connect" | "secureConnect", then: () => void) => {
      this.#socket = socket;
      if (network.phases !== undefined) measure(socket, network.clock, network.phases);
      socket.once("close", givenUp).once("error", failed);
      socket.once(ready, () => {
        // From now on others listen; thousands of idle connections need not keep what they were opened with.
        socket.off("close", givenUp).off("error", failed);
        then();
      });
    };
    const opened = (socket: Socket) => {
      limit.cancel();
      network.connectionsOpened++;
      network.connectionsOpen++;
      socket.once("close", () => network.connectionsOpen--);
      callback(null, socket);
    };
    this.served = false;
    const { proxy } = this;
    if (!secure || proxy !== undefined) {
      const to = this.#to(proxy?.host ?? hostname, proxy?.port ?? number);
      const socket = secure ? connectTcp(to) : new PlainSocket(to).connect(to);
      const tunnel = () => {
        socket.once("close", givenUp).once("error", failed);
        openTunnel(socket, proxy as HttpProxy, `${hostname}:${number}`, (problem) => {
          socket.off("close", givenUp).off("error", failed);
          if (problem !== undefined) {
            limit.cancel();
            socket.destroy();
            failed(problem);
            return;
          }
          const encrypted = this.#encrypt({ socket, host: hostname }, name);
          opening(encrypted, "secureConnect", () => opened(encrypted));
        });
      };
      opening(socket, "connect", secure ? tunnel : () => opened(socket));
    } else {
      const socket = this.#encrypt(this.#to(hostname, number), name);
      opening(socket, "secureConnect", () => opened(socket));
    }
  }

  #to(host: string, port: number): TcpNetConnectOpts {
    const { lookup } = this.#network;
    return { host, port, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  }

  #encrypt(to: TcpNetConnectOpts | { socket: Socket; host: string }, servername: string): TLSSocket {
    const session = this.#tlsSession === undefined ? {} : { session: this.#tlsSession };
    const { http2, tls } = this.#network;
    const ALPNProtocols = http2 ? ["h2", "http/1.1"] : ["http/1.1"];
    const socket = connectTls({ ...to, ...session, servername, ...tls.options, ALPNProtocols });
    if (http2) endLater(socket, this.#network.clock);
    return socket.on("session", (ticket: Buffer) => {
      this.#tlsSession = ticket;
    });
  }
}

/** Each part begins when the one before has ended; a host that is an address needs no look-up. */
function measure(socket: Socket, clock: Clock, { dns, connect, tls }: PhaseHistograms): void {
  let since = clock.now();
  const end = (phase: Histogram) => () => {
    const now = clock.now();
    phase.record((now - since) / 1000);
    since = now;
  };
  socket.once("lookup", end(dns));
  socket.once("connect", end(connect));
  socket.once("secureConnect", end(tls));
}

/**
 * Has undici load and compile its parser, which it does when first connected to anything: here to nothing. Else it would be
 * part of the first users' latency, and take files to read when there may be no descriptor left.
 */
export function loadParser(): void {
  const nowhere = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  const undici = new UndiciClient("http://localhost", {
    connect: (_options, callback) => callback(null, nowhere as Socket),
  });
  undici.dispatch(
    { path: "/", method: "GET" },
    {
      onRequestStart: () => {},
      onResponseError: () => {},
      onResponseStart: () => {},
      onResponseData: () => {},
      onResponseEnd: () => {},
    },
  );
  // It leads nowhere: nothing is lost with it.
  void undici.destroy().catch(() => {});
}
