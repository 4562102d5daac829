import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Observation } from "../../src/metrics/observation.ts";
import type { Failure } from "../../src/metrics/sample.ts";
import { exceptionName, type SeriesData, type Snapshot } from "../../src/metrics/snapshot.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";
import type { Plan } from "../../src/scenario/plan.ts";

export const bounds = new ClassicBounds(defaultBounds);

export const plan: Plan = {
  runId: "20261121T101500Z-shop-light-3f2a",
  version: "0.1.0",
  scenario: "shop",
  profile: "light",
  target: "localhost:8000",
  startedAt: Date.UTC(2026, 10, 21, 10, 15),
  seed: 1,
  loads: [
    {
      load: {
        kind: "users",
        stages: [
          { users: 100, overMs: 10_000, forMs: 50_000 },
          { users: 0, overMs: 5_000, forMs: 0 },
        ],
      },
      classes: [
        {
          name: "Shopper",
          weight: 1,
          wait: { kind: "uniform", minMs: 1000, maxMs: 3000 },
          tasks: [],
          start: [],
          stop: [],
        },
      ],
      startMs: 0,
    },
  ],
  warmUpMs: 0,
  http: { version2: false, timings: "whole" },
  thresholds: [
    {
      expression: "p95(latency) target < 500ms critical < 1s",
      aggregation: { kind: "quantile", q: 0.95 },
      subject: "client",
      metric: "latency",
      filters: {},
      target: { operator: "<", value: 0.5, text: "500ms" },
      critical: { operator: "<", value: 1, text: "1s" },
    },
  ],
  sources: [],
  bounds: [...defaultBounds],
  labels: { release: "1.2" },
};

/** One worker that can be made to have counted anything. */
export class ExampleWorker {
  readonly #aggregator: Aggregator;

  constructor(name: string) {
    this.#aggregator = new Aggregator(name, bounds);
  }

  /** Times in milliseconds. */
  request(
    name: string,
    endedAt: number,
    took: number,
    { late = 0, failure }: { late?: number; failure?: Failure } = {},
  ) {
    const key = { user: "Shopper", task: name, request: `/api/${name}`, method: "GET" };
    this.#aggregator.add({
      series: this.#aggregator.series(key),
      intendedAt: endedAt - took - late,
      startedAt: endedAt - took,
      endedAt,
      status: failure === undefined ? 200 : failure.kind === "status" ? 503 : undefined,
      bytesIn: 512,
      bytesOut: 64,
      ...(failure === undefined ? {} : { failure }),
    });
  }

  gauges(users: number): void {
    this.#aggregator.gauge("plimsoll_users").set(users);
    this.#aggregator.counter("plimsoll_iterations_total", { outcome: "success" }).add(users);
    this.#aggregator.histogram("plimsoll_schedule_delay_seconds").record(users / 1e6);
  }

  throws(message: string, at: number): void {
    this.#aggregator.exception({ user: "Shopper", task: "list", message, traceback: `at ${at}` }, at);
  }

  snapshot(at: number): Snapshot {
    return this.#aggregator.snapshot(at);
  }
}

export function observation(
  metric: string,
  value: number,
  at: number,
  type: Observation["type"] = "gauge",
): Observation {
  return { source: "app", metric, labels: {}, type, value, at };
}

/** Series and error details in one order, so that snapshots can be compared whatever order they were added up in. */
export function sorted(snapshot: Snapshot): Snapshot {
  const by = <T>(list: readonly T[], name: (one: T) => string) => list.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
  const series = by(snapshot.series, ({ key }: SeriesData) => JSON.stringify(key));
  const { exceptions } = snapshot;
  return {
    ...snapshot,
    ...(exceptions === undefined ? {} : { exceptions: by(exceptions, exceptionName) }),
    series: series.map((one) => ({ ...one, details: by(one.details, ({ type, detail }) => `${type} ${detail}`) })),
  };
}

export function requestsOf(snapshot: Snapshot): number {
  return snapshot.series.reduce((sum, one) => sum + one.success.response.count + one.failure.response.count, 0);
}
