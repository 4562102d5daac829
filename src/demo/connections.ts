import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The server's connections, and the bytes that went over them. */
export class Connections {
  readonly #open = new Set<Socket>();
  #received = 0;
  #sent = 0;

  /** Of a server from its start. */
  watch(server: Server): void {
    server.on("connection", (socket) => {
      this.#open.add(socket);
      socket.once("close", () => {
        this.#open.delete(socket);
        this.#received += socket.bytesRead;
        this.#sent += socket.bytesWritten;
      });
    });
  }

  stats(): { open: number; received: number; sent: number } {
    const sum = { open: this.#open.size, received: this.#received, sent: this.#sent };
    for (const { bytesRead, bytesWritten } of this.#open) {
      sum.received += bytesRead;
      sum.sent += bytesWritten;
    }
    return sum;
  }
}
