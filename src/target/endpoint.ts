import type { Dispatcher } from "undici";
import { basicAuthorization } from "../scenario/login.ts";
import type { Template } from "../scenario/plan-request.ts";
import { HttpAgent } from "./agent.ts";
import { CollectError, codeOf, connectionError } from "./collect-error.ts";
import type { CollectorDeps } from "./collector.ts";
import { Filling } from "./filling.ts";
import { certificateOptions } from "./trust.ts";

/** Takes an answer's body as it comes; both methods may throw a `CollectError`, which ends the reading. */
export interface BodyReader<Content> {
  write(piece: Buffer): void;
  end(): Content;
}

interface EndpointOptions {
  url: Template;
  headers: [name: string, value: Template][];
  timeoutMs: number;
}

const MAX_REDIRECTS = 5;

/**
 * An address of the target that is asked by GET, over a connection of its own: the load's are never shared, and one that
 * is kept is still served when the target admits no new ones. Nothing it says holds a secret.
 */
export class Endpoint {
  readonly filling: Filling;
  readonly #url: () => URL;
  readonly #headers: [string, () => string][];
  readonly #deps: CollectorDeps;
  readonly #agent: HttpAgent;

  constructor(options: EndpointOptions, deps: CollectorDeps) {
    this.filling = new Filling(deps);
    this.#url = this.filling.address(options.url, ["http:", "https:"], "http://localhost:8000/metrics");
    this.#headers = options.headers.map(([name, value]) => [name.toLowerCase(), this.filling.template(value)]);
    this.#deps = deps;
    this.#agent = new HttpAgent({
      connections: 1,
      allowH2: false,
      keepAliveTimeout: 60_000,
      // The signal is the deadline of a whole look; only the connecting would go on after it.
      connect: { timeout: options.timeoutMs, ...certificateOptions(deps.trust) },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * Asks once. `read` is given the answer's content type when it is a success. `at` is the run's milliseconds at the middle
   * of the request. `below` is a path (with a query) below the address. Fails with a `CollectError`; redirects are followed
   * on the same origin.
   */
  async get<Content>(
    accept: string,
    signal: AbortSignal,
    read: (contentType: string) => BodyReader<Content>,
    below = "",
  ): Promise<{ at: number; content: Content }> {
    const startedAt = this.#deps.clock.now();
    try {
      const answer = await this.#answer(accept, below, signal);
      const reader = read(String(answer.headers["content-type"] ?? ""));
      for await (const piece of answer.body) reader.write(piece);
      const content = reader.end();
      return { at: (startedAt + this.#deps.clock.now()) / 2, content };
    } catch (error) {
      if (signal.aborted) throw new CollectError("timeout", "no whole answer in time");
      if (error instanceof CollectError) throw new CollectError(error.reason, this.filling.redact(error.message));
      throw connectionError(codeOf(error)) ?? error;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** The headers of a success, its body still to come. */
  async #answer(accept: string, below: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let url = belowOf(this.#url(), below);
    const headers = this.#requestHeaders(accept, url);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await this.#request(url, headers, signal);
      const status = answer.statusCode;
      if (status >= 200 && status < 300) {
        const encoding = String(answer.headers["content-encoding"] ?? "identity");
        if (encoding === "identity") return answer;
        answer.body.on("error", () => {}).destroy();
        throw new CollectError("parse", `expected a body without content-encoding, got ${JSON.stringify(encoding)}`);
      }
      // The rest of it is of no interest, and neither is whether it comes.
      await answer.body.dump({ limit: 65_536, signal }).catch(() => undefined);
      const location = answer.headers["location"];
      if (status < 300 || status >= 400 || typeof location !== "string") throw statusError(status);
      const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      // The headers may hold a secret, which is for the address in the scenario alone.
      if (next?.origin !== url.origin) {
        throw new CollectError("refused", `redirected (${status}) to ${next?.origin ?? "nowhere"}: name that address`);
      }
      url = next;
    }
    throw new CollectError("refused", `redirected more than ${MAX_REDIRECTS} times`);
  }

  async #request(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const ask = () =>
      this.#agent.request({ origin: url.origin, path: url.pathname + url.search, method: "GET", headers, signal });
    try {
      return await ask();
    } catch (error) {
      // The target may close a kept connection in the very moment of asking: only a new one tells.
      if (signal.aborted || !["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error))) throw error;
      return await ask();
    }
  }

  #requestHeaders(accept: string, url: URL): Record<string, string> {
    const headers: Record<string, string> = { accept, "user-agent": "plimsoll" };
    const authorization = basicAuthorization(url);
    if (authorization !== undefined) headers["authorization"] = authorization;
    for (const [name, value] of this.#headers) headers[name] = value();
    return headers;
  }
}

/** A query of the address itself is kept, so that a token may stand there. */
function belowOf(url: URL, below: string): URL {
  if (below === "") return url;
  const [path = "", query] = below.split("?");
  const whole = new URL(url);
  whole.pathname = url.pathname.replace(/\/+$/, "") + path;
  if (query !== undefined) whole.search = url.search === "" ? query : `${url.search}&${query}`;
  return whole;
}

function statusError(status: number): CollectError {
  if (status === 401 || status === 403) return new CollectError("auth", `status ${status}: it wants credentials`);
  if (status === 400 || status === 422) {
    return new CollectError("missing", `status ${status}: it does not understand what it is asked`);
  }
  if (status === 404 || status === 410) return new CollectError("missing", `status ${status}: nothing is there`);
  return new CollectError("refused", `expected status 200, got ${status}`);
}
