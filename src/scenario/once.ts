import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";
import { AnyName, capturedIn, hasCode, type ScenarioStep, StepReader } from "./steps.ts";

/**
 * Reads `setup:` or `teardown:`: steps that run once a run and belong to no class. `before` are variables that have a value
 * when they begin.
 */
export function readOnce(reader: Reader, node: SourceNode | undefined, before: ReadonlySet<string>): ScenarioStep[] {
  const variables =
    before instanceof AnyName || hasCode(node) ? new AnyName() : new Set([...before, ...capturedIn(reader, node)]);
  return new StepReader(reader, { variables, headers: [] }, before).read(reader.items(node));
}
