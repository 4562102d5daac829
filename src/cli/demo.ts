import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { sizeNames, sizeOf, sizes, unsafeHelp, weakHelp } from "../demo/flags.ts";
import { weaknesses } from "../demo/weakness.ts";
import { ownFile } from "../own-files.ts";
import { type Io, UsageError } from "./io.ts";
import type { Exit } from "./program.ts";
import { addRunFlags, type RunFlags } from "./run.ts";

const target = fileURLToPath(ownFile("demo/main.ts"));
const scenario = fileURLToPath(ownFile("../examples/demo/demo.yaml"));

interface DemoFlags extends RunFlags {
  serve?: boolean;
  port: string;
}

export function demoCommand(io: Io, exit: Exit): Command {
  const command = new Command("demo").description(
    "Starts the practice target and loads it past what its weak spot carries, for about a minute.",
  );
  const ofTarget = targetFlags();
  for (const option of ofTarget) command.addOption(option);
  return addRunFlags(command).action(async (flags: DemoFlags) => {
    const chosen = ofTarget.flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      if (option.long === "--serve" || option.long === "--port" || value === undefined) return [];
      return value === true ? [`${option.long}`] : [`${option.long}`, String(value)];
    });
    const port = flags.serve ? flags.port : "0";
    const { process: service, url } = await startTarget(io, [...chosen, "--port", port]);
    if (flags.serve) {
      io.stdout.write(`The practice target is at ${url}; Ctrl-C ends it.\n`);
      return await untilEnded(io, service);
    }
    io.stdout.write(`The practice target, a small service with a database pool, is at ${url}.\n`);
    try {
      const { runScenario } = await import("./run-scenario.ts");
      exit.code = await runScenario(io, scenario, [], { ...flags, host: url });
    } finally {
      service.kill();
    }
  });
}

/** Those of the practice target itself, and whether it is all there is to be. */
function targetFlags(): Option[] {
  const options = [
    new Option("--weak <spot>", weakHelp).choices(Object.keys(weaknesses)),
    ...sizeNames.map((name) =>
      new Option(`--${name} <n>`, sizes[name].help).argParser((text) => {
        try {
          return String(sizeOf(name, text));
        } catch (error) {
          throw new InvalidArgumentError((error as Error).message);
        }
      }),
    ),
    new Option("--unsafe", unsafeHelp),
    new Option("--serve", "only serve the practice target, until Ctrl-C; the run's flags mean nothing then"),
    new Option("--port <n>", "with --serve, the port to listen on; 0 takes a free one").default("8000"),
  ];
  for (const option of options) option.helpGroup("The practice target:");
  return options;
}

async function untilEnded(io: Io, service: ChildProcess): Promise<void> {
  const release = io.onSignal(() => void service.kill());
  await once(service, "exit");
  release();
}

/** Starts it as a process of its own, so that its CPU is its own; it ends with us even if we are killed. */
async function startTarget(io: Io, flags: string[]): Promise<{ process: ChildProcess; url: string }> {
  const service = spawn(process.execPath, [target, "--exit-with-parent", ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C reaches all of a terminal's group: the service must outlive it while requests under way are finished.
    detached: true,
    env: io.environment,
  });
  const lines = createInterface({ input: service.stdout });
  const failed = once(service, "exit").then(([code]) => {
    throw new UsageError(`The practice target ended with code ${code} before it listened.`);
  });
  const [line] = (await Promise.race([once(lines, "line"), failed])) as [string];
  failed.catch(() => {
    // It ends with us: only before its first line is that an error.
  });
  return { process: service, url: (JSON.parse(line) as { url: string }).url };
}
