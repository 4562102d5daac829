import { once } from "node:events";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { CollectError } from "./collect-error.ts";
import { type SslMode, securedBy } from "./postgres-tls.ts";
import type { Trust } from "./trust.ts";

/** What a server may begin a message with. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const messageTypes = new Set([..."RKSZTDCEINnstv123AGHWdcV"].map((type) => type.charCodeAt(0)));

/** More than what a look asks for can say: a name may be 63 bytes long, and a look has some hundred rows. */
const MAX_MESSAGE_BYTES = 1_000_000;

/** Where a server is, as the library read its address. */
export interface ServerPlace {
  host: string[];
  port: number[];
  path: string | false;
}

/**
 * A connection to a PostgreSQL that can be cut at any moment, which the library's own cannot: it waits for a server that
 * hangs to close, and takes whatever a server says for messages, however long.
 */
export class PostgresSocket {
  readonly #mode: SslMode;
  readonly #trust: Trust | undefined;
  #cut = false;
  #stream: Duplex | undefined;

  constructor(mode: SslMode, trust: Trust | undefined) {
    this.#mode = mode;
    this.#trust = trust;
  }

  /**
   * For the library: connects, once, and speaks TLS with the server before the library says anything. It would connect
   * again, without end, to what closes at once; and from a TLS connection that it made itself, cut under it, an error comes
   * that nobody can catch.
   */
  async open({ host: [host = "localhost"], port: [port = 5432], path }: ServerPlace): Promise<Duplex> {
    if (this.#cut || this.#stream !== undefined) {
      throw new CollectError("refused", "the connection was closed before the whole answer came");
    }
    const socket = path === false ? connect({ host, port }) : connect({ path });
    this.#stream = socket;
    await once(socket, "connect");
    const guarded = new Guarded(path === false ? await securedBy(this.#mode, socket, host, this.#trust) : socket);
    this.#stream = guarded;
    return guarded;
  }

  cut(): void {
    this.#cut = true;
    this.#stream?.destroy();
  }
}

/** Lets through what has the form of messages; with anything else it ends in a `CollectError`. */
class Guarded extends Duplex {
  readonly #socket: Duplex;
  /** Of the message under way: its head as far as it came, and how many bytes are still to come after it. */
  #head: number[] = [];
  #left = 0;

  constructor(socket: Duplex) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => this.#take(piece));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(piece, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(piece: Buffer): void {
    if (!this.#wellFormed(piece)) {
      this.destroy(new CollectError("parse", "the answer is not PostgreSQL's protocol"));
    } else if (!this.push(piece)) this.#socket.pause();
  }

  /** A message is its type, four bytes of length that count themselves, and the rest. */
  #wellFormed(piece: Buffer): boolean {
    let offset = 0;
    while (offset < piece.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, piece.length - offset);
        this.#left -= taken;
        offset += taken;
        continue;
      }
      this.#head.push(piece[offset] ?? 0);
      offset++;
      const [type = 0, ...size] = this.#head;
      if (!messageTypes.has(type)) return false;
      if (size.length < 4) continue;
      const length = Buffer.from(size).readUInt32BE();
      if (length < 4 || length > MAX_MESSAGE_BYTES) return false;
      this.#left = length - 4;
      this.#head = [];
    }
    return true;
  }
}
