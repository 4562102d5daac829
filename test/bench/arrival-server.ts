/**
 * A server that writes down when each request came, and may stop answering for a while: what arrives then is answered when
 * it goes on. `node arrival-server.ts PORT PAGE STALL_FROM_MS STALL_TO_MS`, counted from the first request; at SIGTERM it
 * prints them as JSON, in milliseconds: `arrivals`, and `waits`, how long each of those that came in the stall waited for it.
 */
import { createServer, type Socket } from "node:net";

const [, , port = "", page = "", from = "0", to = "0"] = process.argv;
const [stallFrom, stallTo] = [Number(from), Number(to)];
const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(page)}\r\n\r\n`;
const response = Buffer.from(head + page);
const arrivals: number[] = [];
let first: number | undefined;
let waiting: { socket: Socket; at: number }[] = [];
const waits: number[] = [];

const server = createServer({ noDelay: true }, (socket) => {
  // Requests are small and come one at a time: a piece of data is one.
  socket.on("data", () => {
    const now = performance.now();
    if (first === undefined) begin(now);
    const at = now - (first ?? now);
    arrivals.push(at);
    if (at >= stallFrom && at < stallTo) waiting.push({ socket, at });
    else socket.write(response);
  });
  // A client that is ended resets its connections.
  socket.on("error", () => {});
});

function begin(now: number): void {
  first = now;
  if (stallTo > 0) releaseAt(now + stallTo);
}

/** A timer counts from when the event loop last woke, which is before now: it can fire early. */
function releaseAt(time: number): void {
  const left = time - performance.now();
  if (left > 0) setTimeout(releaseAt, left, time);
  else release();
}

function release(): void {
  for (const { socket, at } of waiting) {
    if (!socket.destroyed) socket.write(response);
    waits.push(performance.now() - (first ?? 0) - at);
  }
  waiting = [];
}

server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
process.on("SIGTERM", () => process.stdout.write(JSON.stringify({ arrivals, waits }), () => process.exit(0)));
