import { getCallSites } from "node:util";
import type { z } from "zod";
import type { MetricKinds, TaskFunction } from "./code.ts";
import type { definition } from "./definition/scenario.ts";
import type { StepInput, task, user } from "./definition/task.ts";

type Input<T extends z.ZodType> = z.input<T>;

/** A step: as in a scenario file, or code. */
export type StepDefinition<Metrics extends MetricKinds = MetricKinds> =
  | TaskFunction<Metrics>
  | (Omit<StepInput, "then" | "else" | "steps"> & {
      then?: StepDefinition<Metrics>[];
      else?: StepDefinition<Metrics>[];
      steps?: StepDefinition<Metrics>[];
    });

export type TaskDefinition<Metrics extends MetricKinds = MetricKinds> =
  | TaskFunction<Metrics>
  | (Omit<Input<typeof task>, "steps"> & { steps?: StepDefinition<Metrics>[] });

export type UserDefinition<Metrics extends MetricKinds = MetricKinds> = Omit<
  Input<typeof user>,
  "tasks" | "start" | "stop"
> & {
  start?: TaskFunction<Metrics> | StepDefinition<Metrics>[];
  stop?: TaskFunction<Metrics> | StepDefinition<Metrics>[];
  tasks: Record<string, TaskDefinition<Metrics>>;
};

/** A scenario in TypeScript: the keys of a scenario file (docs/scenario.md), where any step may be code. */
export type ScenarioDefinition<Metrics extends MetricKinds = MetricKinds> = Omit<
  Input<typeof definition>,
  "users" | "metrics" | "setup" | "teardown"
> & {
  metrics?: Metrics;
  setup?: TaskFunction<Metrics> | StepDefinition<Metrics>[];
  teardown?: TaskFunction<Metrics> | StepDefinition<Metrics>[];
  users?: Record<string, UserDefinition<Metrics>>;
};

/** A scenario that was defined, whatever its metrics are. */
export type DefinedScenario = Omit<ScenarioDefinition, "users" | "setup" | "teardown"> & {
  users?: Record<string, object>;
  setup?: object;
  teardown?: object;
};

/** The URL of the module that each scenario was defined in, so that workers can find its code. */
const modules = new WeakMap<object, string>();

export function moduleOf(scenario: DefinedScenario): string | undefined {
  return modules.get(scenario);
}

/** Gives a scenario its types. The file's default export. */
export function defineScenario<const Metrics extends MetricKinds = Record<never, never>>(
  scenario: ScenarioDefinition<Metrics>,
): DefinedScenario {
  const [, caller] = getCallSites(2);
  if (caller !== undefined) modules.set(scenario, caller.scriptName);
  return scenario;
}
