import { randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { monotonicMs } from "./metrics/clock.ts";
import type { Environment } from "./scenario/environment.ts";
import { k6Script } from "./scenario/k6-script.ts";
import { makePlan, type Planned, type PlanOptions } from "./scenario/make-plan.ts";
import { isModule } from "./scenario/module.ts";
import { readModule, readScenario, readValue } from "./scenario/parse.ts";
import { describeProblems, type Problem } from "./scenario/problem.ts";
import type { Scenario } from "./scenario/scenario.ts";
import { unreadable } from "./scenario/unreadable.ts";
import { mappingProblems } from "./target/mapping-problems.ts";

/** A scenario that was read, with what is needed to show problems at their places. */
export interface Opened {
  kind: "opened";
  path: string;
  text: string;
  scenario: Scenario;
}

/** Why nothing is run. The message is for people: all problems with their places, or what the scenario's code threw. */
export interface Refused {
  kind: "refused";
  because: "scenario" | "code";
  message: string;
}

/** Reads a scenario's file: YAML, or a module, whose code runs. */
export async function openScenario(path: string, environment: Environment): Promise<Opened | Refused> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { kind: "refused", because: "scenario", message: unreadable(path, error as NodeJS.ErrnoException) };
  }
  if (!isModule(path)) return opened(path, text, readScenario(path, text, environment, mappingProblems));
  const notOurs = k6Script(path, text);
  if (notOurs !== undefined) return { kind: "refused", because: "scenario", message: notOurs };
  try {
    return opened(path, text, await readModule(path, text, environment, mappingProblems));
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = `The scenario ${path} threw while it was loaded:\n${stack}`;
    return { kind: "refused", because: "code", message };
  }
}

/** Reads a scenario that is a value; `module` is the URL of the one that it was defined in, if that is known. */
export function openValue(value: unknown, module: string | undefined, environment: Environment): Opened | Refused {
  const path = module?.startsWith("file:") ? fileURLToPath(module) : undefined;
  const written = path === undefined ? undefined : { path, text: readFileSync(path, "utf8") };
  const about = { path: "the scenario", text: "", module: module ?? "", ...written };
  return opened(about.path, about.text, readValue(value, about, environment, mappingProblems));
}

function opened(path: string, text: string, read: { scenario: Scenario } | { problems: Problem[] }): Opened | Refused {
  if ("problems" in read) return refused(path, text, read.problems);
  return { kind: "opened", path, text, scenario: read.scenario };
}

function refused(path: string, text: string, problems: readonly Problem[]): Refused {
  return { kind: "refused", because: "scenario", message: describeProblems(path, text, problems) };
}

/** What somebody asks of a run; what every run has of its own is added. */
export type Choices = Omit<PlanOptions, "startedAt" | "suffix" | "seed"> & { seed?: number | undefined };

/** A plan, and when it was made on `monotonicMs`'s scale: the wall clock (Unix ms) is read once, then. */
export interface Prepared extends Planned {
  kind: "prepared";
  plannedAtMs: number;
}

/** Makes the plan of a run that begins now. */
export function prepare(
  { path, text, scenario }: Opened,
  choices: Choices,
  wallClock: () => number,
): Prepared | Refused {
  const plannedAtMs = monotonicMs();
  const made = makePlan(scenario, {
    ...choices,
    seed: choices.seed ?? randomInt(1, 2 ** 31),
    startedAt: wallClock(),
    suffix: randomBytes(2).toString("hex"),
  });
  if ("problems" in made) return refused(path, text, made.problems);
  return { kind: "prepared", ...made, plannedAtMs };
}
