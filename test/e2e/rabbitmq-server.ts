import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Service } from "./service.ts";

/** Debian's own commands change to another user; these do not. */
const commands = "/usr/lib/rabbitmq/bin";

/** A real RabbitMQ with its management plugin, its data and its cookie in a folder, and its own tool. */
export class RabbitmqServer {
  /** Of the management plugin, with user and password. */
  readonly url: string;
  readonly #env: Record<string, string>;

  private constructor(url: string, env: Record<string, string>) {
    this.url = url;
    this.#env = env;
  }

  static async start(folder: string): Promise<RabbitmqServer> {
    const home = join(folder, "rabbitmq");
    mkdirSync(home);
    const [amqp, management, distribution, mapper] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const config = [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${management}`,
      // The figures that the management plugin shows are as old as this.
      "collect_statistics_interval = 500",
      "management.rates_mode = basic",
    ];
    writeFileSync(join(home, "rabbitmq.conf"), `${config.join("\n")}\n`);
    writeFileSync(join(home, "plugins"), "[rabbitmq_management].\n");
    const env = {
      PATH: `${process.env["PATH"]}:/usr/sbin`,
      HOME: home,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(mapper),
      RABBITMQ_NODENAME: `test${amqp}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(home, "data"),
      RABBITMQ_LOG_BASE: join(home, "log"),
      RABBITMQ_LOGS: join(home, "log.txt"),
      RABBITMQ_PID_FILE: join(home, "pid"),
      RABBITMQ_CONFIG_FILE: join(home, "rabbitmq"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, "plugins"),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 1:1",
    };
    program("rabbitmq-server");
    const url = `http://guest:guest@127.0.0.1:${management}`;
    const server = new RabbitmqServer(url, env);
    // The broker would start Erlang's port mapper as nobody's child, and leave it.
    await Service.start({
      command: "epmd",
      args: [],
      env,
      ready: async () => (await epmdNames(env)).includes("up and running"),
    });
    await Service.start({
      command: join(commands, "rabbitmq-server"),
      args: [],
      env,
      cwd: home,
      // It knows its figures some seconds after it serves.
      ready: async () => JSON.stringify(await server.api("GET", "/api/nodes")).includes('"mem_used":'),
    });
    return server;
  }

  /** What `rabbitmqctl` prints, as JSON. */
  async ctl(...command: string[]): Promise<Record<string, unknown>[]> {
    const args = ["-n", this.#env["RABBITMQ_NODENAME"] ?? "", "--quiet", "--formatter", "json", ...command];
    const { stdout } = await promisify(execFile)(join(commands, "rabbitmqctl"), args, { env: this.#env });
    return JSON.parse(stdout) as Record<string, unknown>[];
  }

  async api(method: string, path: string, body?: unknown): Promise<unknown> {
    const { origin, username, password } = new URL(this.url);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const response = await fetch(origin + path, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    const text = await response.text();
    return text === "" ? {} : JSON.parse(text);
  }
}

async function epmdNames(env: Record<string, string>): Promise<string> {
  return (await promisify(execFile)("epmd", ["-names"], { env })).stdout;
}
