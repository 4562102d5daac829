import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { until } from "./network.ts";

/** How a service is started, again and again with the same data. */
export interface Start {
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Whether it answers. */
  ready(): Promise<boolean>;
}

/** A real service as a process of its own, which can be killed, stopped and started again. It does not outlive its test. */
export class Service {
  readonly #start: Start;
  #process: ChildProcess | undefined;

  private constructor(start: Start) {
    this.#start = start;
  }

  static async start(start: Start): Promise<Service> {
    const service = new Service(start);
    onTestFinished(() => service.kill());
    await service.start();
    return service;
  }

  async start(): Promise<void> {
    const { command, args, env = {}, cwd, ready } = this.#start;
    const child = spawn(command, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { PATH: process.env["PATH"], LC_ALL: "C", ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#process = child;
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
      return ready();
    });
  }

  /** At once, with all that came from it. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    this.#signal("SIGKILL");
    await gone;
  }

  /** It and all that came from it stand still: connections stay open, and nothing answers. */
  hang(): void {
    this.#signal("SIGSTOP");
  }

  goOn(): void {
    this.#signal("SIGCONT");
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    for (const one of [pid, ...descendants(pid)]) {
      try {
        process.kill(one, signal);
      } catch {
        // Gone since it was listed.
      }
    }
  }
}

function descendants(pid: number): number[] {
  let children = "";
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    // Gone since it was listed.
  }
  return children
    .split(" ")
    .filter(Boolean)
    .map(Number)
    .flatMap((child) => [child, ...descendants(child)]);
}
