import { describe, expect, it } from "vitest";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import { LocustFigures } from "../../src/sinks/locust-figures.ts";
import { ExampleWorker, plan } from "../runs/example-run.ts";
import { describeSink } from "./conformance.ts";

describeSink("Locust's web interface", () => {
  const sink = new LocustFigures();
  return { sink, counted: () => [sink.requests(), sink.exceptions(), sink.csv("stats"), sink.csv("failures")] };
});

/** Ten requests a second to list, in the seconds from 11 on one that fails and takes a second. */
function running(seconds: number, sink: LocustFigures): void {
  const worker = new ExampleWorker("0");
  const sum = new SnapshotSum();
  sink.start(plan);
  for (let at = 1000; at <= seconds * 1000; at += 1000) {
    for (let i = 0; i < 10; i++) worker.request("list", at, 20);
    if (at > 10_000) worker.request("list", at, 1000, { failure: { kind: "status", detail: "no" } });
    worker.gauges(7);
    sum.take(worker.snapshot(at));
    sink.write({ snapshot: sum.total(at), observations: [], events: [], thresholds: [] });
  }
}

describe("a run in Locust's words", () => {
  it("has Locust's fields, and what is current is of the last ten seconds", () => {
    const sink = new LocustFigures();
    expect(sink.requests()).toMatchObject({ state: "ready", user_count: 0 });
    running(20, sink);
    const { stats, errors, ...all } = sink.requests();
    const [list, total] = stats;
    expect(Object.keys(list ?? {})).toEqual([
      "method",
      "name",
      "num_requests",
      "num_failures",
      "min_response_time",
      "max_response_time",
      "current_rps",
      "current_fail_per_sec",
      "avg_response_time",
      "median_response_time",
      "total_rps",
      "total_fail_per_sec",
      "response_time_percentile_0.95",
      "response_time_percentile_0.99",
      "avg_content_length",
    ]);
    expect(list).toMatchObject({
      method: "GET",
      name: "/api/list",
      num_requests: 210,
      num_failures: 10,
      current_rps: 11,
    });
    expect(total).toMatchObject({ ...list, method: "", name: "Aggregated" });
    expect(all).toEqual({
      current_rps: 11,
      current_fail_per_sec: 1,
      total_rps: 10.5,
      total_fail_per_sec: 0.5,
      fail_ratio: 10 / 210,
      current_response_time_percentiles: {
        "response_time_percentile_0.5": 20,
        "response_time_percentile_0.95": expect.any(Number),
      },
      state: "running",
      user_count: 7,
      workers: [],
      worker_count: 0,
    });
    // One in eleven is slow in the last seconds, one in twenty-one over all.
    expect(all.current_response_time_percentiles["response_time_percentile_0.95"]).toBeGreaterThan(900);
    const since = plan.startedAt / 1000;
    const seen = { first_seen: since + 11, last_seen: since + 20 };
    const error = expect.stringContaining("no");
    expect(errors).toEqual([{ name: "/api/list", method: "GET", error, occurrences: 10, ...seen }]);
  });

  it("tells of its workers, and which of them are lost", () => {
    const sink = new LocustFigures();
    running(2, sink);
    const gauges = {
      'plimsoll_worker_up{worker="0"}': 1,
      'plimsoll_eventloop_utilization_ratio{worker="0"}': 0.25,
      'plimsoll_worker_up{worker="1"}': 0,
    };
    const snapshot = { ...new SnapshotSum().total(3000), gauges };
    sink.write({ snapshot, observations: [], events: [], thresholds: [] });
    const unknown = { user_count: null, memory_usage: null };
    expect(sink.requests()).toMatchObject({
      worker_count: 1,
      workers: [
        { id: "0", state: "running", cpu_usage: 25, ...unknown },
        { id: "1", state: "missing", cpu_usage: null, ...unknown },
      ],
    });
  });

  it("spawns until all users of the first stages are there, and has no rate after its end", async () => {
    const sink = new LocustFigures(15_000);
    running(14, sink);
    expect(sink.requests().state).toBe("spawning");
    running(15, sink);
    expect(sink.requests().state).toBe("running");
    await sink.stop({ state: "passed", warnings: [] });
    expect(sink.requests()).toMatchObject({ state: "stopped", current_rps: 0 });
  });

  it("counts anew after a reset", () => {
    const sink = new LocustFigures();
    running(20, sink);
    sink.reset();
    expect(sink.requests()).toMatchObject({ errors: [], fail_ratio: 0, total_rps: 0 });
    expect(sink.requests().stats).toHaveLength(1);
  });
});
