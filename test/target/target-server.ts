import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A target on a free port of loopback that counts what it sees. */
export interface TargetServer {
  url: string;
  /** Requests whose headers came. */
  requests: { url: string; headers: Record<string, string | string[] | undefined> }[];
  /** Resolves once this many requests came. */
  seen(count: number): Promise<void>;
  /** Resolves once no connection is open. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export async function targetServer(answer: RequestListener): Promise<TargetServer> {
  const requests: TargetServer["requests"] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? "", headers: request.headers });
    server.emit("seen");
    answer(request, response);
  });
  let open = 0;
  server.on("connection", (socket) => {
    open++;
    socket.on("error", () => {});
    socket.on("close", () => {
      open--;
      server.emit("closed");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/status`,
    requests,
    async seen(count) {
      while (requests.length < count) await once(server, "seen");
    },
    async idle() {
      while (open > 0) await once(server, "closed");
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

/** The address of a port on which nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = await targetServer(() => {});
  await server.stop();
  return server.url;
}
