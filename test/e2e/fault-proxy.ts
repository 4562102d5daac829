import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * What stands between a source and who asks it: nothing, random bytes in place of answers, 30 MB of them, silence, an answer
 * that drips, or an end of every connection.
 */
export type Fault = "none" | "garbage" | "flood" | "silent" | "drips" | "gone";

const DRIP_MS = 50;

/** Passes connections on to a port, with a fault when it is told. */
export class FaultProxy {
  readonly port: number;
  #fault: Fault = "none";
  readonly #open: Set<Socket>;

  private constructor(port: number, open: Set<Socket>) {
    this.port = port;
    this.#open = open;
  }

  static async start(to: number): Promise<FaultProxy> {
    const open = new Set<Socket>();
    const server = createServer((asker) => {
      const target = connect(to, "127.0.0.1");
      for (const socket of [asker, target]) {
        open.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          open.delete(socket);
          asker.destroy();
          target.destroy();
        });
      }
      asker.on("data", (piece) => proxy.#asked(asker, target, piece));
      target.on("data", (piece) => proxy.#answered(asker, piece));
      if (proxy.#fault === "gone") asker.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new FaultProxy((server.address() as AddressInfo).port, open);
    onTestFinished(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
    return proxy;
  }

  turn(fault: Fault): void {
    this.#fault = fault;
    if (fault === "gone") for (const socket of this.#open) socket.destroy();
  }

  #asked(asker: Socket, target: Socket, piece: Buffer): void {
    switch (this.#fault) {
      case "garbage":
        asker.write(randomBytes(1000));
        return;
      case "flood":
        asker.write(Buffer.alloc(30_000_000, 0xff));
        return;
      case "silent":
        return;
      default:
        target.write(piece);
    }
  }

  #answered(asker: Socket, piece: Buffer): void {
    if (this.#fault === "none") asker.write(piece);
    else if (this.#fault === "drips") drip(asker, piece, 0);
  }
}

function drip(socket: Socket, piece: Buffer, offset: number): void {
  if (offset >= piece.length || socket.destroyed) return;
  socket.write(piece.subarray(offset, offset + 1));
  setTimeout(() => drip(socket, piece, offset + 1), DRIP_MS);
}
