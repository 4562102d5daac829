import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { clientCore, pinned } from "./cores.ts";
import type { Command } from "./peers/peer.ts";

/** How long a client may take to end of itself. */
const END_MS = 3000;
const SHOWN = 2000;

/** A client at work. */
export class Child {
  readonly process: ChildProcess;
  /** Of the process itself: `taskset` becomes the program. */
  readonly pid: number;
  readonly ended: Promise<void>;
  readonly #leave: () => void;
  /** The end of what it printed. */
  output = "";

  /** `cores` as `taskset` has them; by default the client's own. */
  constructor({ program, args, env = {}, attend }: Command, folder: string, cores: number | string = clientCore) {
    const [taskset = "", ...rest] = pinned(cores, [program, ...args]);
    this.process = spawn(taskset, rest, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.pid = this.process.pid ?? 0;
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output = (this.output + text).slice(-SHOWN);
      });
    }
    this.#leave = attend?.(this.process) ?? (() => {});
    this.ended = once(this.process, "exit").then(() => this.#leave());
  }

  /** Throws if it has ended: a client that stopped early has measured nothing. */
  check(): void {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.process.spawnargs.join(" ")} ended early (${exitCode ?? signalCode}): ${this.output}`);
  }

  async end(): Promise<void> {
    this.process.kill("SIGTERM");
    const patience = setTimeout(() => this.process.kill("SIGKILL"), END_MS);
    await this.ended;
    clearTimeout(patience);
  }
}
