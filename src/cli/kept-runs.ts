import { bytes, runTime } from "../metrics/units.ts";
import { deleteRun, type ListedRun, listRuns } from "../runs/run-list.ts";
import { printRuns } from "../sinks/console-runs.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import type { PruneFlags } from "./runs.ts";

export function showRuns(io: Io, folder: string): void {
  printRuns(listRuns(folder), io.stdout, { color: wantsColor(io) });
}

/** Deletes what the flags let go, and says so. Throws a UsageError where they let go nothing. */
export function pruneRuns(io: Io, { keep, olderThan, dryRun = false, runs }: PruneFlags): void {
  if (keep === undefined && olderThan === undefined) throw new UsageError("Expected --keep or --older-than.");
  const before = olderThan === undefined ? Number.POSITIVE_INFINITY : io.wallClock() - olderThan;
  const goes = listRuns(runs).filter(({ startedAt }, i) => i >= (keep ?? 0) && startedAt < before);
  for (const run of goes) {
    if (!dryRun) deleteRun(run);
    io.stdout.write(`${dryRun ? "would delete" : "deleted"} ${run.path} (${inWords(run)})\n`);
  }
  if (goes.length === 0) io.stdout.write("There is nothing to delete.\n");
}

function inWords({ durationMs, bytes: size, state }: ListedRun): string {
  return `${runTime(durationMs)}, ${bytes(size)}, ${state}`;
}
