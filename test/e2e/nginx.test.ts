import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { program } from "../services.ts";
import { freePort, until } from "./network.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** As a user writes it who has read the README and knows nginx's own variables. */
const scenario = `
name: nginx
users:
  Visitor:
    wait: 100ms
    tasks:
      Front page: { weight: 4, get: /, expect: { status: 200, body: "Welcome aboard" } }
      Old page: { weight: 1, get: /old }
watch:
  nginx:
    json: /status
    metrics:
      http_connections{state="active"}: $.active
      http_connections{state="waiting"}: $.waiting
profiles:
  short: { users: 10, spawnRate: 50/s, duration: 5s }
thresholds:
  - p95(latency) < 2s
  - ratio(errors) == 0
  - max(http_connections{state="active"}) >= 10
`;

const config = (folder: string, port: number) => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  log_format plain '$status $http_user_agent';
  access_log ${folder}/access.log plain;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    root ${folder}/www;
    location = /old { return 301 /; }
    location = /status {
      access_log off;
      default_type application/json;
      return 200 '{"active":$connections_active,"waiting":$connections_waiting}';
    }
  }
}
`;

describe.runIf(program("nginx"))("against nginx", () => {
  it("a scenario written by hand loads it, sees its connections, and counts what nginx logged", async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    // nginx's workers run as another user.
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "www"));
    writeFileSync(join(folder, "www", "index.html"), "<h1>Welcome aboard</h1>");
    writeFileSync(join(folder, "nginx.conf"), config(folder, port));
    const nginx = spawn(program("nginx") ?? "", ["-c", join(folder, "nginx.conf")], { stdio: "inherit" });
    const gone = new Promise((resolve) => nginx.once("exit", resolve));
    onTestFinished(async () => {
      nginx.kill("SIGTERM");
      await gone;
    });
    const host = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${host}/status`)).ok);

    writeFileSync(join(folder, "nginx.yaml"), scenario);
    const args = ["run", "nginx.yaml", "--host", host, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
    const { code, stdout } = await new Plimsoll(args, { folder }).finished;
    const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
    expect(code, stdout).toBe(exitCodeOf(summary));
    const logged = readFileSync(join(folder, "access.log"), "utf8").trim().split("\n");
    const redirects = logged.filter((line) => line.startsWith("301")).length;
    // A redirect is followed within its sample: nginx logs two requests for it.
    expect(redirects).toBeGreaterThan(0);
    expect(summary.totals.requests).toBe(logged.length - redirects);
    expect(logged.every((line) => /^(200|301) plimsoll\//.test(line))).toBe(true);
    expect(summary.target['http_connections{source="nginx",state="active"}']?.max).toBeGreaterThanOrEqual(10);
    expect(summary.requests.map(({ name }) => name).toSorted()).toEqual(["Front page", "Old page"]);
  });
});
