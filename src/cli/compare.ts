import { Command, InvalidArgumentError, Option } from "commander";
import { parseQuantity } from "../verdict/quantity.ts";
import { positiveInteger } from "./flags.ts";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";

export interface CompareFlags {
  runs: string;
  baseline?: string;
  last: number;
  least?: number;
  failOn?: "regression";
  json?: string;
  markdown?: string;
}

export function compareCommand(io: Io, exit: Exit): Command {
  return new Command("compare")
    .description("Says what changed between two runs, or two groups of runs, and what is only noise.")
    .argument("<before>", "run files or ids, with commas between them; with --baseline: the new ones")
    .argument("[after]", "run files or ids, with commas between them")
    .option("--baseline <key=value>", "compare with the last runs of the same load that have this label")
    .option("--last <n>", "how many runs the baseline has", positiveInteger, 5)
    .option("--least <change>", "a smaller change does not matter (default: 5%)", share)
    .addOption(new Option("--fail-on <what>", "exit with 99 if something became worse").choices(["regression"]))
    .option("--json <file>", "write the comparison as JSON")
    .option("--markdown <file>", "write the comparison as Markdown")
    .option("--runs <folder>", "where run files are", "runs")
    .action(async (first: string, second: string | undefined, flags: CompareFlags) => {
      const { compare } = await import("./compare-runs.ts");
      exit.code = await compare(io, first, second, flags);
    });
}

function share(text: string): number {
  const read = parseQuantity(text, "ratio");
  if ("expected" in read || read.value < 0) throw new InvalidArgumentError("Expected a share such as 5%.");
  return read.value;
}
