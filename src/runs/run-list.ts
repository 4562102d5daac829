import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Verdict } from "../verdict/verdict.ts";
import { concludeRun, endSnapshot } from "./conclusion.ts";
import { openRun } from "./open-run.ts";

/** A run file, as a list shows it. */
export interface ListedRun {
  path: string;
  id: string;
  scenario: string;
  profile: string;
  /** Unix milliseconds. */
  startedAt: number;
  durationMs: number;
  state: Verdict["state"];
  labels: Record<string, string>;
  bytes: number;
}

/** The runs of a folder, the latest first; files that are no runs are left out. A folder that is not there has none. */
export function listRuns(folder: string): ListedRun[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".db"))
    .flatMap((name) => listed(join(folder, name)))
    .toSorted((a, b) => b.startedAt - a.startedAt);
}

function listed(path: string): ListedRun[] {
  const run = openRun(path);
  if (run.kind === "problem") return [];
  try {
    const { runId: id, scenario, profile, startedAt, labels } = run.plan;
    // A run that was judged is not judged again, which can take seconds.
    const { snapshot, verdict } =
      run.outcome === undefined ? concludeRun(run) : { ...run.outcome, snapshot: endSnapshot(run) };
    const bytes = statSync(path).size;
    return [{ path, id, scenario, profile, startedAt, durationMs: snapshot.at, state: verdict.state, labels, bytes }];
  } finally {
    run.close();
  }
}

/** The run files that a word means: a path, or a run's id or its beginning. */
export function findRun(word: string, runs: readonly ListedRun[]): ListedRun[] {
  const exact = runs.filter(({ path, id }) => path === word || id === word);
  return exact.length > 0 ? exact : runs.filter(({ id }) => id.startsWith(word));
}

/** Deletes a run file with what SQLite may have left beside it. */
export function deleteRun({ path }: ListedRun): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
}
