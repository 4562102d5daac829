import type { Aggregator } from "../metrics/aggregator.ts";
import { type CustomMetric, exportedName } from "../metrics/custom.ts";
import type { CustomMetrics } from "../scenario/code.ts";

/** What code records the scenario's own metrics with, by name. A value that is no number is a mistake of the code. */
export function customMetrics(
  metrics: readonly CustomMetric[],
  aggregator: Aggregator,
): Record<string, CustomMetrics[CustomMetric["kind"]]> {
  return Object.fromEntries(metrics.map((metric) => [metric.name, recorder(metric, aggregator)]));
}

function recorder(metric: CustomMetric, aggregator: Aggregator): CustomMetrics[CustomMetric["kind"]] {
  const { name, kind } = metric;
  const exported = exportedName(metric);
  switch (kind) {
    case "counter": {
      const counter = aggregator.counter(exported);
      const add = (count = 1) => {
        const more = numberOf(name, count);
        if (more < 0) throw new RangeError(`metrics.${name}.add expected 0 or more, got ${count}`);
        counter.add(more);
      };
      return { add };
    }
    case "gauge": {
      const { worker } = aggregator;
      // Before it is set it has no value, not 0.
      return { set: (value: number) => aggregator.gauge(exported, { worker }).set(numberOf(name, value)) };
    }
    case "rate": {
      const good = aggregator.counter(exported, { result: "true" });
      const bad = aggregator.counter(exported, { result: "false" });
      return { add: (isGood: boolean) => (isGood ? good : bad).add(1) };
    }
    case "trend": {
      const histogram = aggregator.histogram(exported);
      return { add: (value: number) => histogram.record(numberOf(name, value)) };
    }
  }
}

function numberOf(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new TypeError(`metrics.${name} expected a number, got ${String(value)}`);
}
