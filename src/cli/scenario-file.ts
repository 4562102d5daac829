import { readFileSync } from "node:fs";
import { makePlan, type Planned, type PlanOptions } from "../scenario/make-plan.ts";
import { isModule } from "../scenario/module.ts";
import { readModule, readScenario } from "../scenario/parse.ts";
import { describeProblems } from "../scenario/problem.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { mappingProblems } from "../target/collector.ts";
import { CodeError, type Io, UsageError } from "./io.ts";

/** A scenario that was read, with what is needed to show problems at their places. */
export interface ScenarioFile {
  path: string;
  text: string;
  scenario: Scenario;
}

/** Throws a UsageError for one that cannot be read, with all its problems; a CodeError if its module throws. */
export async function openScenario(io: Io, path: string): Promise<ScenarioFile> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read the scenario ${path}: ${(error as Error).message}`);
  }
  const read = isModule(path)
    ? await readModule(path, text, io.environment, mappingProblems).catch(threw(path))
    : readScenario(path, text, io.environment, mappingProblems);
  if ("problems" in read) throw new UsageError(describeProblems(path, text, read.problems));
  return { path, text, scenario: read.scenario };
}

function threw(path: string) {
  return (error: unknown): never => {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new CodeError(`The scenario ${path} threw while it was loaded:\n${stack}`);
  };
}

/** Throws a UsageError where what is asked for does not fit the scenario. */
export function planOf({ path, text, scenario }: ScenarioFile, options: PlanOptions): Planned {
  const made = makePlan(scenario, options);
  if ("problems" in made) throw new UsageError(describeProblems(path, text, made.problems));
  return made;
}
