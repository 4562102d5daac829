import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A target on a free port of loopback that speaks a protocol of its own, or none. */
export interface SocketServer {
  port: number;
  /** How many connections came. */
  connections(): number;
  /** Resolves once this many connections came. */
  seen(count: number): Promise<void>;
  /** Resolves once no connection is open. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export async function socketServer(talk: (socket: Socket) => void): Promise<SocketServer> {
  let came = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    came++;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      server.emit("closed");
    });
    server.emit("seen");
    talk(socket);
    // One that nobody reads never sees its end.
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => came,
    async seen(count) {
      while (came < count) await once(server, "seen");
    },
    async idle() {
      while (open.size > 0) await once(server, "closed");
    },
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      if (server.listening) await once(server, "close");
    },
  };
}
