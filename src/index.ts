/** What a scenario or a program in TypeScript imports from `plimsoll`. Light: each worker of a TypeScript scenario loads it. */
import { pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import type { RunResult, RunSettings } from "./embed.ts";
import type { DefinedScenario } from "./scenario/define.ts";

export type { RunResult, RunSettings, ScenarioError } from "./embed.ts";
export type { Summary } from "./runs/summary.ts";
export type {
  CustomMetrics,
  FilePart,
  Http,
  MetricKinds,
  RequestOptions,
  Response,
  TaskContext,
  TaskFunction,
} from "./scenario/code.ts";
export {
  type DefinedScenario,
  defineScenario,
  type ScenarioDefinition,
  type StepDefinition,
  type TaskDefinition,
  type UserDefinition,
} from "./scenario/define.ts";
export type { Verdict } from "./verdict/verdict.ts";

/**
 * Runs a scenario to its end: the path of its file, or what `defineScenario` gave. Nothing is printed or served; the run file
 * is written.
 *
 * @throws ScenarioError if the scenario or the settings are wrong: nothing was run then
 */
export async function run(scenario: string | URL | DefinedScenario, settings: RunSettings = {}): Promise<RunResult> {
  if (!isMainThread) throw new Error("run() was called while a worker loads a scenario: give that a file of its own");
  const { runScenario } = await import("./embed.ts");
  const [, script] = process.argv;
  return runScenario(scenario, settings, {
    environment: process.env,
    wallClock: Date.now,
    entry: script === undefined ? undefined : pathToFileURL(script).href,
  });
}
