import { createServer } from "node:http";
import { Backend } from "./backend.ts";
import { Cache } from "./cache.ts";
import { Connections } from "./connections.ts";
import { type Flags, flagsOf, usage } from "./flags.ts";
import { Leak } from "./leak.ts";
import { Lock } from "./lock.ts";
import { metrics } from "./metrics.ts";
import { Pool } from "./pool.ts";
import { Provider } from "./provider.ts";
import { Queue } from "./queue.ts";
import { RateLimit } from "./rate-limit.ts";
import { service } from "./service.ts";
import { TaskTable } from "./tasks.ts";
import { Truth } from "./truth.ts";

/**
 * The practice target: a service that is a process of its own, keeps everything in memory, and whose weak spot is chosen
 * by flags. It prints one line, `{"url":"http://127.0.0.1:PORT"}`, once it listens.
 */
function main(): void {
  // Nothing is kept, so nothing is lost by ending at once.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
  let flags: Flags;
  try {
    flags = flagsOf(process.argv.slice(2));
  } catch (error) {
    exit(104, `${error instanceof Error ? error.message : error}\nTry --help.\n`);
  }
  if (flags.help) {
    process.stdout.write(usage);
    return;
  }
  if (flags["exit-with-parent"]) {
    process.stdin.resume();
    process.stdin.on("close", () => process.exit(0));
  }
  serve(flags);
}

function serve(flags: Flags): void {
  const pool = new Pool({
    size: flags.pool,
    maxOverflow: flags["max-overflow"],
    holdMs: flags["hold-ms"],
    timeoutMs: flags["pool-timeout-ms"],
  });
  const backend = new Backend({
    pool,
    cache: new Cache({ ttlMs: flags["cache-ttl-ms"], maxKeys: flags["cache-keys"] }),
    queue: new Queue({ workers: flags["queue-workers"], jobMs: flags["job-ms"] }),
    lock: new Lock(flags["lock-hold-ms"]),
    provider: new Provider({
      latencyMs: flags["ai-ms"],
      rateLimit: flags["ai-rate-limit"],
      errorPercent: flags["ai-error-percent"],
    }),
    unsafe: flags.unsafe,
  });
  const rateLimit = new RateLimit(flags["rate-limit"]);
  const leak = new Leak(flags["leak-kb"]);
  const connections = new Connections();
  const app = service({
    backend,
    tasks: new TaskTable(flags.tasks),
    metrics: metrics(backend, rateLimit, connections),
    truth: new Truth(flags, backend, rateLimit, leak),
    rateLimit,
    leak,
    cpuMs: flags["cpu-ms"],
  });

  // Longer than users think between two requests: Node's own 5 s would close connections under them.
  const server = createServer({ keepAliveTimeout: 75_000 }, app);
  connections.watch(server);
  server.on("error", (error) => exit(1, `cannot listen on ${flags.host}:${flags.port}: ${error.message}\n`));
  server.listen(flags.port, flags.host, () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : flags.port;
    const host = flags.host.includes(":") ? `[${flags.host}]` : flags.host;
    process.stdout.write(`${JSON.stringify({ url: `http://${host}:${port}` })}\n`);
  });
}

function exit(code: number, message: string): never {
  process.stderr.write(message);
  process.exit(code);
}

main();
