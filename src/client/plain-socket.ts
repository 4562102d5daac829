import { Socket, type TcpNetConnectOpts } from "node:net";

/** What sockets read into, one after the other: what came is copied out of it before the next read. */
const reading = Buffer.allocUnsafeSlow(65_536);

/**
 * A socket without TLS whose reads cost less. By itself Node allocates 64 kB for each, to cut it down to what came: here it is
 * a small copy, on the heap. And by itself a stream keeps what came, and tells of it when the event loop gets there: here
 * whoever listens for `readable` has it at once. What that listener leaves is kept as by any stream.
 */
export class PlainSocket extends Socket {
  /** What came last, while its listener is told. */
  #latest: Buffer | null = null;
  #telling = false;

  constructor(to: TcpNetConnectOpts) {
    super({ ...to, onread: { buffer: reading, callback: (length, from) => this.#came(from.subarray(0, length)) } });
  }

  /** Whether more may come. */
  #came(data: Uint8Array): boolean {
    const copy = Buffer.from(data);
    // What is kept already goes first.
    if (this.readableLength > 0) return this.push(copy);
    this.#latest = copy;
    this.#telling = true;
    try {
      this.emit("readable");
    } finally {
      this.#telling = false;
    }
    const left = this.#latest;
    this.#latest = null;
    return left === null || this.push(left);
  }

  override read(size?: number): Buffer | string | null {
    if (!this.#telling) return super.read(size) as Buffer | string | null;
    const latest = this.#latest;
    this.#latest = null;
    return latest;
  }
}
