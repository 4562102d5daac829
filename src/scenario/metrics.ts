import {
  type CustomMetric,
  customKinds,
  customNameProblem,
  exportedName,
  MOST_CUSTOM_METRICS,
} from "../metrics/custom.ts";
import { targetMetric } from "../metrics/vocabulary.ts";
import { isClientMetric } from "../verdict/threshold.ts";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";

/** Reads `metrics:` at the top: the scenario's own, by name. */
export function readMetrics(reader: Reader, node: SourceNode | undefined): CustomMetric[] {
  const metrics: CustomMetric[] = [];
  for (const { key: name, keyPlace, value } of reader.named(node)) {
    const text = reader.string(value);
    const kind = customKinds.find((one) => one === text);
    if (kind === undefined) continue;
    const metric = { name, kind };
    const problem = problemOf(metric, metrics);
    if (problem === undefined) metrics.push(metric);
    else reader.report("metric", keyPlace, { key: name, expected: problem });
  }
  return metrics;
}

function problemOf(metric: CustomMetric, others: readonly CustomMetric[]): string | undefined {
  if (isClientMetric(metric.name) || targetMetric(metric.name) !== undefined) {
    return "another name: thresholds know this one already";
  }
  if (others.length >= MOST_CUSTOM_METRICS) return `at most ${MOST_CUSTOM_METRICS} metrics`;
  const same = others.find((other) => exportedName(other) === exportedName(metric));
  if (same !== undefined) return `another name: ${same.name} is ${exportedName(same)} on /metrics, too`;
  return customNameProblem(metric);
}
