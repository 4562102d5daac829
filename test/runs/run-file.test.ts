import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Observation } from "../../src/metrics/observation.ts";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { replay } from "../../src/runs/replay.ts";
import { RunFile } from "../../src/runs/run-file.ts";
import type { RunEvent, Sink, Tick } from "../../src/runs/sink.ts";
import type { StoredRun } from "../../src/runs/stored-run.ts";
import { ExampleWorker, observation, plan, requestsOf, sorted } from "./example-run.ts";

let folder: string;
let file: string;
let made = 0;
const troubles: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-"));
  file = join(folder, "runs", "run.db");
  troubles.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function started(path = file): RunFile {
  const runFile = new RunFile(path, (message) => troubles.push(message));
  runFile.start(plan);
  return runFile;
}

function open(path = file): StoredRun {
  const run = openRun(path);
  if (run.kind === "problem") throw new Error(run.message);
  return run;
}

const failures = [
  { kind: "status", detail: "503 Service Unavailable" },
  { kind: "assertion", detail: "\u001b[31m$.id is null\u0000 \ud800 '; DROP TABLE run; --" },
  { kind: "reset", detail: "stale_connection" },
] as const;

/** Any run of a few workers: each second some requests of some of them, some of which are heard of only later. */
const anyRun = fc.array(
  fc.record({
    stepMs: fc.constantFrom(1000, 1000, 20_000),
    requests: fc.array(
      fc.record({
        worker: fc.nat(2),
        name: fc.constantFrom("a", "b", "c", "d"),
        took: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 5_000_000, noNaN: true })),
        late: fc.constantFrom(0, 0, 3),
        failure: fc.option(fc.constantFrom(...failures), { nil: undefined }),
      }),
      { maxLength: 40 },
    ),
    silent: fc.subarray([0, 1, 2]),
    values: fc.array(fc.double(), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("a run file", () => {
  it("gives back every second of any run as it was", async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async (seconds) => {
        const path = join(folder, `${made++}.db`);
        const runFile = started(path);
        const workers = [0, 1, 2].map((n) => new ExampleWorker(String(n)));
        const sum = new SnapshotSum();
        const told: Tick[] = [];
        let at = 0;
        for (const { stepMs, requests, silent, values } of seconds) {
          at += stepMs;
          for (const { worker, name, took, late, failure } of requests) {
            workers[worker]?.request(name, at, took, failure === undefined ? { late } : { late, failure });
          }
          for (const [n, worker] of workers.entries()) {
            if (silent.includes(n)) continue;
            worker.gauges(n + at);
            if (at % 3 === 0) worker.throws(`no ${n % 2}`, at);
            sum.take(worker.snapshot(at));
            const latest = sum.latestOf(String(n));
            if (latest !== undefined) runFile.keepWorker(latest);
          }
          const observations = values.map((value) => observation("queue_depth", value, at));
          const events: RunEvent[] = [{ at, kind: "stage", message: `at ${at}` }];
          const tick = { snapshot: sum.total(at), observations, events, thresholds: [] };
          told.push(tick);
          runFile.write(tick);
        }
        await runFile.stop({ state: "passed", warnings: [] });

        using run = open(path);
        const kept = [...run.ticks()];
        expect(kept.map(({ snapshot }) => sorted(snapshot))).toEqual(told.map(({ snapshot }) => sorted(snapshot)));
        const finite = ({ value }: Observation) => Number.isFinite(value);
        // JSON has one zero.
        const plain = (one: Observation) => ({ ...one, value: one.value + 0 });
        expect(kept.map(({ observations }) => observations)).toEqual(
          told.map(({ observations }) => observations.filter(finite).map(plain)),
        );
        expect(kept.map(({ events }) => events)).toEqual(told.map(({ events }) => events));
        expect(run.finalSnapshot()).toEqual(kept.at(-1)?.snapshot);
        expect(run.plan).toEqual(plan);
        expect(run.outcome).toEqual({
          verdict: { state: "passed", warnings: [] },
          states: [],
          analysis: { findings: [], signs: [] },
        });
        expect(run.damage).toEqual([]);
        expect(troubles).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("is one plain file after the run, for any SQLite tool", async () => {
    const runFile = started();
    const worker = new ExampleWorker("0");
    worker.request("list", 500, 20);
    worker.request("list", 600, 20, { failure: failures[0] });
    const sum = new SnapshotSum();
    sum.take(worker.snapshot(1000));
    const limit = { operator: "<", value: 1, text: "1s" } as const;
    runFile.write({
      snapshot: sum.total(1000),
      observations: [observation("queue_depth", 7, 900)],
      events: [{ at: 800, kind: "source", message: "app is down" }],
      thresholds: [{ expression: "p95(latency) < 1s", level: "critical", limit, value: 0.02, state: "ok" }],
    });
    await runFile.stop({ state: "failed", breaches: ["too slow"], warnings: [] });
    expect(readdirSync(join(folder, "runs"))).toEqual(["run.db"]);

    const database = new DatabaseSync(file, { readOnly: true });
    const all = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => ({ ...row }));
    expect(all("SELECT plan ->> 'scenario' AS scenario FROM run")).toEqual([{ scenario: "shop" }]);
    expect(all("SELECT at_ms, requests, failures FROM tick")).toEqual([{ at_ms: 1000, requests: 2, failures: 1 }]);
    expect(all("SELECT at_ms, source, metric, value FROM observation")).toEqual([
      { at_ms: 900, source: "app", metric: "queue_depth", value: 7 },
    ]);
    expect(all("SELECT at_ms, kind, message FROM event")).toEqual([
      { at_ms: 800, kind: "source", message: "app is down" },
    ]);
    expect(all('SELECT expression, "limit", value, state FROM threshold')).toEqual([
      { expression: "p95(latency) < 1s", limit: "1s", value: 0.02, state: "ok" },
    ]);
    expect(all("SELECT verdict ->> 'state' AS state FROM outcome")).toEqual([{ state: "failed" }]);
    expect(all("PRAGMA user_version")).toEqual([{ user_version: 1 }]);
    expect(all("PRAGMA application_id")).toEqual([{ application_id: Buffer.from("Plim").readUInt32BE() }]);
    database.close();
  });

  it("can be read while the run goes on, and then has what workers sent after the last tick", () => {
    const runFile = started();
    const workers = [new ExampleWorker("0"), new ExampleWorker("1")];
    const sum = new SnapshotSum();
    for (const [n, worker] of workers.entries()) {
      for (let at = 0; at < 2000; at += 100) {
        worker.request("list", at, 10);
        if (at % 500 !== 0) continue;
        sum.take(worker.snapshot(at));
        runFile.keepWorker(sum.latestOf(String(n)) ?? worker.snapshot(at));
        if (at === 500) runFile.write({ snapshot: sum.total(at), observations: [], events: [], thresholds: [] });
      }
    }
    using run = open();
    expect(run.outcome).toBeUndefined();
    expect(requestsOf(run.finalSnapshot())).toBe(requestsOf(sum.total(1500)));
    const ticks = [...run.ticks()];
    expect(ticks).toHaveLength(3);
    expect(ticks.at(-1)?.snapshot).toEqual(run.finalSnapshot());
    // The reader has not disturbed the writer.
    runFile.write({ snapshot: sum.total(2000), observations: [], events: [], thresholds: [] });
    expect(troubles).toEqual([]);
  });

  it("tells any sink the run again", async () => {
    const runFile = started();
    const worker = new ExampleWorker("0");
    const sum = new SnapshotSum();
    for (let second = 1; second <= 3; second++) {
      for (let n = 0; n < 100; n++) worker.request("list", second * 1000, 20);
      sum.take(worker.snapshot(second * 1000));
      const snapshot = sum.total(second * 1000);
      runFile.write({ snapshot, observations: [observation("queue_depth", 7, 900)], events: [], thresholds: [] });
    }
    await runFile.stop({ state: "passed", warnings: [] });
    const heard: string[] = [];
    const sink: Sink = {
      name: "listener",
      start: ({ runId }) => heard.push(runId),
      write: ({ snapshot, observations, thresholds }) =>
        heard.push(`${requestsOf(snapshot)} ${observations.length} ${thresholds.map(({ state }) => state).join()}`),
      stop: async ({ state }) => {
        heard.push(state);
      },
    };
    expect(await replay(file, [sink])).toBeUndefined();
    expect(heard).toEqual([plan.runId, "100 1 few_samples,few_samples", "200 1 ok,ok", "300 1 ok,ok", "passed"]);
  });

  it("never overwrites a run", async () => {
    await started().stop({ state: "passed", warnings: [] });
    const second = started();
    second.write({ snapshot: new SnapshotSum().total(1), observations: [], events: [], thresholds: [] });
    await second.stop({ state: "failed", breaches: [], warnings: [] });
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toContain("EEXIST");
    using run = open();
    expect(run.outcome?.verdict.state).toBe("passed");
  });
});
