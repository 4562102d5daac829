import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";

const main = resolve(import.meta.dirname, "../../src/main.ts");

export interface Finished {
  /** Its exit code, or the signal that ended it. */
  code: number | NodeJS.Signals;
  stdout: string;
  stderr: string;
}

/** The real program as a process of its own, in a folder of its own. It does not outlive its test. */
export class Plimsoll {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly finished: Promise<Finished>;
  stdout = "";
  stderr = "";
  readonly #waiting: { pattern: RegExp; resolve: (match: RegExpExecArray) => void; reject: (error: Error) => void }[] =
    [];

  constructor(
    args: string[],
    { folder, env = {}, program = main }: { folder: string; env?: Record<string, string>; program?: string },
  ) {
    this.folder = folder;
    this.process = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#look();
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#look();
    });
    this.finished = once(this.process, "close").then(([code, signal]) => {
      const { stdout, stderr } = this;
      for (const { pattern, reject } of this.#waiting) {
        reject(new Error(`ended without ${pattern}\n${stdout}\n${stderr}`));
      }
      return { code: code ?? signal, stdout, stderr };
    });
    onTestFinished(() => void this.process.kill("SIGKILL"));
  }

  /** Resolves as soon as what was printed so far matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    this.#waiting.push({ pattern, resolve, reject });
    this.#look();
    return promise;
  }

  /** `http://127.0.0.1:…`, once it is served. */
  async url(): Promise<string> {
    return (await this.printed(/http:\/\/127\.0\.0\.1:\d+(?=\/metrics)/))[0];
  }

  /** The one run file in its folder. */
  runFile(): string {
    const files = readdirSync(join(this.folder, "runs")).filter((name) => name.endsWith(".db"));
    if (files.length !== 1) throw new Error(`expected one run file, found ${files.join(", ")}`);
    return join(this.folder, "runs", files[0] as string);
  }

  #look(): void {
    for (const waiting of [...this.#waiting]) {
      const match = waiting.pattern.exec(this.stdout + this.stderr);
      if (match === null) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(match);
    }
  }
}

/**
 * How a run that nothing was wrong with ends. On a machine that is too busy for the generator itself, or for a target that
 * answers its users late, it must not pass: then it is inconclusive, and that is right.
 */
export function exitCodeOf({ generator, verdict }: Summary): number {
  const heldBack = verdict.reasons.some((reason) => reason.startsWith("slow answers held the users back"));
  return generator.trusted && !heldBack ? 0 : 98;
}

/** A folder that is removed when the test has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
