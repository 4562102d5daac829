import { describe, expect, it, onTestFinished } from "vitest";
import { program } from "../../src/cli/program.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { targetServer } from "./target-server.ts";

async function discover(address: string): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const code = await program({
    argv: ["watch", "--discover", address],
    environment: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    onSignal: () => () => {},
    wallClock: () => 0,
  });
  return { code, stdout, stderr };
}

/** The sources of a block, which must be one that can be watched by. */
function sourcesOf(block: string) {
  const read = readScenario("watch.yaml", block, {}, mappingProblems);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { watchOnly: true, seed: 1, suffix: "0", startedAt: 0, version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  return made.plan.sources;
}

/** A service with these pages, by path. */
async function serve(pages: Record<string, string>): Promise<string> {
  const server = await targetServer((request, response) => {
    const page = pages[request.url ?? ""];
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  onTestFinished(() => server.stop());
  return new URL(server.url).origin;
}

describe("discovery", () => {
  it("writes a block for a service with metrics, a pool and a cache, which can be watched by", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const { code, stdout } = await discover(target.url);
    expect(code).toBe(0);
    expect(stdout).toContain("# Node.js, process: ");
    const sources = sourcesOf(stdout);
    expect(sources.map(({ name, kind }) => `${name} ${kind}`)).toEqual(["app prometheus", "pool json", "cache json"]);
    const pool = sources.find(({ name }) => name === "pool");
    expect(pool !== undefined && "metrics" in pool && pool.metrics.map(({ from }) => from)).toContain(
      "$.size + $.max_overflow",
    );
  });

  const pages: [what: string, name: string, text: string][] = [
    ["node_exporter", "box", 'node_cpu_seconds_total{cpu="0",mode="idle"} 1\nnode_load1 2\ngo_goroutines 5\n'],
    ["postgres_exporter", "db", 'pg_stat_database_xact_commit{datname="a"} 1\n'],
    ["redis_exporter", "redis", "redis_memory_used_bytes 1\n"],
    ["HikariCP, JVM", "app", 'hikaricp_connections_max{pool="a"} 1\njvm_memory_used_bytes{area="heap"} 1\n'],
    ["Python, process", "app", 'python_info{version="3"} 1\nprocess_cpu_seconds_total 1\nprocess_open_fds 3\n'],
    ["Go, process", "app", "go_goroutines 3\nprocess_cpu_seconds_total 1\nprocess_open_fds 3\n"],
  ];

  it.each(pages)("recognises %s as %s", async (what, name, text) => {
    const { stdout } = await discover(`${await serve({ "/own": text })}/own`);
    expect(stdout).toContain(`# ${what}`);
    expect(sourcesOf(stdout)).toMatchObject([{ name, kind: "prometheus" }]);
  });

  it("recognises nginx's status", async () => {
    const status =
      "Active connections: 2 \nserver accepts handled requests\n 5 5 9 \nReading: 0 Writing: 1 Waiting: 1 \n";
    const { stdout } = await discover(await serve({ "/nginx_status": status }));
    expect(sourcesOf(stdout)).toMatchObject([{ name: "nginx", kind: "nginx" }]);
  });

  it("recognises NATS's monitoring port and RabbitMQ's management, each by what it alone tells", async () => {
    const varz = { connections: 2, max_connections: 100, in_msgs: 5, out_msgs: 4, slow_consumers: 0 };
    const nats = await discover(
      await serve({ "/varz": JSON.stringify(varz), "/jsz?consumers=true": JSON.stringify({ account_details: [] }) }),
    );
    expect(nats.stdout).toContain("queue_slow_consumers_total");
    expect(sourcesOf(nats.stdout)).toMatchObject([{ name: "nats", kind: "nats" }]);

    const server = await targetServer(({ url = "" }, response) => {
      if (url.startsWith("/api/overview")) response.end(JSON.stringify({ object_totals: { connections: 3 } }));
      else if (url.startsWith("/api/queues")) response.end(JSON.stringify({ items: [], total_count: 0 }));
      else if (url.startsWith("/api/nodes")) response.end("[]");
      else response.writeHead(404).end();
    });
    onTestFinished(() => server.stop());
    const rabbitmq = await discover(new URL(server.url).origin);
    expect(rabbitmq.stdout).toContain("queue_connections");
    expect(sourcesOf(rabbitmq.stdout)).toMatchObject([{ name: "rabbitmq", kind: "rabbitmq" }]);
  });

  it("says where credentials are wanted, and where there is nothing", async () => {
    const server = await targetServer((request, response) => {
      response.writeHead(request.url?.startsWith("/api/overview") ? 401 : 404).end();
    });
    onTestFinished(() => server.stop());
    expect((await discover(server.url)).stdout).toContain("# rabbitmq at http://127.0.0.1");
    const nothing = await discover(await serve({}));
    expect(nothing).toMatchObject({ code: 104, stdout: "", stderr: expect.stringContaining("Nothing is recognised") });
    expect(await discover("localhost:8000")).toMatchObject({ code: 104 });
    const login = await discover("http://bob:canary@localhost/");
    expect(login.stderr).toContain("without user and password");
    expect(login.stderr).not.toContain("canary");
  });
});
