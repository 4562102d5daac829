import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { plain } from "../../sinks/console-screen.ts";
import { type Output, UsageError } from "../io.ts";

export const logLevels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
export type LogLevel = (typeof logLevels)[number];

/** As many lines as Locust's `/logs` shows. */
const REMEMBERED = 500;

export interface LogOptions {
  level: LogLevel;
  /** In place of the output; its folder is made. */
  file: string | undefined;
  quiet: boolean;
}

/** Log lines as Locust's: `[2026-11-21 10:15:00,123] host/INFO/plimsoll.main: Starting Plimsoll 0.1.0`, in local time. */
export class Log {
  readonly #write: (text: string) => void;
  readonly #wallNow: () => number;
  readonly #least: number;
  readonly #latest: string[] = [];
  readonly #host = hostname().replace(/\..*/, "");

  /** `wallNow` gives Unix milliseconds. Throws a UsageError for a file that cannot be written. */
  constructor(output: Output, wallNow: () => number, { level, file, quiet }: LogOptions) {
    this.#wallNow = wallNow;
    this.#least = quiet ? logLevels.length : logLevels.indexOf(level);
    this.#write = file === undefined ? (text) => void output.write(text) : intoFile(file);
  }

  /** The last lines, the latest last. */
  get latest(): readonly string[] {
    return this.#latest;
  }

  /** `part` is who says it: main, runner, … */
  say(level: LogLevel, part: string, message: string): void {
    if (logLevels.indexOf(level) < this.#least) return;
    const line = `[${localTime(this.#wallNow())}] ${this.#host}/${level}/plimsoll.${part}: ${plain(message)}`;
    this.#latest.push(line);
    if (this.#latest.length > REMEMBERED) this.#latest.shift();
    this.#write(`${line}\n`);
  }
}

function intoFile(path: string): (text: string) => void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, "");
  } catch (error) {
    throw new UsageError(`--logfile: cannot write ${path}: ${(error as Error).message}`);
  }
  return (text) => appendFileSync(path, text);
}

/** As Python's logging writes it. */
function localTime(wallMs: number): string {
  const at = new Date(wallMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${date} ${time},${String(at.getMilliseconds()).padStart(3, "0")}`;
}
