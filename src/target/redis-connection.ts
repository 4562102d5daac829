import { CollectError, codeOf } from "./collect-error.ts";
import type { ClientMaker } from "./kept.ts";
import { certificateOptions, type Trust } from "./trust.ts";

/** What Redis answers, in version 2 of its protocol. */
export type Reply = string | number | null | Reply[];

/** What is used of the library's client. */
interface Client {
  isOpen: boolean;
  connect(): Promise<unknown>;
  sendCommand(parts: string[]): Promise<Reply>;
  destroy(): void;
}

/** A connection that sends the commands asked for, and none again by itself. */
export class Connection {
  readonly #client: Client;
  /** Ends the socket, which the client itself leaves open where it was still connecting. */
  readonly #cut: AbortController;
  /** Rejects when the connection breaks, or what comes over it is no Redis: the client tells it apart from commands. */
  readonly #broken: Promise<never>;

  constructor(client: Client, cut: AbortController, broken: Promise<never>) {
    this.#client = client;
    this.#cut = cut;
    this.#broken = broken;
    // It may break while nobody asks: the next look finds out.
    broken.catch(() => {});
  }

  /** One command's answer. Rejects with what Redis refuses. */
  command(...parts: string[]): Promise<Reply> {
    return Promise.race([this.#ask([parts]), this.#broken]);
  }

  /** The answers of commands between which no other comes. That Redis refuses one of them is a value. */
  async atomic(commands: string[][]): Promise<(Reply | CollectError)[]> {
    const all = await Promise.race([this.#ask([["MULTI"], ...commands, ["EXEC"]]), this.#broken]);
    if (!Array.isArray(all)) throw new CollectError("parse", "expected the answers of EXEC, got something else");
    return all.map((one: unknown) => refusal(one) ?? (one as Reply));
  }

  cut(): void {
    this.#cut.abort();
    this.#client.destroy();
  }

  /** The answer to the last of them; they go out together. */
  async #ask(commands: string[][]): Promise<Reply> {
    if (!this.#client.isOpen) await this.#client.connect();
    const replies = await Promise.all(commands.map((parts) => this.#client.sendCommand(parts)));
    return replies.at(-1) ?? null;
  }
}

export function connections(address: () => URL, timeoutMs: number, trust: Trust | undefined): ClientMaker<Connection> {
  return {
    async make() {
      const { href: url, protocol } = address();
      // Hundreds of files, which a run that watches no Redis does not need.
      const { createClient } = await import("@redis/client");
      const cut = new AbortController();
      const client = createClient({
        url,
        name: "plimsoll",
        RESP: 2,
        disableClientInfo: true,
        socket: {
          reconnectStrategy: false,
          connectTimeout: timeoutMs,
          signal: cut.signal,
          ...(protocol === "rediss:" ? { tls: true, ...certificateOptions(trust) } : {}),
        },
      });
      const broken = new Promise<never>((_, reject) => client.on("error", reject));
      return new Connection(client, cut, broken);
    },
    cut: (connection) => connection.cut(),
    explain,
  };
}

/** What an error that Redis answered with means: it begins with its kind in capitals. */
function refusal(error: unknown): CollectError | undefined {
  const [, kind] = (error instanceof Error && /^([A-Z]{3,}) /.exec(error.message)) || [];
  switch (kind) {
    case undefined:
      return undefined;
    case "NOAUTH":
    case "WRONGPASS":
      return new CollectError("auth", `Redis wants other credentials (${kind})`);
    case "NOPERM":
      return new CollectError("auth", "the user may not run a command that is asked (NOPERM)");
    case "WRONGTYPE":
      return new CollectError("parse", "the key holds another type (WRONGTYPE)");
    case "LOADING":
    case "MASTERDOWN":
    case "BUSY":
      return new CollectError("refused", `Redis does not serve now (${kind})`);
    default:
      return new CollectError("missing", `Redis refused a command (${kind})`);
  }
}

function explain(error: unknown): CollectError | undefined {
  if (codeOf(error) !== "") return undefined;
  const refused = refusal(error);
  if (refused !== undefined) return refused;
  switch (error instanceof Error ? error.constructor.name : "") {
    case "SocketClosedUnexpectedlyError":
    case "DisconnectsClientError":
    case "ClientClosedError":
      return new CollectError("refused", "the connection was closed before the whole answer came");
    case "ConnectionTimeoutError":
      return new CollectError("timeout", "no connection in time");
    default:
      return new CollectError("parse", "the answer is not Redis's protocol");
  }
}
