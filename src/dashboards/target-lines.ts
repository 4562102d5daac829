import { type TargetMetric, targetMetrics } from "../metrics/vocabulary.ts";
import type { Line } from "./chart.ts";
import { server } from "./colours.ts";
import type { Matchers } from "./promql.ts";
import { shown } from "./variables.ts";

/** How the series of one metric of the target's are drawn. */
export interface TargetLine {
  /** What they are called, after their source and labels. */
  says?: string;
  /** Narrow them further. A label that is fixed so is left out of their names. */
  matchers?: Matchers;
  scope?: typeof shown;
  /** `server.main` if left out. */
  colour?: string;
  look?: NonNullable<Line["look"]>;
  right?: string;
}

/** The scope of the sources that a variable holds, and lines about them. */
export function ofSources(variable: string) {
  const scope = shown.narrowed({ target: { source: { matches: `$${variable}` } } });
  return { scope, line: (name: TargetMetric, how: TargetLine = {}) => targetLine(name, { scope, ...how }) };
}

/** A line for each source and each of the metric's labels: two sources that tell of the same thing are not added up. */
export function targetLine(name: TargetMetric, how: TargetLine = {}): Line {
  const { says, colour = server.main, look, right } = how;
  const labels = ownLabels(name, how.matchers);
  return {
    expr: targetSeries(name, how),
    legend: ["{{source}}", ...labels.map((label) => `{{${label}}}`), ...(says === undefined ? [] : [says])].join(" "),
    colour,
    several: true,
    ...(look === undefined ? {} : { look }),
    ...(right === undefined ? {} : { right }),
  };
}

/** The metric by source and its own labels; of a counter what it counts a second. */
export function targetSeries(name: TargetMetric, { matchers = {}, scope = shown }: TargetLine = {}): string {
  const by = ["target", "source", ...ownLabels(name, matchers)].join(", ");
  return targetMetrics[name].type === "counter"
    ? `sum by (${by}) (${scope.targetRate(name, matchers)})`
    : `max by (${by}) (${scope.target(name, matchers)})`;
}

function ownLabels(name: TargetMetric, matchers: Matchers = {}): string[] {
  return targetMetrics[name].labels.filter((label) => typeof matchers[label] !== "string");
}
