import { describe, expect, it } from "vitest";
import { folded, loadCharts, targetCharts } from "../../src/runs/charts.ts";
import { emptyView, extendView, loadColumns, type RunView, type ViewTick } from "../../src/runs/view.ts";
import { parseThreshold } from "../../src/verdict/threshold.ts";

function thresholds(...texts: string[]) {
  return texts.map((text) => {
    const read = parseThreshold(text);
    if ("problem" in read) throw new Error(read.problem.expected);
    return read.threshold;
  });
}

/** A view of one second; series as `metric{labels}`, with their values. */
function viewOf(
  series: [metric: string, labels: Record<string, string>, value: number][],
  limits: string[] = [],
): RunView {
  const view = emptyView({
    id: "r",
    scenario: "shop",
    profile: "light",
    target: "localhost",
    startedAt: 0,
    plannedMs: null,
    labels: {},
    thresholds: thresholds(...limits),
  });
  const load = Object.fromEntries(loadColumns.map((name) => [name, 1])) as ViewTick["load"];
  const target = Object.fromEntries(
    series.map(([metric, labels, value]) => [
      metric + JSON.stringify(labels),
      { source: "app", metric, labels: { ...labels, source: "app" }, type: "gauge" as const, value },
    ]),
  );
  extendView(view, { time: 1, state: "running", load, errors: {}, target, events: [] });
  return view;
}

describe("charts", () => {
  it("of all requests have no limit of some of them", () => {
    const limits = ["p95(latency) target < 250ms critical < 1s", 'p99(latency{task="Create"}) < 2s'];
    const latency = loadCharts(viewOf([], limits)).find(({ id }) => id === "latency");
    expect(latency?.limits).toEqual([
      { value: 0.25, level: "target", text: "p95 target < 250ms" },
      { value: 1, level: "critical", text: "p95 critical < 1s" },
    ]);
  });

  it("name each line by what tells it from the others", () => {
    const view = viewOf([
      ["db_pool_connections", { pool: "main", state: "in_use" }, 3],
      ["db_pool_connections", { pool: "main", state: "idle" }, 2],
      ["db_pool_connections_max", { pool: "main" }, 5],
      ["cpu_utilization_ratio", {}, 0.5],
    ]);
    const labels = Object.fromEntries(
      targetCharts(view).map(({ title, lines }) => [title, lines.map(({ label }) => label)]),
    );
    expect(labels).toEqual({ "CPU utilization": ["app"], "DB pool connections": ["in_use", "idle", "limit"] });
  });

  it("have what a threshold asks for first, however many others there are", () => {
    const others = Array.from({ length: 12 }, (_, i): [string, Record<string, string>, number] => [
      `cpu_own_${i}`,
      {},
      1,
    ]);
    const view = viewOf([...others, ["queue_depth", {}, 7]], ["max(queue_depth) < 100"]);
    expect(folded(targetCharts(view)).open[0]?.title).toBe("Queue depth");
  });

  it("show counters of bytes and of time in their own units", () => {
    const view = viewOf([
      ["network_receive_bytes_total", {}, 2048],
      ["runtime_gc_seconds_total", {}, 0.25],
      ["http_requests_total", {}, 9],
    ]);
    const told = targetCharts(view).map(({ title, unit }) => [title, unit]);
    expect(told).toEqual([
      ["HTTP requests a second", "rate"],
      ["Network receive a second", "byte_rate"],
      ["Runtime GC time", "time_ratio"],
    ]);
  });
});
