import type { SeriesKey } from "../metrics/snapshot.ts";

/** The tags that requests of a series have; those of `start:` have their class's. */
export type TagsOf = (key: Pick<SeriesKey, "user" | "task">) => readonly string[];

/** What of a plan says which task is tagged with what. */
export interface TaggedLoad {
  classes: readonly {
    name: string;
    tags?: readonly string[];
    tasks: readonly { name: string; tags?: readonly string[] }[];
  }[];
}

export const untagged: TagsOf = () => [];

/** Tags are the plan's, not a series': whoever has the plan, of a run or of its file, can tell them. */
export function tagsOf(loads: readonly TaggedLoad[]): TagsOf {
  const ofClass = new Map<string, readonly string[]>();
  const ofTask = new Map<string, readonly string[]>();
  for (const { name, tags = [], tasks } of loads.flatMap(({ classes }) => classes)) {
    ofClass.set(name, tags);
    for (const task of tasks) ofTask.set(JSON.stringify([name, task.name]), task.tags ?? []);
  }
  if ([...ofTask.values()].every((tags) => tags.length === 0)) return untagged;
  return ({ user, task }) => ofTask.get(JSON.stringify([user, task])) ?? ofClass.get(user) ?? [];
}
