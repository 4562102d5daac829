import { Command } from "commander";
import { positiveInteger, processes } from "./flags.ts";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";

export interface BenchFlags {
  host?: string;
  requests: number;
  concurrent: number;
  processes?: number;
  runs: string;
}

export function benchCommand(io: Io, exit: Exit): Command {
  return new Command("bench")
    .description("A quick benchmark: each task of a scenario, or each URL, by itself, one after the other.")
    .argument("<what...>", "a scenario, and the service to load; or URLs")
    .option("-H, --host <url>", "the service to load, in place of the scenario's host")
    .option("--requests <n>", "how often each task is done", positiveInteger, 1000)
    .option("--concurrent <n>", "by how many users at the same time", positiveInteger, 50)
    .option("--processes <n>", "worker threads; -1 for one a core (default: one a core, less one)", processes)
    .option("--runs <folder>", "where run files go", "runs")
    .action(async (what: string[], flags: BenchFlags) => {
      const { bench } = await import("./bench-run.ts");
      exit.code = await bench(io, what, flags);
    });
}
