import { Command, InvalidArgumentError, Option } from "commander";
import { parseQuantity } from "../verdict/quantity.ts";
import { duration, positiveInteger, processes } from "./flags.ts";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";
import { addSessionFlags, type SessionFlags } from "./session-flags.ts";

export interface FindFlags extends SessionFlags {
  profile?: string;
  host?: string;
  users?: boolean;
  arrivals?: boolean;
  from: number;
  upTo: number;
  precision: number;
  for: number;
  maxTime: number;
  processes?: number;
  seed?: number;
}

export function findCommand(io: Io, exit: Exit): Command {
  const command = new Command("find")
    .description("Searches for the load line: the most load that keeps every critical threshold.")
    .argument("<file>", "the scenario, whose thresholds are what is to be kept")
    .argument("[classes...]", "only these user classes")
    .option("-p, --profile <name>", "the profile whose kind of load is searched with")
    .option("-H, --host <url>", "the service to load, in place of the scenario's host")
    .addOption(new Option("--users", "search by users, whatever the profile has").conflicts("arrivals"))
    .option("--arrivals", "search by arrivals a second, whatever the profile has")
    .option("--from <load>", "the first load: 10/s, 600/min, or users", load, 10)
    .option("--up-to <load>", "never more than this", load, 2000)
    .option("--precision <share>", "how near what held and what did not are at the end", share, 0.05)
    .option("--for <time>", "how long a load is tried; twice as long where that does not tell", duration, 10_000)
    .option("--max-time <time>", "the search ends then, with or without an answer", duration, 300_000)
    .option("--processes <n>", "worker threads; -1 for one a core (default: one a core, less one)", processes)
    .option("--seed <n>", "repeats another run's random choices", positiveInteger);
  return addSessionFlags(command).action(async (file: string, classes: string[], flags: FindFlags) => {
    const { findLine } = await import("./find-line.ts");
    exit.code = await findLine(io, file, classes, flags);
  });
}

function load(text: string): number {
  const read = parseQuantity(text, /\//.test(text) ? "rate" : "number");
  if ("expected" in read || read.value <= 0)
    throw new InvalidArgumentError("Expected a load such as 10/s, or 10 users.");
  return read.value;
}

function share(text: string): number {
  const read = parseQuantity(text, "ratio");
  if ("expected" in read) throw new InvalidArgumentError("Expected a share such as 5%.");
  return read.value;
}
