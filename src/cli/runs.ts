import { Command } from "commander";
import { duration, positiveInteger } from "./flags.ts";
import type { Io } from "./io.ts";

export interface PruneFlags {
  keep?: number;
  olderThan?: number;
  dryRun?: boolean;
  runs: string;
}

export function runsCommand(io: Io): Command {
  const command = new Command("runs")
    .description("Lists the runs that are kept, the latest first; prunes them.")
    .option("--runs <folder>", "where run files are", "runs")
    .action(async ({ runs }: { runs: string }) => {
      const { showRuns } = await import("./kept-runs.ts");
      showRuns(io, runs);
    });
  const prune = new Command("prune")
    .description("Deletes run files: all but the latest, or old ones.")
    .option("--keep <n>", "how many to keep", positiveInteger)
    .option("--older-than <time>", "delete what is older: 720h", duration)
    .option("--dry-run", "say what would be deleted")
    .action(async (_flags: unknown, self: Command) => {
      const { pruneRuns } = await import("./kept-runs.ts");
      pruneRuns(io, self.optsWithGlobals<PruneFlags>());
    });
  return command.addCommand(prune);
}
