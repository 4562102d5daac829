/** What a scenario or a program in TypeScript imports from `plimsoll`. Light: each worker of a TypeScript scenario loads it. */
export type {
  CustomMetrics,
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
