import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import { type StandingInput, standingOf } from "../../src/runs/standing.ts";
import { type Summary, summarise } from "../../src/runs/summary.ts";
import { emptyView, extendView, type ViewTick } from "../../src/runs/view.ts";
import type { Shown } from "../../src/runs/view-sink.ts";
import type { Verdict } from "../../src/verdict/verdict.ts";
import { ExampleWorker, plan } from "../runs/example-run.ts";

/** Noise that is the same each time, in 0 … 1. */
function noise(n: number): number {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

export const metrics = [
  "cpu_utilization_ratio",
  "memory_used_bytes",
  "db_pool_connections",
  "queue_depth",
  "http_requests_total",
];

/** One second of a run of 10,000 users, with so many series of the target's. */
export function secondOf(time: number, series: number): ViewTick {
  const target = Array.from({ length: series }, (_, i): [string, ViewTick["target"][string]] => {
    const metric = metrics[i % metrics.length] ?? "";
    const labels = { instance: `backend-${i}`, source: "app" };
    const value = metric.endsWith("_bytes") ? 1e9 * noise(time + i) : 100 * noise(time * 3 + i);
    return [`${metric}{instance="backend-${i}",source="app"}`, { source: "app", metric, labels, type: "gauge", value }];
  });
  const latency = 0.05 + noise(time) / 20;
  return {
    time,
    state: "running",
    load: {
      users: 10_000,
      rate: 9_000 + 500 * noise(time),
      failures: 10 * noise(time + 7),
      p50: latency,
      p95: latency * 3,
      p99: latency * 5,
    },
    errors: { "503": 5 * noise(time), deadline: 2 * noise(time + 1) },
    target: Object.fromEntries(target),
    events: time % 600 === 0 ? [{ at: time * 1000, kind: "stage", message: `Stage at ${time} s` }] : [],
  };
}

/** A run of so many seconds and request names, as the page shows it, without the hours that it would take to write one. */
export function longRun(seconds: number, names: number, series: number): { shown: Shown; summary: Summary } {
  const { runId: id, scenario, profile, target, startedAt, labels, thresholds } = plan;
  const view = emptyView({ id, scenario, profile, target, startedAt, plannedMs: seconds * 1000, labels, thresholds });
  for (let time = 1; time <= seconds; time++) extendView(view, secondOf(time, series));
  const worker = new ExampleWorker("0");
  for (let name = 0; name < names; name++) {
    for (let i = 0; i < 50; i++) worker.request(`name-${name}`, 1000, 20 + 200 * noise(name * 50 + i));
    worker.request(`name-${name}`, 1000, 900, { failure: { kind: "status", detail: "503 Service Unavailable" } });
  }
  const sum = new SnapshotSum();
  sum.take(worker.snapshot(1000));
  const figures = { min: 0, mean: 1, max: 2, first: 1, last: 1, gaps: 0, source: "app" };
  const input: Omit<StandingInput, "verdict"> = {
    snapshot: { ...sum.total(1000), at: seconds * 1000 },
    states: [],
    target: Object.fromEntries(Object.keys(view.target).map((name) => [name, figures])),
    trust: { trusted: true, reasons: [], cpu: 0.2, lag: 0.001, delay: 0 },
  };
  const verdict: Verdict = { state: "passed", warnings: [] };
  view.state = "passed";
  return {
    shown: { view, standing: standingOf({ ...input, verdict }) },
    summary: summarise({ ...input, verdict, plan }),
  };
}
