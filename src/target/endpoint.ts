import { Agent, type Dispatcher } from "undici";
import type { Template } from "../scenario/plan.ts";
import { Secrets } from "../scenario/secrets.ts";
import { compileTemplate, type Scope } from "../scenario/template.ts";
import { CollectError } from "./collect-error.ts";
import type { CollectorDeps } from "./collector.ts";

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
  readonly #url: (scope: Scope) => string;
  readonly #headers: [string, (scope: Scope) => string][];
  readonly #deps: CollectorDeps;
  readonly #agent: Agent;
  readonly #scope: Scope;
  readonly #secrets: Secrets;

  constructor(options: EndpointOptions, deps: CollectorDeps) {
    this.#url = compileTemplate(options.url);
    this.#headers = options.headers.map(([name, value]) => [name.toLowerCase(), compileTemplate(value)]);
    this.#deps = deps;
    this.#secrets = new Secrets(deps.secret);
    this.#scope = {
      variables: new Map(),
      secret: (name) => this.#secrets.value(name),
      random: Math.random,
      userNumber: 0,
      now: () => deps.wallAt(deps.clock.now()),
    };
    this.#agent = new Agent({
      connections: 1,
      allowH2: false,
      keepAliveTimeout: 60_000,
      // The signal is the deadline of a whole look; only the connecting would go on after it.
      connect: { timeout: options.timeoutMs },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * Asks once. `read` is given the answer's content type when it is a success. `at` is the run's milliseconds at the middle
   * of the request. Fails with a `CollectError`; redirects are followed on the same origin.
   */
  async get<Content>(
    accept: string,
    signal: AbortSignal,
    read: (contentType: string) => BodyReader<Content>,
  ): Promise<{ at: number; content: Content }> {
    const startedAt = this.#deps.clock.now();
    try {
      const answer = await this.#answer(accept, signal);
      const reader = read(String(answer.headers["content-type"] ?? ""));
      for await (const piece of answer.body) reader.write(piece);
      const content = reader.end();
      return { at: (startedAt + this.#deps.clock.now()) / 2, content };
    } catch (error) {
      if (signal.aborted) throw new CollectError("timeout", "no whole answer in time");
      if (error instanceof CollectError) throw new CollectError(error.reason, this.redact(error.message));
      throw connectionError(codeOf(error)) ?? error;
    }
  }

  /** The text without the secrets that were used so far. */
  redact(text: string): string {
    return this.#secrets.redact(text);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** The headers of a success, its body still to come. */
  async #answer(accept: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let url = this.#address();
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

  #address(): URL {
    const text = this.#fill(this.#url);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === "http:" || url?.protocol === "https:") return url;
    throw new CollectError("missing", `expected an address such as http://localhost:8000/metrics, got ${text}`);
  }

  #requestHeaders(accept: string, url: URL): Record<string, string> {
    const headers: Record<string, string> = { accept, "user-agent": "plimsoll" };
    if (url.username !== "" || url.password !== "") {
      const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
      headers["authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
    }
    for (const [name, value] of this.#headers) headers[name] = this.#fill(value);
    return headers;
  }

  /** What a template lacks is named by its error: a variable or a secret. */
  #fill(template: (scope: Scope) => string): string {
    try {
      return template(this.#scope);
    } catch (error) {
      throw new CollectError("missing", error instanceof Error ? error.message : String(error));
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A "%" that escapes nothing is meant as it stands.
    return text;
  }
}

function statusError(status: number): CollectError {
  if (status === 401 || status === 403) return new CollectError("auth", `status ${status}: it wants credentials`);
  if (status === 404 || status === 410) return new CollectError("missing", `status ${status}: nothing is there`);
  return new CollectError("refused", `expected status 200, got ${status}`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  // undici names some of the parser's errors without a code.
  return error.name === "HTTPParserError" ? "HPE_INVALID" : "";
}

/** Never with the error's own text: it may repeat what was sent or what a hostile target answered. */
function connectionError(code: string): CollectError | undefined {
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
    default:
      return code.startsWith("HPE_")
        ? new CollectError("parse", `the answer is not HTTP (${code})`)
        : new CollectError("refused", `the request failed (${code})`);
  }
}
