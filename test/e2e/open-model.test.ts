import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** Answers at once, but for what arrives from second 3 to 5: that is answered at second 5. It counts. */
async function stallingServer() {
  let first: number | undefined;
  const seen = { total: 0 };
  const server = createServer((_, response) => {
    const now = performance.now();
    first ??= now;
    seen.total++;
    const at = now - first;
    if (at < 3000 || at >= 5000) response.end("{}");
    else setTimeout(() => response.end("{}"), 5000 - at);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function run(maxUsers: number, processes: number) {
  const { url, seen } = await stallingServer();
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "open.yaml"),
    `users: { U: { tasks: { Get: { get: / } } } }
profiles: { open: { arrivals: 300/s, duration: 8s, maxUsers: ${maxUsers} } }
`,
  );
  const args = ["run", "open.yaml", "--host", url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const { stdout } = await new Plimsoll([...args, "--processes", String(processes)], { folder }).finished;
  const { totals } = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  return { seen, totals, stdout };
}

it("arrivals start on schedule while the service stalls, and the response times say so", async () => {
  const { seen, totals, stdout } = await run(1000, 1);
  expect(totals, stdout).toMatchObject({ requests: 2400, dropped: 0 });
  expect(seen.total).toBe(2400);
  // A quarter waits, evenly between 0 and 2 s: the q-quantile is 2 s · (q − 0.75) / 0.25. A loose bound: this is real time.
  expect(totals.latency?.p90).toBeGreaterThan(0.9 * 1.2);
  expect(totals.latency?.p90).toBeLessThan(1.3 * 1.2);
  expect(totals.latency?.p99).toBeGreaterThan(0.9 * 1.92);
  expect(totals.latency?.p99).toBeLessThan(1.3 * 1.92);
});

it("with too few users, sent + dropped is exactly what was planned, by one worker and by two", async () => {
  for (const { seen, totals, stdout } of await Promise.all([1, 2].map((processes) => run(20, processes)))) {
    expect(totals.dropped, stdout).toBeGreaterThan(300);
    expect(totals.requests + totals.dropped).toBe(2400);
    expect(seen.total).toBe(totals.requests);
  }
});
