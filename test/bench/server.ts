import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, until } from "../e2e/network.ts";
import { onPath } from "../services.ts";
import { pinned, serverCore } from "./cores.ts";

/** 100 bytes. */
export const page = `{"ok":true,"id":4711,"title":"One task of many","tags":["read","cached"],"note":"${"x".repeat(18)}"}`;

/** What all clients load: it answers each request with `page`, on a core of its own, and counts. */
export class PageServer {
  readonly url: string;
  /** Program and version. */
  readonly name: string;
  readonly #process: ChildProcess;
  /** Requests for the count itself. */
  #asked = 0;

  private constructor(url: string, name: string, process: ChildProcess) {
    this.url = url;
    this.name = name;
    this.#process = process;
  }

  /** nginx, or where it is missing a server on Node, which is then the slower side. */
  static async start(folder: string): Promise<PageServer> {
    const port = await freePort();
    const nginx = onPath("nginx");
    const command =
      nginx === undefined
        ? [process.execPath, join(import.meta.dirname, "page-server.ts"), `${port}`, page]
        : [nginx, "-c", nginxConfig(folder, port)];
    const name = nginx === undefined ? `node:http, Node ${process.versions.node}` : versionOf(nginx);
    const [taskset = "", ...args] = pinned(serverCore, command);
    const child = spawn(taskset, args, { stdio: ["ignore", "inherit", "inherit"] });
    const server = new PageServer(`http://127.0.0.1:${port}/`, name, child);
    await until(async () => (await fetch(server.url)).ok);
    server.#asked++;
    return server;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Requests served so far, but for those by which this was asked. */
  async requests(): Promise<number> {
    const text = await (await fetch(new URL("/status", this.url))).text();
    const all = Number(/^ \d+ \d+ (\d+)/m.exec(text)?.[1]);
    return all - ++this.#asked;
  }

  async close(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await gone;
  }
}

function versionOf(nginx: string): string {
  const { stderr } = spawnSync(nginx, ["-v"], { encoding: "utf8" });
  return /nginx\/\S+/.exec(stderr)?.[0] ?? "nginx";
}

/** Connections stay open as long as a client wants; nothing is logged. */
function nginxConfig(folder: string, port: number): string {
  // nginx's workers run as another user.
  chmodSync(folder, 0o755);
  const path = join(folder, "nginx.conf");
  writeFileSync(
    path,
    `daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 16384; }
http {
  access_log off; keepalive_timeout 1h; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /status { stub_status; }
    location / { default_type application/json; return 200 '${page}'; }
  }
}
`,
  );
  return path;
}
