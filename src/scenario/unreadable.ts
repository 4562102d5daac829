import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nearest } from "../verdict/spelling.ts";

/** Why a scenario's file cannot be read, as a sentence, and which was perhaps meant. */
export function unreadable(path: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === "EISDIR") {
    const inside = scenariosIn(path).map((name) => join(path, name));
    return `${path} is a folder: give a scenario in it${inside.length === 0 ? "" : `, such as ${inside.join(", ")}`}.`;
  }
  if (code !== "ENOENT") return `Cannot read the scenario ${path}: ${message}`;
  const meant = nearest(basename(path), scenariosIn(dirname(path)));
  const hint = meant === undefined ? "" : ` Did you mean ${join(dirname(path), meant)}?`;
  return `There is no scenario ${path}.${hint}`;
}

/** The files that may be one; none where there is no such folder. */
function scenariosIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /\.(ya?ml|ts)$/u.test(name));
  } catch {
    // What is wrong with the folder is wrong with the file, and is said of that.
    return [];
  }
}
