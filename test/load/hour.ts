/**
 * A program of its own: an hour of a run on a virtual clock, from the users to all who are told. Prints, as JSON, what it
 * kept in memory after each five minutes, its garbage collected.
 *
 *   node --expose-gc hour.ts FOLDER
 */
import { join } from "node:path";
import { ModelledClient } from "../../src/client/modelled.ts";
import { Tracer } from "../../src/client/trace.ts";
import { Coordinator } from "../../src/cluster/coordinator.ts";
import type { LinkListener, OpenLink, ToWorker } from "../../src/cluster/protocol.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Observation } from "../../src/metrics/observation.ts";
import { Assessment } from "../../src/run/assessment.ts";
import { Audience } from "../../src/run/audience.ts";
import { Duplicates } from "../../src/run/duplicates.ts";
import { RunFile } from "../../src/runs/run-file.ts";
import type { RunEvent, Sink } from "../../src/runs/sink.ts";
import { ViewSink } from "../../src/runs/view-sink.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { ConsoleSink } from "../../src/sinks/console.ts";
import { CsvSink } from "../../src/sinks/csv.ts";
import { PrometheusSink } from "../../src/sinks/prometheus.ts";
import { Slowest } from "../../src/target/slowest.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** What it prints. */
export interface Hour {
  requests: number;
  failures: number;
  /** After each five minutes. */
  heapBytes: number[];
}

const MINUTES = 60;
const RATE = 250;
/** What the target says each second. */
const TARGET_SERIES = 40;
const SNAPSHOTS_A_SECOND = 2;

const scenario = `
users:
  Reader:
    tasks:
      List: { weight: 3, get: /items, expect: { json: { $.ok: true } } }
      Item: { weight: 1, get: "/items/{{ randomInt(1, 1000000) }}", capture: { id: $.id } }
profiles: { hour: { arrivals: ${RATE}/s, duration: ${MINUTES}m, maxUsers: 100 } }
watch: { app: { prometheus: "http://target.test/metrics" } }
thresholds:
  - p99(latency) target < 20ms critical < 5s
  - p95(latency) over 1m < 5s
  - slope(latency) < 1s/h
  - rate(requests) over 10s > 1/s
  - ratio(errors) target < 0.5% critical < 50%
  - max(queue_depth) target < 50
  - avg(queue_depth) over 5m < 1000
  - slope(memory_used_bytes) < 100MB/min
traces: { sample: 1%, slowerThan: 1s, failed: true }
`;

const [folder = ""] = process.argv.slice(2);
const read = readScenario("hour.yaml", scenario, {});
if ("problems" in read) throw new Error(JSON.stringify(read.problems));
const made = makePlan(read.scenario, { host: "http://target.test", seed: 1, suffix: "0", startedAt: 0, version: "0" });
if ("problems" in made) throw new Error(JSON.stringify(made.problems));
const { plan } = made;

const clock = new VirtualClock();
/** Answers that differ a little, one of a hundred an error with a text of its own. */
let asked = 0;
const client = new ModelledClient(clock, () => {
  asked++;
  const failed = asked % 100 === 0;
  const body = failed ? `{"ok":false,"id":${asked},"why":"no room for ${asked}"}` : `{"ok":true,"id":${asked}}`;
  return { afterMs: 5 + (asked % 97) / 4, status: failed ? 503 : 200, body };
});

/** A worker as a thread has it, but on this clock. */
let report: (full: boolean) => void = () => {};
const openLink: OpenLink = (name: string, listener: LinkListener) => {
  const aggregator = new Aggregator(name, new ClassicBounds(plan.bounds));
  const tracer = new Tracer(plan.traces ?? { sample: 0, failed: false }, plan, 0);
  let worker: Worker | undefined;
  report = (full) => {
    const { spans, dropped, unsampled } = tracer.drain();
    const snapshot = aggregator.snapshot(clock.now(), full);
    listener.message(name, { kind: "snapshot", snapshot, spans, spansDropped: dropped, spansUnsampled: unsampled });
  };
  const send = (message: ToWorker) => {
    if (message.kind === "prepare") {
      const { share, provisions } = message;
      const parts = { plan, provisions, share, clock, client, aggregator, tracer };
      worker = new Worker({ ...parts, secret: () => "", wallAt: (time) => time });
      listener.message(name, { kind: "ready" });
    } else if (message.kind === "start") {
      void worker?.run().then(() => {
        report(true);
        listener.message(name, { kind: "done" });
      });
    }
  };
  return { worker: name, send, close: async () => {} };
};

let events: RunEvent[] = [];
const slowest = new Slowest();
const runFile = new RunFile(join(folder, "hour.db"), fail);
const coordinator = new Coordinator(openLink, {
  snapshot: (snapshot) => runFile.keepWorker(snapshot),
  spans: (spans) => slowest.add(spans),
  lost: fail,
});
const assessment = new Assessment(plan, { scale: () => 0, tell: fail, end: fail });
const view = new ViewSink(() => assessment.health());
const duplicates = new Duplicates(fail);
const prometheus = new PrometheusSink();
const sinks: Sink[] = [
  runFile,
  prometheus,
  view,
  new ConsoleSink({ write: () => true }),
  new CsvSink(join(folder, "hour"), { fullHistory: true }),
];
const audience = new Audience(sinks, fail);

coordinator.open(1);
await coordinator.prepare(plan, { feeds: [], variables: [] });
coordinator.start({ originMs: 0, startedAt: 0 });
audience.each((sink) => sink.start(plan));

const heapBytes: number[] = [];
for (let second = 1; second <= MINUTES * 60; second++) {
  for (let i = 0; i < SNAPSHOTS_A_SECOND; i++) {
    await clock.advance(1000 / SNAPSHOTS_A_SECOND);
    report(false);
  }
  tick(second);
  // Somebody looks on.
  if (second % 60 === 0) {
    view.shown();
    await prometheus.render(undefined);
  }
  if (second % 300 === 0) heapBytes.push(heldBytes());
}
const { series } = coordinator.total(clock.now());
const count = (outcome: "success" | "failure") => series.reduce((sum, one) => sum + one[outcome].response.count, 0);
const hour: Hour = { requests: count("success") + count("failure"), failures: count("failure"), heapBytes };
process.stdout.write(JSON.stringify(hour));

/** As a run does each second. */
function tick(second: number): void {
  const at = second * 1000;
  const snapshot = coordinator.total(at);
  const observations = observed(at);
  assessment.observe(observations);
  duplicates.look(snapshot);
  const thresholds = assessment.judge(snapshot, "evaluate");
  if (second % 60 === 0) events.push({ at, kind: "source", message: `source "app" is back after ${second} s` });
  assessment.take(snapshot, events);
  audience.each((sink) => sink.write({ snapshot, observations, events, thresholds, phase: "load" }));
  events = [];
}

/** One look at the target; each minute it fails. */
function observed(at: number): Observation[] {
  const one = (metric: string, labels: Record<string, string>, type: Observation["type"], value: number) => {
    return { source: "app", metric, labels, type, value, at };
  };
  const up = at % 60_000 === 0 ? 0 : 1;
  if (up === 0) return [one("up", {}, "gauge", 0)];
  const series = Array.from({ length: TARGET_SERIES }, (_, i) =>
    i % 2 === 0
      ? one("queue_depth", { queue: `q${i}` }, "gauge", (at / 1000 + i) % 40)
      : one("http_requests_total", { instance: `backend-${i}` }, "counter", at * i),
  );
  return [one("up", {}, "gauge", 1), one("memory_used_bytes", {}, "gauge", 1e9 + at), ...series];
}

/** What is held when the garbage is collected. */
function heldBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function fail(...what: unknown[]): never {
  throw new Error(`nothing was to go wrong: ${what.join(", ")}`);
}
