/**
 * A closed loop on `net.Socket` with the least that can be called a parser: a response is complete when as many bytes have
 * come as the first one had. `node socket-loop.ts URL USERS`
 */
import { connect } from "node:net";

const [, , url = "", users = "1"] = process.argv;
const { hostname, port, host, pathname } = new URL(url);
const request = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: plimsoll/0.1.0\r\naccept: */*\r\n\r\n`;

for (let user = 0; user < Number(users); user++) {
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  let length = 0;
  let got = 0;
  socket.on("connect", () => socket.write(request));
  socket.on("data", (chunk) => {
    if (length === 0) length = lengthOf(chunk.toString("latin1"));
    got += chunk.length;
    if (got < length) return;
    got = 0;
    socket.write(request);
  });
}

function lengthOf(response: string): number {
  const body = Number(/content-length: (\d+)/i.exec(response)?.[1]);
  return response.indexOf("\r\n\r\n") + 4 + body;
}
