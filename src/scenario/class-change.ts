import type { Notes } from "./selection.ts";
import type { ScenarioClass } from "./user-class.ts";

/** What a run changes of one user class; what is not given stays as the scenario has it. */
export interface ClassChange {
  name: string;
  weight?: number;
  /** 0: by weight. */
  fixedCount?: number;
  /** In place of every other host. */
  host?: string;
  /** Names of the tasks that stay. */
  tasks?: readonly string[];
}

export interface ClassChanges {
  /** All classes and all tasks weigh the same. */
  equalWeights?: boolean;
  classChanges?: readonly ClassChange[];
}

/** The scenario's classes as a run has them; hosts apart. */
export function changed(
  classes: readonly ScenarioClass[],
  { equalWeights = false, classChanges = [] }: ClassChanges,
  notes: Notes,
): ScenarioClass[] {
  const names = classes.map(({ name }) => name);
  for (const { name } of classChanges) {
    if (!names.includes(name)) notes.unknown("unknown-reference", "users", name, names);
  }
  const made = classes.map((one) =>
    classChanges.filter(({ name }) => name === one.name).reduce((before, change) => apply(before, change, notes), one),
  );
  if (!equalWeights) return made;
  return made.map((one) => ({ ...one, weight: 1, tasks: one.tasks.map((task) => ({ ...task, weight: 1 })) }));
}

function apply(one: ScenarioClass, { weight, fixedCount, tasks }: ClassChange, notes: Notes): ScenarioClass {
  const { fixedCount: before, ...rest } = one;
  const count = fixedCount ?? before;
  const names = one.tasks.map(({ name }) => name);
  for (const task of tasks ?? []) {
    if (!names.includes(task)) notes.unknown("unknown-reference", `users.${one.name}.tasks`, task, names);
  }
  return {
    ...rest,
    ...(count === undefined || count === 0 ? {} : { fixedCount: count }),
    ...(weight === undefined ? {} : { weight }),
    ...(tasks === undefined ? {} : { tasks: one.tasks.filter(({ name }) => tasks.includes(name)) }),
  };
}
