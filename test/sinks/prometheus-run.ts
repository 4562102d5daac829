import { ClassicBounds, Histogram } from "../../src/metrics/histogram.ts";
import type { Observation } from "../../src/metrics/observation.ts";
import { emptySeries, emptySnapshot, type SeriesData, type SeriesKey } from "../../src/metrics/snapshot.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";
import type { Tick } from "../../src/runs/sink.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import type { RequestStep } from "../../src/scenario/plan-request.ts";

export const startedAt = Date.UTC(2026, 10, 21, 10, 15);

export function step(name: string, status: number[] = [], method = "GET"): RequestStep {
  const expect = { status, json: [], body: [] };
  const url = "http://localhost:8000/";
  return { kind: "request", name, method, url, headers: [], expect, captures: [], deadlineMs: 60_000 };
}

/** A plan of one class whose task has these steps. */
export function plan(steps: RequestStep[] = [step("GET /items")], changes: Partial<Plan> = {}): Plan {
  return {
    runId: "run-1",
    version: "0.1.0",
    scenario: "shop",
    profile: "light",
    target: "localhost:8000",
    startedAt,
    seed: 1,
    loads: [
      {
        load: { kind: "users", stages: [{ users: 1, overMs: 0, forMs: 1000 }] },
        classes: [
          {
            name: "Buyer",
            weight: 1,
            wait: { kind: "uniform", minMs: 0, maxMs: 0 },
            tasks: [{ kind: "steps", name: "Look", weight: 1, steps }],
            start: [],
            stop: [],
          },
        ],
        startMs: 0,
      },
    ],
    warmUpMs: 0,
    http: { version2: false, timings: "whole" },
    thresholds: [],
    sources: [],
    bounds: [...defaultBounds],
    labels: {},
    ...changes,
  };
}

export function tick(changes: Partial<Omit<Tick, "snapshot">> & { snapshot?: Partial<Tick["snapshot"]> } = {}): Tick {
  const { snapshot, ...rest } = changes;
  return { observations: [], events: [], thresholds: [], ...rest, snapshot: { ...emptySnapshot(), ...snapshot } };
}

/** A series with these response times (seconds) of successes with status 200; its service times are the same. */
export function series(key: Partial<SeriesKey>, seconds: number[], changes: Partial<SeriesData> = {}): SeriesData {
  const bounds = new ClassicBounds(defaultBounds);
  const histogram = new Histogram(bounds);
  for (const one of seconds) histogram.record(one);
  const empty = emptySeries(
    { user: "Buyer", task: "Look", request: "GET /items", method: "GET", ...key },
    bounds.seconds.length + 1,
  );
  return {
    ...empty,
    success: { response: histogram.data(), service: histogram.data() },
    statuses: { "200": { success: seconds.length, failure: 0 } },
    ...changes,
  };
}

export function observation(metric: string, value: number, changes: Partial<Observation> = {}): Observation {
  return { source: "app", metric, labels: {}, type: "gauge", value, at: 0, ...changes };
}
