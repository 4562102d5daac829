import type { MetricMapping, Source } from "../scenario/plan-source.ts";
import { jsonProblems } from "./json-mappings.ts";
import { prometheusProblems } from "./series-rules.ts";

/** What is wrong with a `from` of a source; `offset` counts characters in it, from 0. */
export interface MappingProblem {
  metric: string;
  from: string;
  offset: number;
  problem: string;
}

/** What is wrong with the mappings of a source of this kind; none means that `createCollector` takes them. */
export function mappingProblems(kind: Source["kind"], metrics: readonly MetricMapping[]): MappingProblem[] {
  switch (kind) {
    case "prometheus":
    case "actuator":
      return prometheusProblems(metrics);
    case "json":
    case "command":
      return jsonProblems(metrics);
    default:
      return [];
  }
}
