import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { present } from "./loop.ts";
import { plimsoll } from "./plimsoll.ts";
import { measure, spread, type Window } from "./rounds.ts";
import { figure, type Section, shown, table } from "./section.ts";
import type { PageServer } from "./server.ts";

const SOURCES = 50;

/** A page as services have it: a dozen series in use, among three hundred that are not. */
const page = [
  ...Array.from({ length: 300 }, (_, i) => `shop_seconds_bucket{route="/r${i % 20}",le="${i}"} ${i}`),
  ...["active", "idle", "max", "pending"].map((what, i) => `hikaricp_connections_${what}{pool="main"} ${i}`),
  ...Array.from({ length: 5 }, (_, i) => `rabbitmq_queue_messages_ready{queue="q${i}"} ${i}`),
  "process_cpu_seconds_total 12.5",
  "process_resident_memory_bytes 123456789",
  "process_open_fds 42",
  "",
].join("\n");
const document = JSON.stringify({ pool: { size: 10, used: 3 }, others: Array.from({ length: 50 }, (_, i) => ({ i })) });

/**
 * Plimsoll that watches fifty sources each second beside Plimsoll that watches none, in turn. The load's thread has a core
 * for itself, as it has where Plimsoll chooses how many there are; the main thread, which watches, shares the server's, and
 * what it takes is told beside. Requests are set against the CPU time of the load's threads: what else runs on the machine
 * takes time from them, but hardly adds to their work.
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
  const common = { expect: "status" as const, traced: 0, apart: true, program };
  const none = plimsoll({ name: "Plimsoll, no sources", ...common }, receiver);
  const watch = watchOf(`http://127.0.0.1:${port}`);
  const watched = plimsoll({ name: `Plimsoll, ${SOURCES} sources each second`, watch, ...common }, receiver);
  try {
    const pattern = { users: 64, warmUpMs: 3000, windowMs: 4000, rounds };
    const windows = await measure(present([none, watched]), server, pattern, () => {});
    const [without, beside] = [windows.get(none.name) ?? [], windows.get(watched.name) ?? []];
    const lost = beside.map((one, i) => {
      const other = without[i];
      return other === undefined ? Number.NaN : 100 * (1 - loadMicros(other) / loadMicros(one));
    });
    const row = (name: string, all: Window[]) => [
      name,
      shown(spread(all.map(loadMicros))),
      shown(spread(all.map(({ mainThreadCores }) => mainThreadCores))),
      shown(spread(all.map(({ requestsPerSecond }) => requestsPerSecond))),
    ];
    const head = ["client", "CPU µs a request, main thread apart", "cores of the main thread", "requests/s"];
    return {
      title: "Sources",
      text: table(head, [row(none.name, without), row(watched.name, beside)]),
      figures: [figure(`${SOURCES} sources each second: requests lost`, spread(lost), { most: 2 }, " %")],
    };
  } finally {
    target.closeAllConnections();
    target.close();
  }
}

/** CPU time that the load takes for a request: all but the main thread's. */
function loadMicros({ requestsPerSecond, clientCores, mainThreadCores }: Window): number {
  return ((clientCores - mainThreadCores) / requestsPerSecond) * 1e6;
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
