import type { Command } from "commander";
import { duration, label, listenAddress } from "./flags.ts";
import { addOutputFlags, type OutputFlags } from "./output-flags.ts";

/** Where a run is kept, served and written, whether it loads its target or only watches it. */
export interface SessionFlags extends OutputFlags {
  label: Record<string, string>;
  runs: string;
  listen?: { host: string; port: number };
  metricsListen?: { host: string; port: number };
  linger?: number;
  allowCommands?: boolean;
  webToken?: string;
}

/** The variable that holds the page's token: what stands on a command line, others on the machine can read. */
export const TOKEN_VARIABLE = "PLIMSOLL_WEB_TOKEN";

export function addSessionFlags(command: Command): Command {
  const served = command
    .option("--label <key=value>", "kept with the run; may be given several times", label, {})
    .option("--runs <folder>", "where run files go", "runs")
    .option("--listen <address>", "where the page and /metrics are served (default: 127.0.0.1:8089)", listenAddress)
    .option("--metrics-listen <address>", "serve /metrics alone there too, also to other machines", listenAddress)
    .option(
      "--web-token <token>",
      `let in whoever has this token, also from other machines; better in ${TOKEN_VARIABLE}`,
    )
    .option("--linger <time>", "after the end, wait at most this long for a scraper seen once", duration)
    .option("--allow-commands", "let the scenario's sources run the commands that it names");
  return addOutputFlags(served);
}
