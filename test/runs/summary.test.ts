import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import { summarise } from "../../src/runs/summary.ts";
import { summarySchema } from "../../src/runs/summary-schema.ts";
import { overloadedRun } from "../sinks/overloaded-run.ts";
import { ExampleWorker, plan } from "./example-run.ts";

const conforms = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(summarySchema);
const trust = { trusted: true, reasons: [], cpu: 0.2, lag: 0.001, delay: 0 };

describe("the JSON summary", () => {
  it("says what was counted, in seconds and a second", () => {
    const worker = new ExampleWorker("0");
    for (let n = 1; n <= 100; n++) worker.request("list", n * 100, n, { late: 5 });
    worker.request("pay", 9_000, 1500, { failure: { kind: "reset", detail: "stale_connection" } });
    worker.request("pay", 9_500, 2500, { failure: { kind: "reset", detail: "stale_connection" } });
    worker.request("pay", 9_700, 2500, { failure: { kind: "status", detail: "503 Service Unavailable" } });
    worker.gauges(7);
    const sum = new SnapshotSum();
    sum.take(worker.snapshot(10_000));
    const summary = summarise({
      plan,
      snapshot: sum.total(10_000),
      states: [],
      verdict: { state: "failed", breaches: ["3 of 103 requests failed"], warnings: [] },
      target: {},
      trust,
      endedAt: 20_000,
    });
    expect(conforms(summary), JSON.stringify(conforms.errors)).toBe(true);
    expect(summary.run).toMatchObject({
      id: plan.runId,
      start: plan.startedAt / 1000,
      end: plan.startedAt / 1000 + 20,
    });
    expect(summary.verdict).toEqual({
      state: "failed",
      exitCode: 99,
      breaches: ["3 of 103 requests failed"],
      reasons: [],
      warnings: [],
    });
    expect(summary.totals).toMatchObject({ requests: 103, failures: 3, rate: 5.15, iterations: 7, dropped: 0 });
    expect(summary.totals.latency?.max).toBeCloseTo(2.5, 6);
    expect(summary.totals.latency?.min).toBeCloseTo(0.006, 6);
    expect(summary.totals.service?.min).toBeCloseTo(0.001, 6);
    const [list, pay] = summary.requests;
    expect(list).toMatchObject({
      user: "Shopper",
      task: "list",
      name: "/api/list",
      method: "GET",
      rate: 5,
      errors: [],
    });
    expect(list?.statuses).toEqual({ "200": 100 });
    expect(Math.abs((list?.latency?.p95 ?? 0) - 0.1) / 0.1).toBeLessThan(0.0055);
    expect(pay?.statuses).toEqual({ none: 2, "503": 1 });
    expect(pay?.errors).toEqual([
      { type: "reset", detail: "stale_connection", count: 2, first: 9, last: 9.5 },
      { type: "503", detail: "503 Service Unavailable", count: 1, first: 9.7, last: 9.7 },
    ]);
  });

  it("has no figures for what was not measured", () => {
    const snapshot = new SnapshotSum().total(0);
    const verdict = { state: "inconclusive", reasons: ["no request was made"], warnings: [] } as const;
    const summary = summarise({
      plan,
      snapshot,
      states: [],
      verdict: { ...verdict, reasons: ["no request was made"], warnings: [] },
      target: {},
      trust,
    });
    expect(conforms(summary), JSON.stringify(conforms.errors)).toBe(true);
    expect(summary.totals).toMatchObject({ requests: 0, rate: 0, latency: null, service: null });
    expect(summary.verdict).toMatchObject({ exitCode: 98, reasons: ["no request was made"] });
  });

  it("keeps to its published schema, and the schema admits nothing else", () => {
    const { summary } = overloadedRun();
    expect(conforms(summary), JSON.stringify(conforms.errors)).toBe(true);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
    expect(summary.thresholds.map(({ state }) => state)).toContain("no_data");
    expect(conforms({ ...summary, extra: 1 })).toBe(false);
    expect(conforms({ ...summary, version: 2 })).toBe(false);
    const { totals: _, ...without } = summary;
    expect(conforms(without)).toBe(false);
  });
});
