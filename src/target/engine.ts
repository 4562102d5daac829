import type { Clock } from "../metrics/clock.ts";
import { HttpAgent } from "./agent.ts";
import { CollectError } from "./collect-error.ts";

/** More than any answer of an engine to what is asked of it here. */
const MAX_BYTES = 10_000_000;

/**
 * A Docker engine's HTTP API (https://docs.docker.com/reference/api/engine/), over its socket or over TCP. Without a version
 * in the path the engine answers in its newest; what is read of it here has been there since API 1.41 (Docker 20.10).
 */
export class DockerEngine {
  readonly #address: string;
  readonly #origin: string;
  readonly #agent: HttpAgent;
  readonly #clock: Clock;

  /** `unix:///var/run/docker.sock`, `tcp://host:2375` or `http://host:2375`. */
  constructor(address: string, timeoutMs: number, clock: Clock) {
    this.#address = address;
    this.#clock = clock;
    const socketPath = /^unix:\/\/(.+)$/.exec(address)?.[1];
    this.#origin = socketPath === undefined ? address.replace(/^tcp:/, "http:") : "http://docker";
    this.#agent = new HttpAgent({
      connections: 4,
      allowH2: false,
      keepAliveTimeout: 60_000,
      connect: { timeout: timeoutMs, ...(socketPath === undefined ? {} : { socketPath }) },
      // The signal is the deadline of a whole look.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** A JSON answer, with the run's milliseconds at the middle of the request. Fails with a `CollectError`. */
  async get(path: string, signal: AbortSignal): Promise<{ at: number; content: unknown }> {
    const { at, body } = await this.bytes(path, signal);
    try {
      return { at, content: JSON.parse(body.toString("utf8")) as unknown };
    } catch {
      throw new CollectError("parse", "expected JSON of a Docker engine, got something else");
    }
  }

  /** The answer as it is; at most `most` bytes of it. */
  async bytes(path: string, signal: AbortSignal, most = MAX_BYTES): Promise<{ at: number; body: Buffer }> {
    const startedAt = this.#clock.now();
    try {
      const headers = { accept: "application/json", "user-agent": "plimsoll" };
      const answer = await this.#agent.request({ origin: this.#origin, path, method: "GET", headers, signal });
      const pieces: Buffer[] = [];
      let size = 0;
      for await (const piece of answer.body as AsyncIterable<Buffer>) {
        size += piece.length;
        if (size > most) throw new CollectError("parse", `expected at most ${most / 1e6} MB of the engine, got more`);
        pieces.push(piece);
      }
      const body = Buffer.concat(pieces);
      if (answer.statusCode !== 200) throw refusal(answer.statusCode, body);
      return { at: (startedAt + this.#clock.now()) / 2, body };
    } catch (error) {
      if (signal.aborted) throw new CollectError("timeout", "no whole answer of the engine in time");
      if (error instanceof CollectError) throw error;
      throw this.#explained(error);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #explained(error: unknown): unknown {
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
    if (code === "") {
      return error instanceof Error && error.name === "HTTPParserError"
        ? new CollectError("parse", "the engine's answer is not HTTP")
        : error;
    }
    if (code === "ENOENT" || code === "ECONNREFUSED") {
      return new CollectError("refused", `no Docker engine listens at ${this.#address} (${code})`);
    }
    if (code === "EACCES") {
      return new CollectError("auth", `${this.#address} may not be opened (${code}): join the group docker`);
    }
    return new CollectError("refused", `the connection to the engine failed (${code})`);
  }
}

/** The engine says in `message` what is wrong; it names containers, and nothing secret. */
function refusal(status: number, body: Buffer): CollectError {
  let said = "";
  try {
    const { message } = JSON.parse(body.toString("utf8")) as { message?: unknown };
    if (typeof message === "string") said = `: ${message.slice(0, 200)}`;
  } catch {
    // Then there is the status.
  }
  return new CollectError(status === 404 ? "missing" : "refused", `the engine answered ${status}${said}`);
}
