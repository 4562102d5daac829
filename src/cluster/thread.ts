/** The program of a worker thread: makes its plan runnable, carries its share, tells its snapshots. */
import { parentPort, workerData } from "node:worker_threads";
import { HttpClient } from "../client/http.ts";
import { type Phase, type PhaseHistograms, phases } from "../client/phases.ts";
import { httpOptions } from "../client/settings.ts";
import { Tracer } from "../client/trace.ts";
import { Health } from "../load/health.ts";
import { Worker } from "../load/worker.ts";
import { Aggregator } from "../metrics/aggregator.ts";
import { monotonicMs, SystemClock, type Timer } from "../metrics/clock.ts";
import { ClassicBounds } from "../metrics/histogram.ts";
import { loadCode } from "../scenario/module.ts";
import type { Plan } from "../scenario/plan.ts";
import { type FromWorker, SNAPSHOT_MS, type ToWorker } from "./protocol.ts";
import { requestsStillToRunIn, runIn } from "./run-in.ts";

const { worker: name } = workerData as { worker: string };
const port = parentPort;
if (port === null) throw new Error("thread.ts is the program of a worker thread, not of a process");
const tell = (message: FromWorker) => port.postMessage(message);

/** It begins while the scenario is still being read. */
const ranIn = runIn();

let prepared: Prepared | undefined;
port.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "prepare":
      void prepare(message).then((worker) => {
        prepared = worker;
        tell({ kind: "ready" });
      });
      break;
    case "start":
      void prepared?.carry(message);
      break;
    case "follow":
      prepared?.worker.follow(message.loads);
      break;
    case "stop":
      prepared?.worker.stop();
      break;
    case "abort":
      prepared?.worker.abort();
      break;
    case "leave":
      // Of this thread, not of the process.
      process.exit();
  }
});

interface Prepared {
  worker: Worker;
  carry(start: Extract<ToWorker, { kind: "start" }>): Promise<void>;
}

function phaseHistograms({ http }: Plan, aggregator: Aggregator): PhaseHistograms | undefined {
  if (http.timings !== "full") return undefined;
  const of = (phase: Phase) => aggregator.histogram("plimsoll_request_phase_duration_seconds", { phase });
  return Object.fromEntries(phases.map((phase) => [phase, of(phase)])) as PhaseHistograms;
}

async function prepare({ plan, provisions, share }: Extract<ToWorker, { kind: "prepare" }>): Promise<Prepared> {
  const code = await loadCode(plan);
  await ranIn;
  const more = requestsStillToRunIn(plan.loads, share);
  if (more > 0) await runIn(more);
  const clock = new SystemClock(monotonicMs());
  let startedAt = plan.startedAt;
  const wallAt = (time: number) => startedAt + time;
  const aggregator = new Aggregator(name, new ClassicBounds(plan.bounds));
  const secret = (variable: string) => process.env[variable] ?? "";
  const client = new HttpClient(clock, {
    ...httpOptions(plan.http, secret, wallAt),
    phases: phaseHistograms(plan, aggregator),
  });
  const health = new Health(name, clock, client, aggregator);
  const tracer = plan.traces === undefined ? undefined : new Tracer(plan.traces, plan, Number(name));
  const worker = new Worker({
    plan,
    provisions,
    code,
    share,
    clock,
    client,
    aggregator,
    tracer,
    secret,
    wallAt,
    reserve: (turns) => tell({ kind: "reserved", turns }),
  });

  const report = (full: boolean) => {
    health.observe();
    const { spans, dropped, unsampled } = tracer?.drain() ?? { spans: [], dropped: 0, unsampled: 0 };
    const snapshot = aggregator.snapshot(clock.now(), full);
    const values = worker.uniques.drain();
    if (values.length > 0) tell({ kind: "values", values });
    tell({ kind: "snapshot", snapshot, spans, spansDropped: dropped, spansUnsampled: unsampled });
  };
  let timer: Timer | undefined;
  const schedule = () => {
    const next = (Math.floor(clock.now() / SNAPSHOT_MS) + 1) * SNAPSHOT_MS;
    timer = clock.at(next, () => {
      report(false);
      schedule();
    });
  };

  return {
    worker,
    async carry(start) {
      clock.setOrigin(start.originMs);
      startedAt = start.startedAt;
      health.start();
      schedule();
      report(true);
      await worker.run(start.resume);
      timer?.cancel();
      health.stop();
      report(true);
      tell({ kind: "done" });
    },
  };
}
