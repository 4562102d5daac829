import { ModelledClient } from "../../src/client/modelled.ts";
import { arrivalRateAt } from "../../src/load/timeline.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";
import { endOfLoads, type Load, type Plan, type Step, type UserClass } from "../../src/scenario/plan.ts";
import { type Analysis, analyse } from "../../src/verdict/findings/analysis.ts";
import { Judge } from "../../src/verdict/judge.ts";
import { RunSeries } from "../../src/verdict/run-series.ts";
import { parseThreshold } from "../../src/verdict/threshold.ts";
import type { ThresholdState } from "../../src/verdict/verdict.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { type ModelledService, WRITE_SHARE } from "./service.ts";

/** Between two looks at the target and two ticks. */
const TICK_MS = 1000;

export interface VirtualOutcome {
  states: ThresholdState[];
  analysis: Analysis;
  requests: number;
}

/** The same plan, executor, aggregator, judge and findings as a real run has, on a clock that does not wait. */
export async function runVirtually(
  load: Load,
  thresholds: readonly string[],
  service: ModelledService,
  seed: number,
  tickMs = TICK_MS,
): Promise<VirtualOutcome> {
  const plan = planOf(load, thresholds, seed);
  const clock = new VirtualClock();
  const aggregator = new Aggregator("0", new ClassicBounds(plan.bounds));
  const worker = new Worker({
    plan,
    share: { index: 0, of: 1 },
    clock,
    client: new ModelledClient(clock, service.answer),
    aggregator,
    tracer: undefined,
    secret: () => "",
    wallAt: (ms) => ms,
  });
  const judge = new Judge(plan);
  const series = new RunSeries(plan, judge);
  let ended = false;
  const end = worker.run().then(() => {
    ended = true;
  });
  const tick = (how: "evaluate" | "conclude") => {
    const now = clock.now();
    judge.observe(service.observe(now));
    const snapshot = aggregator.snapshot(now, true);
    const rate = arrivalRateAt(plan.loads, now);
    if (rate !== undefined) snapshot.gauges["plimsoll_arrival_rate_target"] = rate;
    const states = judge[how](snapshot);
    series.take(snapshot);
    return { states, requests: snapshot.series.reduce((sum, one) => sum + one.success.response.count, 0) };
  };
  tick("evaluate");
  const most = endOfLoads(plan.loads) + 120_000;
  while (!ended && clock.now() < most) {
    await clock.advance(tickMs);
    if (!ended) tick("evaluate");
  }
  await end;
  const last = tick("conclude");
  return { ...last, analysis: analyse(series, last.states, true) };
}

function planOf(load: Load, thresholds: readonly string[], seed: number): Plan {
  const task = (name: string, method: string, weight: number) => ({
    kind: "steps" as const,
    name,
    weight,
    steps: [step(name, method)],
  });
  const userClass: UserClass = {
    name: "Visitor",
    weight: 1,
    wait: { kind: "uniform", minMs: 500, maxMs: 1500 },
    start: [],
    stop: [],
    tasks: [task("Read", "GET", 1 - WRITE_SHARE), task("Write", "POST", WRITE_SHARE)],
  };
  return {
    runId: "virtual",
    version: "0",
    scenario: "virtual",
    profile: "virtual",
    target: "model",
    startedAt: 0,
    seed,
    loads: [{ load, classes: [userClass], startMs: 0 }],
    warmUpMs: 0,
    http: { version2: false, timings: "whole" },
    thresholds: thresholds.map((text) => {
      const read = parseThreshold(text);
      if ("problem" in read) throw new Error(`${text}: ${read.problem.expected}`);
      return read.threshold;
    }),
    sources: [],
    bounds: [...defaultBounds],
    labels: {},
  };
}

function step(name: string, method: string): Step {
  return {
    kind: "request",
    name,
    method,
    url: `http://model/${name}`,
    headers: [],
    expect: { status: [], json: [], body: [] },
    captures: [],
    deadlineMs: 60_000,
  };
}
