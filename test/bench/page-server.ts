/** Where nginx is missing: answers each request with a page, and `/status` with its count as nginx's stub_status does. */
import { createServer } from "node:http";

const [, , port = "", page = ""] = process.argv;
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(page) };
let requests = 0;

createServer({ keepAliveTimeout: 3_600_000 }, ({ url }, response) => {
  requests++;
  if (url === "/status") response.end(`Active connections: 1\nserver accepts handled requests\n 1 1 ${requests}\n`);
  else response.writeHead(200, headers).end(page);
}).listen(Number(port), "127.0.0.1");
