import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Worker } from "node:worker_threads";
import type { Certificates, Identity } from "./certificates.ts";

/** In all that a target sends: it must never be seen in a failure's detail. */
export const canary = "c4n4ry-0f-the-target";

const good = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Does as it likes with a connection that has sent a request, whose first line it is given. */
export type Misdeed = (socket: Socket, requestLine: string) => void;

/** Where targets of one test stand: servers on loopback, and all they opened. */
export class Ground {
  readonly certificates: Certificates;
  readonly #servers: { server: Server; sockets: Set<Socket> }[] = [];
  readonly #closers: (() => unknown)[] = [];

  constructor(certificates: Certificates) {
    this.certificates = certificates;
  }

  /** Answers well where `/well` is asked for; otherwise does the misdeed. */
  target(misdeed: Misdeed): Promise<string> {
    return this.#listen(createServer({ allowHalfOpen: true }, answering(misdeed)), "http");
  }

  secureTarget(identity: Identity, misdeed: Misdeed): Promise<string> {
    return this.#listen(createTlsServer(identity, answering(misdeed)), "https");
  }

  /** Does the misdeed with what connects, or with its first bytes, whatever they are. */
  port(misdeed: (socket: Socket) => void, when: "connected" | "spoken to", scheme: "http" | "https"): Promise<string> {
    const server = createServer((socket) => {
      if (when === "connected") misdeed(socket);
      else socket.once("data", () => misdeed(socket));
      socket.resume();
    });
    return this.#listen(server, scheme);
  }

  async refused(): Promise<string> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = originOf(server, "http");
    server.close();
    await once(server, "close");
    return origin;
  }

  /**
   * A port that swallows connections: its thread listens and then stands still, and its backlog is full, so that the
   * kernel drops what else asks to connect.
   */
  async blackHole(): Promise<string> {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const code = `
      const { parentPort, workerData } = require("node:worker_threads");
      const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
        parentPort.postMessage(server.address().port);
        Atomics.wait(workerData, 0, 0);
        process.exit();
      });`;
    const worker = new Worker(code, { eval: true, workerData: gate });
    const [port] = (await once(worker, "message")) as [number];
    const fillers = [1, 2, 3, 4].map(() => connect(port, "127.0.0.1").on("error", () => {}));
    this.#closers.push(async () => {
      for (const filler of fillers) filler.destroy();
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      await worker.terminate();
    });
    // A backlog of one holds two.
    await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, "connect")));
    return `http://127.0.0.1:${port}`;
  }

  #listen(server: Server, scheme: "http" | "https"): Promise<string> {
    const sockets = new Set<Socket>();
    this.#servers.push({ server, sockets });
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => {});
    });
    server.on("secureConnection", (socket: Socket) => socket.on("error", () => {}));
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(originOf(server, scheme)));
    });
  }

  /** Connections that the targets see. */
  get connections(): number {
    return this.#servers.reduce((sum, { sockets }) => sum + sockets.size, 0);
  }

  async clear(): Promise<void> {
    for (const { server, sockets } of this.#servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
    for (const close of this.#closers.splice(0)) await close();
  }
}

function originOf(server: Server, scheme: "http" | "https"): string {
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answering(misdeed: Misdeed): (socket: Socket) => void {
  return (socket) => {
    socket.on("data", (data) => {
      const requestLine = String(data).split("\r\n", 1)[0] ?? "";
      if (requestLine.includes(" /well ")) socket.write(good);
      else misdeed(socket, requestLine);
    });
    // What the client has ended is ended here, too, unless a misdeed has done so.
    socket.on("end", () => socket.end());
  };
}
