import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { seriesName } from "../../src/metrics/observation.ts";
import { openRun } from "../../src/runs/open-run.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { median } from "../bench/rounds.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { type Manner, OtlpReceiver } from "../sinks/otlp-receiver.ts";
import { HeapWitness, watchHeld } from "./held.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** Some 900 requests a second, of each of four runs at the same time. */
const USERS = 50;
const WAIT_MS = 50;
const SECONDS = 18;
/** Every request becomes a span: more than ten minutes at 2,000 a second make of a hundredth of them. */
const SPANS_OF_TEN_MINUTES = 2000 * 600 * 0.01;
/** More than with a receiver that takes all: of the process's memory, and of what its heaps hold when garbage is collected. */
const MOST_MORE = { rssBytes: 64e6, heapBytes: 12e6 };
const STOP_MS = 5000;

const scenario = `
users: { U: { wait: ${WAIT_MS}ms, tasks: { Health: { get: /health } } } }
profiles: { closed: { users: ${USERS}, spawnRate: 1000/s, duration: ${SECONDS}s } }
traces: { sample: 100% }
`;

type Receiving = Extract<Manner, "accept" | 503 | "silent"> | "refused";

/** One run whose spans go to a receiver of that manner. */
async function run(receiving: Receiving) {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const receiver = new OtlpReceiver();
  const endpoint = await receiver.listen();
  onTestFinished(() => receiver.close());
  if (receiving === "refused") await receiver.close();
  else receiver.manner = receiving;
  const folder = temporaryFolder();
  writeFileSync(join(folder, "exporting.yaml"), scenario);
  const args = ["run", "exporting.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const witness = new HeapWitness(folder);
  const env = { ...witness.environment, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const plimsoll = new Plimsoll(args, { folder, env });
  const held = watchHeld(plimsoll.process.pid ?? 0);
  const { stdout } = await plimsoll.finished;
  const goneAt = Date.now();
  const { total } = await target.requests();
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  const file = openRun(plimsoll.runFile());
  if (file.kind === "problem") throw new Error(file.message);
  const { counters } = file.finalSnapshot();
  file.close();
  const spans = (result: string) => counters[seriesName("plimsoll_spans_total", { result })] ?? 0;
  return {
    receiving,
    total,
    stdout,
    totals: summary.totals,
    exported: spans("exported"),
    dropped: spans("dropped"),
    // Of the second half, as its first is for the heap to find its size.
    rssBytes: median(held.slice(held.length >> 1).map(({ rssBytes }) => rssBytes)),
    heapBytes: witness.heapBytes().reduce((sum, heap) => sum + Math.max(...heap.map(({ bytes }) => bytes)), 0),
    stoppingMs: goneAt - summary.run.end * 1000,
  };
}

it("a trace receiver that refuses, fails or is silent costs the load nothing, little memory, and 5 s at the end", async () => {
  const all = await Promise.all((["accept", "refused", 503, "silent"] as const).map(run));
  const [taken] = all;
  if (taken === undefined) throw new Error("expected a run to compare with");
  for (const one of all) {
    const { receiving, stdout, totals, total, exported, dropped } = one;
    expect(total, stdout).toBeGreaterThan(SPANS_OF_TEN_MINUTES);
    expect(total, `${receiving}`).toBeGreaterThan(0.8 * taken.total);
    const { requests, failures } = totals;
    expect({ requests, failures, spans: exported + dropped }).toEqual({ requests: total, failures: 0, spans: total });
    expect(exported).toBe(receiving === "accept" ? total : 0);
    const more = (of: "rssBytes" | "heapBytes" | "stoppingMs") => one[of] - taken[of];
    expect(more("rssBytes"), `${receiving}`).toBeLessThan(MOST_MORE.rssBytes);
    expect(more("heapBytes"), `${receiving}`).toBeLessThan(MOST_MORE.heapBytes);
    expect(more("stoppingMs"), `${receiving}`).toBeLessThan(STOP_MS + 1000);
  }
});
