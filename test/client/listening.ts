import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach } from "vitest";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Calls something when the test is over. */
export function afterTest(close: () => void): void {
  closers.push(close);
}

/** Has a server listen on a free port of loopback for one test, and gives the port. Its connections end with the test. */
export function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  afterTest(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
