import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Service } from "./service.ts";

/** A real nginx that serves a page, says how it is at `/stub_status`, and logs who asked for what. */
export class NginxServer {
  readonly url: string;
  readonly #folder: string;

  private constructor(url: string, folder: string) {
    this.url = url;
    this.#folder = folder;
  }

  static async start(parent: string): Promise<NginxServer> {
    const folder = join(parent, "nginx");
    mkdirSync(join(folder, "www"), { recursive: true });
    // nginx's workers run as another user.
    for (const one of [parent, folder, join(folder, "www")]) chmodSync(one, 0o755);
    writeFileSync(join(folder, "www", "index.html"), "<h1>Welcome aboard</h1>");
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(join(folder, "nginx.conf"), configOf(folder, port));
    await Service.start({
      command: program("nginx") ?? "",
      args: ["-c", join(folder, "nginx.conf")],
      ready: async () => (await fetch(`${url}/stub_status`)).ok,
    });
    return new NginxServer(url, folder);
  }

  /** The user agents of the requests for the page. */
  served(): string[] {
    return readFileSync(join(this.#folder, "access.log"), "utf8").split("\n").filter(Boolean);
  }
}

function configOf(folder: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  log_format agent '$http_user_agent';
  access_log ${folder}/access.log agent;
  ${temporary.map((one) => `${one}_temp_path ${folder}/${one};`).join(" ")}
  server {
    listen 127.0.0.1:${port};
    root ${folder}/www;
    location = /stub_status { access_log off; stub_status; }
  }
}
`;
}
