import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";
import { addRunFlags, type RunFlags, runScenario } from "./run.ts";

const built = !import.meta.url.endsWith(".ts");
const target = fileURLToPath(new URL(`../demo/main.${built ? "js" : "ts"}`, import.meta.url));
const scenario = fileURLToPath(new URL("../../examples/demo/demo.yaml", import.meta.url));

export function demoCommand(io: Io, exit: Exit): Command {
  const command = new Command("demo").description(
    "Starts the practice target and loads it past what its database pool carries, for about a minute.",
  );
  return addRunFlags(command).action(async (flags: RunFlags) => {
    const { process: service, url } = await startTarget(io);
    io.stdout.write(`The practice target, a small service with a database pool, is at ${url}.\n`);
    try {
      exit.code = await runScenario(io, scenario, [], { ...flags, host: url });
    } finally {
      service.kill();
    }
  });
}

/** Starts it as a process of its own, so that its CPU is its own; it ends with us even if we are killed. */
async function startTarget(io: Io): Promise<{ process: ChildProcess; url: string }> {
  const service = spawn(process.execPath, [target, "--port", "0", "--exit-with-parent"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C reaches all of a terminal's group: the service must outlive it while requests under way are finished.
    detached: true,
    env: io.environment,
  });
  const lines = createInterface({ input: service.stdout });
  const failed = once(service, "exit").then(([code]) => {
    throw new Error(`the practice target ended with code ${code}`);
  });
  const [line] = (await Promise.race([once(lines, "line"), failed])) as [string];
  failed.catch(() => {
    // It ends with us: only before its first line is that an error.
  });
  return { process: service, url: (JSON.parse(line) as { url: string }).url };
}
