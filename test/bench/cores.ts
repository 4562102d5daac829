import { spawnSync } from "node:child_process";
import { cpus } from "node:os";

/** The server has a core, and the client has another, where there are two. */
export const serverCore = 0;
export const clientCore = Math.min(1, cpus().length - 1);

/** All of the machine's, as `taskset` has it. */
export const everyCore = `0-${cpus().length - 1}`;

/** A command line that runs on these cores alone, with all that it starts. */
export function pinned(cores: number | string, command: string[]): string[] {
  return ["taskset", "-c", `${cores}`, ...command];
}

/** Moves a process's main thread to a core; its other threads stay where they are. */
export function moveMainThread(pid: number, core: number): void {
  taskset(["-cp", `${core}`, `${pid}`]);
}

/** This process is the server's neighbour: the client's core is for the client. */
export function giveWay(): void {
  taskset(["-acp", `${serverCore}`, `${process.pid}`]);
}

function taskset(args: string[]): void {
  const { status, stderr } = spawnSync("taskset", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`taskset ${args.join(" ")} failed: ${stderr}`);
}
