import type { Load } from "./plan.ts";
import type { ProblemCode, ProblemParams } from "./problem.ts";
import type { ScenarioClass, ScenarioTask } from "./user-class.ts";

/** Where a run's choices that do not fit the scenario are told. */
export interface Notes {
  report(code: ProblemCode, path: string, params: ProblemParams): void;
  /** A name that nothing has, with those there are. */
  unknown(code: ProblemCode, path: string, key: string, names: readonly string[]): void;
}

/** What a run takes of a scenario's tasks. */
export interface TagChoice {
  /** Tasks with one of these; none means all. */
  tags?: readonly string[];
  /** No tasks with one of these. */
  excludeTags?: readonly string[];
}

/** The tasks of `classes` that the tags choose; a class that has none of them is left out. `all` are the scenario's. */
export function tagged(
  all: readonly ScenarioClass[],
  classes: ScenarioClass[],
  { tags = [], excludeTags = [] }: TagChoice,
  notes: Notes,
): ScenarioClass[] {
  if (tags.length === 0 && excludeTags.length === 0) return classes;
  const known = new Set(all.flatMap((one) => one.tasks.flatMap((task) => task.tags ?? [])));
  // A misspelt tag would run other tasks than were meant, perhaps those that must not be.
  const unknown = [...tags, ...excludeTags].filter((tag) => !known.has(tag));
  for (const tag of unknown) notes.unknown("unknown-tag", "tags", tag, [...known]);
  if (unknown.length > 0) return classes;
  const has = (task: ScenarioTask, some: readonly string[]) => some.some((tag) => task.tags?.includes(tag));
  const chosen = classes.map(({ sequence, ...one }) => {
    const tasks = one.tasks.filter((task) => (tags.length === 0 || has(task, tags)) && !has(task, excludeTags));
    const inOrder = sequence?.filter((name) => tasks.some((task) => task.name === name));
    return { ...one, tasks, ...(inOrder === undefined ? {} : { sequence: inOrder }) };
  });
  const driven = chosen.filter(({ tasks }) => tasks.length > 0);
  if (driven.length === 0 && classes.length > 0) {
    const which = tags.length === 0 ? "a task" : `a task tagged ${tags.join(" or ")}`;
    const without = excludeTags.length === 0 ? "" : ` and not ${excludeTags.join(" or ")}`;
    const got = `none in ${classes.map(({ name }) => name).join(", ")}`;
    notes.report("no-task", "tags", { expected: which + without, got });
  }
  return driven;
}

/** Users of a fixed number are exactly so many: a load that cannot have them so is a mistake. */
export function checkFixedCounts(
  profile: string,
  { load, classes }: { load: Load; classes: readonly ScenarioClass[] },
  { report }: Notes,
): void {
  const fixed = classes.filter(({ fixedCount }) => fixedCount !== undefined);
  const names = fixed.map(({ name }) => name).join(", ");
  const count = fixed.reduce((sum, { fixedCount = 0 }) => sum + fixedCount, 0);
  if (fixed.length === 0) return;
  if (load.kind === "arrivals") {
    const hint = "an arrival's class is chosen by weight, whoever is free: give it a load of users of its own";
    report("fixed-count", "users", { key: names, expected: "a load of users", got: `${profile}, of arrivals`, hint });
  } else if (fixed.length === classes.length && mostUsers(load) > count) {
    const hint = "ask for fewer users, or add a class without fixedCount";
    const got = `${mostUsers(load)} in ${profile}`;
    report("fixed-count", "users", { key: names, expected: `at most ${count} users, as many as these are`, got, hint });
  }
}

function mostUsers(load: Exclude<Load, { kind: "arrivals" }>): number {
  return load.kind === "iterations" ? load.users : Math.max(0, ...load.stages.map(({ users }) => users));
}
