import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { makeCertificates } from "../faults/certificates.ts";
import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { Service } from "./service.ts";

const REQUESTS = 400;
/** So many, and nginx says good-bye (GOAWAY) with the last answer and closes the connection. */
const REQUESTS_A_CONNECTION = 20;

const config = (folder: string, port: number, health: number) => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  log_format plain '$server_protocol $status';
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_requests ${REQUESTS_A_CONNECTION};
  server { listen 127.0.0.1:${health}; return 200; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    access_log ${folder}/access.log plain;
    ssl_certificate ${folder}/own.pem; ssl_certificate_key ${folder}/own.key;
    default_type application/json;
    return 200 '{"ok":true}';
  }
}
`;

const scenario = `
name: http2
http2: true
tls: { ca: ca.pem }
users: { Visitor: { tasks: { Look: { get: /, expect: { status: 200, json: { $.ok: true } } } } } }
profiles: { short: { users: 4, iterations: ${REQUESTS} } }
`;

describe.runIf(program("nginx"))("over HTTP/2, against nginx", () => {
  it("each request is answered and counted once, also the last before nginx closes a connection", async () => {
    const folder = temporaryFolder();
    // nginx's workers run as another user.
    chmodSync(folder, 0o755);
    const { good, authority } = makeCertificates("canary");
    const [port, health] = [await freePort(), await freePort()];
    const files = { "own.pem": good.cert, "own.key": good.key, "ca.pem": authority, "s.yaml": scenario };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "nginx.conf"), config(folder, port, health));
    await Service.start({
      command: program("nginx") ?? "",
      args: ["-c", join(folder, "nginx.conf")],
      ready: async () => (await fetch(`http://127.0.0.1:${health}/`)).ok,
    });
    const host = `https://127.0.0.1:${port}`;
    const args = ["run", "s.yaml", "--host", host, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
    const { code, stdout } = await new Plimsoll(args, { folder }).finished;
    const { totals } = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
    expect(code, stdout).toBe(0);
    expect(totals).toMatchObject({ requests: REQUESTS, failures: 0 });
    const logged = readFileSync(join(folder, "access.log"), "utf8").trim().split("\n");
    expect(logged).toEqual(Array.from({ length: REQUESTS }, () => "HTTP/2.0 200"));
  });
});
