import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { HeapWitness, type Held, watchHeld } from "./held.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const USERS = 60;
const SECONDS = 32;
/** By then programs are loaded, code is compiled and the heap has the room that it works in. */
const SETTLED = 10;

const scenario = `
users: { U: { wait: 20ms..40ms, tasks: { Get: { get: / } } } }
profiles: { steady: { users: ${USERS}, spawnRate: 100/s, duration: ${SECONDS}s } }
watch: { app: { prometheus: /metrics, every: 500ms } }
thresholds: [p99(latency) < 30s, max(queue_depth) < 10, "p95(latency) over 10s < 30s"]
traces: { sample: 10% }
`;

/** Ends each connection after 200 requests, so that new ones are opened all the while. */
async function closingServer() {
  const seen = { requests: 0, connections: 0 };
  const server = createServer((request, response) => {
    seen.requests++;
    response.end(request.url === "/metrics" ? `queue_depth 3\nhttp_requests_total ${seen.requests}\n` : "{}");
  });
  server.maxRequestsPerSocket = 200;
  server.on("connection", () => seen.connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Looks at `/metrics`, and at the page's events for a moment, again and again. */
function lookOn(url: string): () => void {
  let over = false;
  const look = async () => {
    while (!over) {
      const leave = AbortSignal.timeout(300);
      await fetch(`${url}/metrics`).then((response) => response.text());
      await fetch(`${url}/api/v1/events`, { signal: leave })
        .then((response) => response.text())
        .catch(() => "");
    }
  };
  const ended = look().catch(() => {});
  return () => {
    over = true;
    void ended;
  };
}

/** The two halves of the time in which the run goes on and has settled. */
function halves<T extends { seconds: number }>(held: readonly T[]): [T[], T[]] {
  const middle = (SETTLED + SECONDS) / 2;
  const during = held.filter(({ seconds }) => seconds > SETTLED && seconds < SECONDS - 1);
  return [during.filter(({ seconds }) => seconds < middle), during.filter(({ seconds }) => seconds >= middle)];
}

const most = (held: readonly Held[], of: keyof Held) => Math.max(...held.map((one) => one[of]));

it("a run at a high rate holds as many handles and little more memory at its end than after its first seconds", async () => {
  const { url, seen } = await closingServer();
  const folder = temporaryFolder();
  writeFileSync(join(folder, "steady.yaml"), scenario);
  const args = ["run", "steady.yaml", "--host", url, "--listen", "127.0.0.1:0"];
  // Nobody takes the spans.
  const witness = new HeapWitness(folder);
  const env = { ...witness.environment, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  const plimsoll = new Plimsoll(args, { folder, env });
  const leave = lookOn(await plimsoll.url());
  const held = watchHeld(plimsoll.process.pid ?? 0);
  const { stdout } = await plimsoll.finished;
  leave();
  const [early, late] = halves(held);
  expect(seen.requests, stdout).toBeGreaterThan(USERS * SECONDS * 10);
  expect(seen.connections).toBeGreaterThan(3 * USERS);
  expect(most(late, "descriptors")).toBeLessThanOrEqual(most(early, "descriptors") + USERS / 4);
  expect(most(late, "threads")).toBeLessThanOrEqual(most(early, "threads"));
  expect(most(late, "rssBytes") - most(early, "rssBytes")).toBeLessThan(24e6);
  // The main thread and its worker.
  const heaps = witness.heapBytes();
  expect(heaps).toHaveLength(2);
  for (const heap of heaps) {
    const [before, after] = halves(heap);
    const grown = Math.max(...after.map(({ bytes }) => bytes)) - Math.max(...before.map(({ bytes }) => bytes));
    expect(grown, JSON.stringify(heap)).toBeLessThan(3e6);
  }
});
