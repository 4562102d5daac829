import type { Command } from "commander";
import { Threads } from "../cluster/thread-link.ts";
import { mostWorkers } from "../load/share.ts";
import { type Io, UsageError } from "./io.ts";
import { type K6Flags, readK6 } from "./k6-flags.ts";
import { k6Load } from "./k6-load.ts";
import { k6Output } from "./k6-outputs.ts";
import type { RunFlags } from "./run.ts";

/** `plimsoll run` with k6's flags and variables beside its own. Throws a UsageError that tells all that is wrong with them. */
export async function runAsK6(io: Io, command: Command, file: string, classes: string[]): Promise<number> {
  const problems = readK6(command, io.environment);
  const flags = command.opts<RunFlags & K6Flags>();
  const { env = {}, tag = {}, out = [] } = flags;
  const shape = k6Load(flags);
  if (shape !== undefined && "problem" in shape) problems.push(shape.problem);
  const outputs = out.map(k6Output);
  problems.push(...outputs.flatMap((output) => ("problem" in output ? output.problem : [])));
  if (problems.length > 0) throw new UsageError(`${problems.join("\n")}\nSee docs/k6.md, or plimsoll run --help.`);
  const asked = outputs.flatMap((output) => ("flags" in output ? output : []));
  for (const { said } of asked) if (said !== undefined) io.stderr.write(`${said}\n`);
  const options = {
    ...Object.assign({}, ...asked.map((output) => output.flags)),
    ...flags,
    label: { ...flags.label, ...tag },
    plan: {
      ...(shape === undefined || "problem" in shape ? {} : { shape }),
      ...(flags.maxRedirects === undefined ? {} : { maxRedirects: flags.maxRedirects }),
      timings: flags.summaryExport === undefined ? undefined : "full",
      insecure: flags.insecureSkipTlsVerify === true,
      without: (["setup", "teardown", "thresholds"] as const).filter((part) => flags[part] === false),
    },
  };
  const environment = { ...io.environment, ...env };
  // Workers load their programs while this thread loads its own and reads the scenario.
  const threads = new Threads(environment);
  threads.startAhead(flags.watchOnly === true ? 0 : mostWorkers(flags.processes));
  try {
    const { runScenario } = await import("./run-scenario.ts");
    return await runScenario({ ...io, environment }, file, classes, options, threads);
  } finally {
    await threads.close();
  }
}
