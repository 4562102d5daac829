import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { monotonicMs } from "../../src/metrics/clock.ts";
import { Run } from "../../src/run.ts";
import { openRun } from "../../src/runs/open-run.ts";
import type { Sink, Tick } from "../../src/runs/sink.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { temporaryFolder } from "./plimsoll.ts";

const SECONDS = 5;
const [BEFORE, AFTER] = [100, 300];

it("a load that is changed while it runs goes on by the new rate, in all workers together, and the run file says so", async () => {
  let served = 0;
  const server = createServer((_, response) => {
    served++;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const scenario = `
users: { U: { tasks: { Get: { get: / } } } }
profiles: { open: { arrivals: ${BEFORE}/s, duration: ${SECONDS}s, maxUsers: 2000 } }
`;
  const read = readScenario("open.yaml", scenario, {});
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = makePlan(read.scenario, { host, seed: 1, suffix: "x", startedAt: Date.now(), version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));

  let changedAt = Number.NaN;
  const watcher: Sink = {
    name: "watcher",
    start() {},
    write({ snapshot: { at, gauges } }: Tick) {
      if (at === 2000) {
        expect(run.wanted).toEqual({ users: undefined, perSecond: BEFORE });
        expect(run.scale({ kind: "users", users: 5 })).toMatchObject({ kind: "problem" });
        expect(run.scale({ kind: "arrivals", perSecond: AFTER })).toEqual({ kind: "scaled" });
        expect(run.wanted).toEqual({ users: undefined, perSecond: AFTER });
      }
      const began = (stage: number) => gauges[`plimsoll_stage_start_timestamp_seconds{stage="${stage}"}`];
      changedAt = (began(1) ?? Number.NaN) - (began(0) ?? Number.NaN);
    },
    async stop() {},
  };
  const runFile = join(temporaryFolder(), "run.db");
  const common = { plan: made.plan, plannedAtMs: monotonicMs(), runFile, secret: () => "" };
  const run: Run = new Run({ feeds: [], ...common, workers: 2, sinks: [watcher] });
  expect(run.scale({ kind: "arrivals", perSecond: AFTER })).toMatchObject({ kind: "problem" });
  const { summary } = await run.execute();

  expect(changedAt).toBeGreaterThan(2);
  const planned = BEFORE * changedAt + AFTER * (SECONDS - changedAt);
  expect(Math.abs(summary.totals.requests + summary.totals.dropped - planned)).toBeLessThanOrEqual(1.1);
  expect(served).toBe(summary.totals.requests);
  const opened = openRun(runFile);
  if (opened.kind === "problem") throw new Error(opened.message);
  onTestFinished(() => opened.close());
  expect([...opened.events()]).toContainEqual(
    expect.objectContaining({ kind: "scale", message: `The load was changed: from now on ${AFTER} arrivals/s.` }),
  );
});
