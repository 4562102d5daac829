import { onTestFinished } from "vitest";
import type { Clock } from "../../src/metrics/clock.ts";
import { seriesName } from "../../src/metrics/observation.ts";
import type { Source } from "../../src/scenario/plan-source.ts";
import { createCollector } from "../../src/target/collector.ts";
import { testDeps } from "./conformance.ts";

/** A collector of a source, whose looks are values by series, and what it told; by the system's clock unless given another. */
export function looking(source: Source, clock?: Clock) {
  const { deps, events } = testDeps(clock);
  const collector = createCollector(source, deps);
  onTestFinished(() => collector.close());
  return {
    collector,
    /** The messages of its events. */
    told: () => events.map(({ message }) => message),
    async look(): Promise<Record<string, number>> {
      const observations = await collector.collect(new AbortController().signal);
      return Object.fromEntries(observations.map(({ metric, labels, value }) => [seriesName(metric, labels), value]));
    },
  };
}
