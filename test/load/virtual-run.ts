import type { Request } from "../../src/client/client.ts";
import { type ModelledAnswer, ModelledClient } from "../../src/client/modelled.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { type Snapshot, SnapshotSum } from "../../src/metrics/snapshot.ts";
import type { DefinedScenario } from "../../src/scenario/define.ts";
import { makePlan, type PlanOptions } from "../../src/scenario/make-plan.ts";
import { functionAt } from "../../src/scenario/module.ts";
import { readScenario, readValue } from "../../src/scenario/parse.ts";
import { VirtualClock } from "../virtual-clock.ts";

export interface Sent {
  at: number;
  /** `GET /path` */
  request: string;
  body: string | Buffer | undefined;
  path: string;
  /** By name. */
  headers: Record<string, string>;
}

export interface VirtualOptions extends Partial<PlanOptions> {
  workers?: number;
  environment?: Record<string, string>;
  /** How late every timer of the workers fires, in ms. */
  late?: number;
  /** What setup left to the users. */
  variables?: [string, unknown][];
}

/** Runs a scenario, as a file's text or in code, on a virtual clock against a service in closed form; by default each answer takes 10 ms. */
export function virtualRun(
  scenario: string | DefinedScenario,
  answer: (request: Request, now: number) => Partial<ModelledAnswer> = () => ({}),
  { workers = 1, environment = {}, variables = [], late = 0, ...options }: VirtualOptions = {},
) {
  const module = "file:///s.ts";
  const read =
    typeof scenario === "string"
      ? readScenario("s.yaml", scenario, environment)
      : readValue(scenario, { path: "s.ts", text: "", module }, environment);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", ...options });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  const { plan, feeds } = made;
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const client = new ModelledClient(clock, (request, now) => {
    sent.push({
      at: now,
      request: `${request.method} ${request.path}`,
      body: request.body,
      path: request.path,
      headers: named(request.headers),
    });
    return { afterMs: 10, status: 200, body: "{}", ...answer(request, now) };
  });
  const all = Array.from({ length: workers }, (_, index) => {
    const aggregator = new Aggregator(String(index), new ClassicBounds(plan.bounds));
    const worker = new Worker({
      plan,
      provisions: { feeds, variables },
      share: { index, of: workers },
      clock: late === 0 ? clock : { now: () => clock.now(), at: (time, fn) => clock.at(time + late, fn) },
      client,
      aggregator,
      tracer: undefined,
      code: (_, key) => functionAt(scenario, key),
      secret: (name) => environment[name] ?? "",
      wallAt: (ms) => ms,
    });
    return { aggregator, worker };
  });
  let ended = false;
  const end = Promise.all(all.map(({ worker }) => worker.run())).then(() => {
    ended = true;
  });
  const total = (): Snapshot => {
    const sum = new SnapshotSum();
    for (const { aggregator } of all) sum.take(aggregator.snapshot(clock.now(), true));
    return sum.total(clock.now());
  };
  return {
    plan,
    clock,
    sent,
    worker: (all[0] as (typeof all)[number]).worker,
    end,
    hasEnded: () => ended,
    total,
    /** What went wrong, for people. */
    details: () => total().series.flatMap(({ details }) => details.map(({ detail }) => detail)),
    /** Lets it go on until it ends. */
    async finish() {
      // No scenario of a test lasts an hour.
      for (let minute = 1; !ended && minute <= 60; minute++) await clock.advance(60_000);
      await end;
    },
    /** What was asked for, in order. */
    requests: () => sent.map(({ request }) => request),
  };
}

function named(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] ?? ""]] : [])));
}
