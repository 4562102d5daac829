import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Service } from "./service.ts";

/** A real Redis on a free port, without persistence, and its own tool. */
export class RedisServer {
  readonly url: string;
  readonly service: Service;
  readonly #port: number;

  private constructor(service: Service, port: number) {
    this.service = service;
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(folder: string, flags: string[] = []): Promise<RedisServer> {
    const port = await freePort();
    const own = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--loglevel", "warning"];
    const service = await Service.start({
      command: program("redis-server") ?? "",
      args: [...own, ...flags],
      ready: async () => (await redisCli(port, "ping")) === "PONG",
    });
    return new RedisServer(service, port);
  }

  cli(...command: string[]): Promise<string> {
    return redisCli(this.#port, ...command);
  }

  /** A field of `INFO`. */
  async info(field: string): Promise<string> {
    const text = await this.cli("info");
    return new RegExp(`^${field}:(.*?)\r?$`, "m").exec(text)?.[1] ?? "";
  }
}

async function redisCli(port: number, ...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program("redis-cli") ?? "", ["-p", String(port), ...command]);
  return stdout.trimEnd();
}
