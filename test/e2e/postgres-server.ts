import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Service } from "./service.ts";

const PASSWORD = "open sesame";

/** A real PostgreSQL on a free port with a database `shop`, its data in a folder, and its own tool. */
export class PostgresServer {
  /** With the password. */
  readonly url: string;
  readonly service: Service;

  private constructor(service: Service, url: string) {
    this.service = service;
    this.url = url;
  }

  /** `own` are settings, `name=value`; files that they name are relative to the data. */
  static async start(folder: string, own: string[] = [], files: Record<string, string> = {}): Promise<PostgresServer> {
    const data = join(folder, "postgres");
    const password = join(folder, "password");
    mkdirSync(data);
    writeFileSync(password, `${PASSWORD}\n`);
    const asOwner = ownerOf(folder, data);
    const initdb = ["-D", data, "-U", "admin", "-N", "--auth=scram-sha-256", `--pwfile=${password}`, "--locale=C"];
    execFileSync(...asOwner(program("initdb") ?? "", initdb), { stdio: "ignore" });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      // It takes no key that is another's.
      execFileSync("chown", [`--reference=${data}`, join(data, name)]);
    }
    const port = await freePort();
    const url = (database: string) => `postgres://admin:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`;
    // A crash is part of the test, and losing data in it is not.
    const settings = ["listen_addresses=127.0.0.1", `port=${port}`, "unix_socket_directories=", "fsync=off", ...own];
    const [command, args] = asOwner(program("postgres") ?? "", ["-D", data, ...settings.flatMap((one) => ["-c", one])]);
    const service = await Service.start({
      command,
      args: [...args, "-c", "log_min_messages=panic"],
      cwd: folder,
      ready: async () => (await psql(url("postgres"), "select 1")) === "1",
    });
    await psql(url("postgres"), "create database shop");
    return new PostgresServer(service, url("shop"));
  }

  /** The answer of a query: columns by `|`, rows by lines. */
  sql(query: string): Promise<string> {
    return psql(this.url, query);
  }
}

async function psql(url: string, query: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program("psql") ?? "", [url, "-XAtqc", query], {
    env: { ...process.env, PGAPPNAME: "oracle" },
  });
  return stdout.trimEnd();
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package brings. */
function ownerOf(...folders: string[]): (command: string, args: string[]) => [string, string[]] {
  if (process.getuid?.() !== 0) return (command, args) => [command, args];
  for (const folder of folders) chmodSync(folder, 0o755);
  execFileSync("chown", ["-R", "postgres:postgres", ...folders.slice(1)]);
  const user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];
  return (command, args) => ["setpriv", [...user, command, ...args]];
}
