import type { Observation } from "../../src/metrics/observation.ts";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import type { RunEvent, Tick } from "../../src/runs/sink.ts";
import { type Summary, summarise } from "../../src/runs/summary.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { Judge } from "../../src/verdict/judge.ts";
import type { Threshold } from "../../src/verdict/threshold.ts";
import { Trust } from "../../src/verdict/trust.ts";
import { decide, type Verdict } from "../../src/verdict/verdict.ts";
import { ExampleWorker, plan as simple } from "../runs/example-run.ts";

const thresholds: Threshold[] = [
  ...simple.thresholds,
  {
    expression: "ratio(errors) target == 0 critical < 10%",
    aggregation: { kind: "ratio" },
    subject: "client",
    metric: "errors",
    filters: {},
    target: { operator: "==", value: 0, text: "0" },
    critical: { operator: "<", value: 0.1, text: "10%" },
  },
  {
    expression: "max(db_pool_utilization_ratio) < 90%",
    aggregation: { kind: "max" },
    subject: "target",
    metric: "db_pool_utilization_ratio",
    filters: {},
    critical: { operator: "<", value: 0.9, text: "90%" },
  },
  {
    expression: "avg(cache_hit_ratio) target > 70%",
    aggregation: { kind: "avg" },
    subject: "target",
    metric: "cache_hit_ratio",
    filters: {},
    target: { operator: ">", value: 0.7, text: "70%" },
  },
  {
    expression: "rate(requests) > 10/s",
    aggregation: { kind: "rate" },
    subject: "client",
    metric: "requests",
    filters: {},
    critical: { operator: ">", value: 10, text: "10/s" },
  },
];

export const plan: Plan = {
  ...simple,
  thresholds,
  sources: [{ name: "app", everyMs: 1000, timeoutMs: 800, kind: "prometheus", url: "", headers: [], metrics: [] }],
};

/** A run of 65 s whose target's pool is full from the 40th second on, and whose source is silent for one look at 0:30. */
export function overloadedRun(): { ticks: Tick[]; verdict: Verdict; summary: Summary } {
  const worker = new ExampleWorker("0");
  const sum = new SnapshotSum();
  const judge = new Judge(plan);
  const trust = new Trust();
  const ticks: Tick[] = [];
  for (let second = 1; second <= 65; second++) {
    const at = second * 1000;
    requests(worker, second);
    worker.gauges(Math.min(100, second * 10));
    sum.take(worker.snapshot(at));
    const snapshot = sum.total(at);
    snapshot.gauges['plimsoll_eventloop_utilization_ratio{worker="0"}'] = 0.34;
    const observations = health(second, at);
    judge.observe(observations);
    trust.observe(snapshot);
    ticks.push({ snapshot, observations, events: events(second, at), thresholds: judge.evaluate(snapshot) });
  }
  const last = ticks.at(-1);
  if (last === undefined) throw new Error("a run of 65 s has ticks");
  const { snapshot, thresholds: states } = last;
  const evidence = { snapshot, states, trust: trust.result() };
  const verdict = decide({ ...evidence, hasThresholds: true });
  const summary = summarise({ ...evidence, plan, verdict, target: judge.target.summary() });
  return { ticks, verdict, summary };
}

function requests(worker: ExampleWorker, second: number): void {
  const slow = second > 40 ? 8 : 1;
  for (let i = 0; i < 100; i++) {
    const name = ["list", "orders/:id", "create"][i % 3] ?? "";
    const took = (name === "create" ? 90 : 20) * slow * (1 + (i % 10) / 10);
    const kind = second > 50 && i % 20 === 0 ? (i % 40 === 0 ? "status" : "deadline") : undefined;
    const detail = kind === "status" ? "503 Service Unavailable" : "no answer within 60 s";
    worker.request(name, second * 1000, took, kind === undefined ? {} : { failure: { kind, detail } });
  }
}

function health(second: number, at: number): Observation[] {
  const common = { source: "app", labels: {}, type: "gauge", at } as const;
  if (second === 30) return [{ ...common, metric: "up", value: 0 }];
  return [
    { ...common, metric: "up", value: 1 },
    { ...common, metric: "db_pool_utilization_ratio", labels: { pool: "main" }, value: Math.min(1, second / 40) },
    { ...common, metric: "cpu_utilization_ratio", value: 0.3 + second / 200 },
    { ...common, metric: "queue_depth", value: Math.max(0, second - 40) * 37 },
    { ...common, metric: "db_pool_pending_requests", value: Math.max(0, second - 45) },
    { ...common, metric: "memory_used_bytes", value: 400e6 + second * 1e6 },
    { ...common, metric: "http_requests_total", type: "counter", value: 5_000 + second * 100 },
    { ...common, metric: "process_start_time_seconds", value: 1_700_000_000 },
  ];
}

function events(second: number, at: number): RunEvent[] {
  if (second === 10) return [{ at, kind: "stage", message: "Stage 2 of 2: 100 users." }];
  return second === 30 ? [{ at, kind: "source", message: "app is down: connection refused." }] : [];
}
