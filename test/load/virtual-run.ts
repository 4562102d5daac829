import type { Request } from "../../src/client/client.ts";
import { type ModelledAnswer, ModelledClient } from "../../src/client/modelled.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Snapshot } from "../../src/metrics/snapshot.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { VirtualClock } from "../virtual-clock.ts";

export interface Sent {
  at: number;
  /** `GET /path` */
  request: string;
  body: string | undefined;
}

/** Runs a scenario's text on a virtual clock against a service in closed form; by default each answer takes 10 ms. */
export function virtualRun(
  text: string,
  answer: (request: Request, now: number) => Partial<ModelledAnswer> = () => ({}),
) {
  const read = readScenario("s.yaml", text, {});
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  const { plan } = made;
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const client = new ModelledClient(clock, (request, now) => {
    sent.push({ at: now, request: `${request.method} ${request.path}`, body: request.body });
    return { afterMs: 10, status: 200, body: "{}", ...answer(request, now) };
  });
  const aggregator = new Aggregator("0", new ClassicBounds(plan.bounds));
  const worker = new Worker({
    plan,
    share: { index: 0, of: 1 },
    clock,
    client,
    aggregator,
    tracer: undefined,
    secret: () => "",
    wallAt: (ms) => ms,
  });
  let ended = false;
  const end = worker.run().then(() => {
    ended = true;
  });
  return {
    clock,
    sent,
    worker,
    end,
    hasEnded: () => ended,
    total: (): Snapshot => aggregator.snapshot(clock.now(), true),
    /** What was asked for, in order. */
    requests: () => sent.map(({ request }) => request),
  };
}
