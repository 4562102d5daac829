import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { endOfLoads, type Plan, UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import type { LocustSettings } from "./locust/settings.ts";

/**
 * A file's name with Locust's `{u}`, `{r}` and `{t}` filled in: users, users a second and the run time in seconds, as whole
 * numbers where they are. What was not given is taken from the plan, where it has one; else it stays as it is.
 */
export function outputName(
  name: string,
  { loads }: Plan,
  { users, spawnRate, runTimeMs }: Partial<Pick<LocustSettings, "users" | "spawnRate" | "runTimeMs">>,
): string {
  const [only, ...more] = loads;
  const stages = more.length === 0 && only?.load.kind === "users" ? only.load.stages : [];
  const [stage, ...others] = stages;
  const simple = others.length === 0 ? stage : undefined;
  const endMs = endOfLoads(loads);
  const rate = simple !== undefined && simple.overMs > 0 ? simple.users / (simple.overMs / 1000) : undefined;
  const values = {
    "{u}": users ?? simple?.users,
    "{r}": spawnRate ?? rate,
    "{t}": runTimeMs === undefined ? (endMs < UNTIL_STOPPED_MS ? endMs / 1000 : undefined) : runTimeMs / 1000,
  };
  return Object.entries(values).reduce(
    (text, [place, value]) => (value === undefined ? text : text.replaceAll(place, String(Number(value.toFixed(3))))),
    name,
  );
}

/** Writes a file, its folder too; why it could not, as a sentence. */
export async function writeOutput(path: string, text: string): Promise<string | undefined> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return undefined;
  } catch (error) {
    return `Cannot write ${path}: ${(error as Error).message}`;
  }
}
