import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { present } from "./loop.ts";
import { plimsoll } from "./plimsoll.ts";
import { measure, ratio, spread } from "./rounds.ts";
import { figure, type Section, shown, table } from "./section.ts";
import type { PageServer } from "./server.ts";

const SOURCES = 50;

/** A page as services have it: some forty series in use, among three hundred that are not. */
const page = [
  ...Array.from({ length: 300 }, (_, i) => `shop_seconds_bucket{route="/r${i % 20}",le="${i}"} ${i}`),
  ...Array.from({ length: 10 }, (_, i) => `hikaricp_connections_active{pool="p${i}"} ${i}`),
  ...Array.from({ length: 10 }, (_, i) => `hikaricp_connections_max{pool="p${i}"} 10`),
  ...Array.from({ length: 20 }, (_, i) => `rabbitmq_queue_messages_ready{queue="q${i}"} ${i}`),
  "process_cpu_seconds_total 12.5",
  "process_resident_memory_bytes 123456789",
  "process_open_fds 42",
  "",
].join("\n");
const document = JSON.stringify({ pool: { size: 10, used: 3 }, others: Array.from({ length: 50 }, (_, i) => ({ i })) });

/**
 * Plimsoll that watches fifty sources each second beside Plimsoll that watches none, in turn. The main thread, which
 * watches, is on the worker's core: what it takes is lacking there.
 */
export async function measureSources(
  receiver: string,
  program: string,
  server: PageServer,
  rounds: number,
): Promise<Section> {
  const target = createServer((request, response) => response.end(request.url === "/page" ? page : document));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const { port } = target.address() as AddressInfo;
  const common = { expect: "status" as const, traced: 0, program };
  const none = plimsoll({ name: "Plimsoll, no sources", ...common }, receiver);
  const watch = watchOf(`http://127.0.0.1:${port}`);
  const watched = plimsoll({ name: `Plimsoll, ${SOURCES} sources each second`, watch, ...common }, receiver);
  try {
    const pattern = { users: 64, warmUpMs: 3000, windowMs: 4000, rounds };
    const windows = await measure(present([none, watched]), server, pattern, () => {});
    const cost = costOf(ratio(windows, watched.name, none.name));
    const perSecond = (name: string) => spread((windows.get(name) ?? []).map((one) => one.requestsPerSecond));
    return {
      title: "Sources",
      text: table(
        ["client", "requests/s"],
        [none.name, watched.name].map((name) => [name, shown(perSecond(name))]),
      ),
      figures: [figure(`${SOURCES} sources each second: requests lost`, cost, { most: 2 }, " %")],
    };
  } finally {
    target.closeAllConnections();
    target.close();
  }
}

/** Half of them pages of Prometheus, half JSON. */
function watchOf(url: string): string {
  const lines = Array.from({ length: SOURCES }, (_, i) =>
    i % 2 === 0
      ? `  s${i}: { prometheus: "${url}/page", every: 1s }`
      : `  s${i}: { json: "${url}/document", every: 1s, metrics: { db_pool_connections_max: $.pool.size, db_pool_overflow: $.pool.used } }`,
  );
  return `watch:\n${lines.join("\n")}\n`;
}

/** In percent. */
function costOf({ median, min, max }: { median: number; min: number; max: number }) {
  return { median: (1 - median) * 100, min: (1 - max) * 100, max: (1 - min) * 100 };
}
