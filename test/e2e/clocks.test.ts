import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRun } from "../../src/runs/open-run.ts";
import { reportOf } from "../../src/runs/report.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { program } from "../services.ts";
import { OtlpReceiver } from "../sinks/otlp-receiver.ts";
import { FakedClock } from "./faked-clock.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";

const RATE = 150;
const SECONDS = 9;

const scenario = `
name: clocks
users: { U: { tasks: { Get: { get: / } } } }
profiles: { open: { arrivals: ${RATE}/s, duration: ${SECONDS}s, maxUsers: 200 } }
watch: { app: { prometheus: /metrics, every: 500ms } }
thresholds: [p99(latency) < 30s, ratio(errors) < 1%, max(queue_depth) < 10, "rate(requests) over 2s > 1/s"]
traces: { sample: 100% }
`;

/** Signs each user on, and counts: what came in each second since the first, and who had to sign on again. */
async function signingServer() {
  const signedOn = new WeakSet<object>();
  const seen = { perSecond: [] as number[], total: 0, again: 0 };
  let first: number | undefined;
  const server = createServer((request, response) => {
    if (request.url === "/metrics") return void response.end("queue_depth 3\n");
    first ??= performance.now();
    const second = Math.floor((performance.now() - first) / 1000);
    seen.perSecond[second] = (seen.perSecond[second] ?? 0) + 1;
    seen.total++;
    if (request.headers.cookie === undefined) {
      // Each user has a connection of its own.
      if (signedOn.has(request.socket)) seen.again++;
      signedOn.add(request.socket);
      response.setHeader("set-cookie", "session=1; Max-Age=300");
    }
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** A run, and what is to be seen of it from all sides. `during` is called when its load has begun. */
async function run(environment: Record<string, string>, during: () => Promise<void>) {
  const { url, seen } = await signingServer();
  const receiver = new OtlpReceiver();
  const endpoint = await receiver.listen();
  onTestFinished(() => receiver.close());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "clocks.yaml"), scenario);
  const args = ["run", "clocks.yaml", "--host", url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const env = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const plimsoll = new Plimsoll(args, { folder, env });
  await expect.poll(() => seen.total).toBeGreaterThan(0);
  await during();
  const { code, stdout } = await plimsoll.finished;
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  const file = openRun(plimsoll.runFile());
  if (file.kind === "problem") throw new Error(file.message);
  const ticks = [...file.ticks()].map(({ snapshot }) => snapshot.at);
  const observed = [...file.observations()].map(({ at }) => at);
  file.close();
  const report = reportOf(plimsoll.runFile());
  if (report.kind === "problem") throw new Error(report.message);
  return { code, stdout, summary, seen, ticks, observed, report, spans: receiver.spans };
}

describe.runIf(program("faketime"))("a wall clock that steps by +1 h, -1 h and -60 s", () => {
  it("changes nothing of a run", async () => {
    const clock = new FakedClock(temporaryFolder());
    const steps = [3600, 0, -60];
    const stepping = async () => {
      for (const offset of steps) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        clock.step(offset);
      }
    };
    const [plain, stepped] = await Promise.all([run({}, async () => {}), run(clock.environment, stepping)]);

    // The main thread and its worker did see it step, and these runs could have told.
    expect(clock.witnessed()).toEqual([
      [0, ...steps],
      [0, ...steps],
    ]);

    for (const { code, stdout, summary, seen, ticks, observed, report, spans } of [plain, stepped]) {
      expect(code, stdout).toBe(exitCodeOf(summary));
      const { totals, run } = summary;
      const seconds = run.end - run.start;
      expect(totals.requests + totals.dropped).toBe(RATE * SECONDS);
      expect(totals).toMatchObject({ failures: 0, dropped: 0 });
      expect(seen).toMatchObject({ total: totals.requests, again: 0 });
      // The load lasts as long as the plan says, and in each second comes what was planned for it.
      expect(seconds).toBeGreaterThanOrEqual(SECONDS - 0.1);
      expect(seconds).toBeLessThan(SECONDS + 5);
      for (const count of seen.perSecond.slice(0, SECONDS - 1)) expect(count).toBeGreaterThan(RATE / 2);
      expect(totals.latency?.max).toBeLessThan(30);
      // Times are of the run: each second has its tick, and a source is asked each half second.
      expect(ticks.filter((at) => at < SECONDS * 1000)).toEqual(Array.from({ length: SECONDS }, (_, i) => i * 1000));
      expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
      expect(Math.min(...observed)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...observed)).toBeLessThan((seconds + 1) * 1000);
      expect(new Set(observed).size).toBeGreaterThan(SECONDS);
      // Spans tell the time that the run began with.
      expect(spans).toHaveLength(totals.requests);
      const startedAt = run.start * 1000;
      const times = spans.flatMap((span) =>
        [span.startTimeUnixNano, span.endTimeUnixNano].map((ns) => Number(ns) / 1e6),
      );
      expect(Math.min(...times)).toBeGreaterThanOrEqual(startedAt - 1);
      expect(Math.max(...times)).toBeLessThan(startedAt + (seconds + 1) * 1000);
      expect(report.summary.verdict).toEqual(summary.verdict);
      expect(report.summary.totals).toEqual(summary.totals);
    }
    expect(stepped.summary.verdict.state).toBe(plain.summary.verdict.state);
    expect(stepped.summary.thresholds.map(({ state }) => state)).toEqual(
      plain.summary.thresholds.map(({ state }) => state),
    );
  });
});
