import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { Identity } from "./certificates.ts";

/** RFC 9113, section 6. */
const types = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
/** Of HPACK's static table (RFC 7541, appendix A): `:status: 200`. */
const STATUS_200 = 0x88;

/** What a target does with one request, frame by frame: Node's own server ends a stream well before it resets it. */
export class Stream {
  readonly socket: TLSSocket;
  readonly #id: number;

  constructor(socket: TLSSocket, id: number) {
    this.socket = socket;
    this.#id = id;
  }

  head(...headers: [name: string, value: string][]): this {
    // Literal header fields without indexing, their names and values plain (RFC 7541, 6.2.2).
    const text = (of: string) => Buffer.concat([Buffer.from([of.length]), Buffer.from(of)]);
    const fields = headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]);
    return this.#send(types.headers, END_HEADERS, Buffer.concat([Buffer.from([STATUS_200]), ...fields]));
  }

  data(text: string): this {
    return this.#send(types.data, 0, Buffer.from(text));
  }

  end(): this {
    return this.#send(types.data, END_STREAM, Buffer.alloc(0));
  }

  reset(code: number): this {
    return this.#send(types.reset, 0, uint32(code));
  }

  goaway(code: number): this {
    this.socket.write(frame(types.goaway, 0, 0, Buffer.concat([uint32(this.#id), uint32(code)])));
    return this;
  }

  /** Any frame, also one that there is none of; for the connection where `whole`. */
  frame(type: number, flags: number, payload: Buffer, whole: boolean): this {
    this.socket.write(frame(type, flags, whole ? 0 : this.#id, payload));
    return this;
  }

  #send(type: number, flags: number, payload: Buffer): this {
    return this.frame(type, flags, payload, false);
  }
}

/** Speaks HTTP/2 on loopback: the misdeed is for the first request, all later ones are answered well. */
export async function http2Target(identity: Identity, misdeed: (stream: Stream) => void) {
  let asked = 0;
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...identity, ALPNProtocols: ["h2"] }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => {});
    socket.write(frame(types.settings, 0, 0, Buffer.alloc(0)));
    let input = Buffer.alloc(0);
    let greeted = false;
    socket.on("data", (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      if (!greeted && input.length >= PREFACE_BYTES) {
        greeted = true;
        input = input.subarray(PREFACE_BYTES);
      }
      while (greeted && input.length >= HEADER_BYTES && input.length >= HEADER_BYTES + input.readUIntBE(0, 3)) {
        const [length, type, flags, id] = [input.readUIntBE(0, 3), input[3], input[4] ?? 0, input.readUInt32BE(5)];
        input = input.subarray(HEADER_BYTES + length);
        if (type === types.settings && (flags & ACK) === 0)
          socket.write(frame(types.settings, ACK, 0, Buffer.alloc(0)));
        if (type !== types.headers) continue;
        const stream = new Stream(socket, id);
        if (asked++ === 0) misdeed(stream);
        else stream.head().end();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Connections that are open. */
    get connections() {
      return sockets.size;
    },
  };
}

function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
