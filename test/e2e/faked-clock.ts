import { globSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Tells how far a thread's wall clock is from where it began, in whole seconds, whenever that changes. */
const witness = `
import { appendFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
const zero = Date.now() - performance.now();
let last;
setInterval(() => {
  const offset = Math.round((Date.now() - performance.now() - zero) / 1000);
  if (offset !== last) appendFileSync(process.env.WITNESS_FILE, threadId + " " + offset + "\\n");
  last = offset;
}, 20).unref();
`;

/**
 * The wall clock of another process, stepped by libfaketime while it runs: what reads it sees the steps, and the monotonic
 * clock goes on as it is. A witness in each of the process's threads tells what it sees.
 */
export class FakedClock {
  /** What the process is to be started with. */
  readonly environment: Record<string, string>;
  readonly #offset: string;
  readonly #witnessed: string;

  constructor(folder: string) {
    // The one for programs with threads; Debian keeps it in a folder of its own.
    const [library = "libfaketimeMT.so.1"] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
    this.#offset = join(folder, "faketime.offset");
    this.#witnessed = join(folder, "faketime.witnessed");
    const program = join(folder, "witness.mjs");
    writeFileSync(program, witness);
    writeFileSync(this.#witnessed, "");
    this.step(0);
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#offset,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
      NODE_OPTIONS: `--import ${program}`,
      WITNESS_FILE: this.#witnessed,
    };
  }

  /** Sets the wall clock so many seconds from where it is. */
  step(offset: number): void {
    // In one go: it is read each time that somebody asks for the time.
    writeFileSync(`${this.#offset}.new`, `${offset < 0 ? "" : "+"}${offset}s\n`);
    renameSync(`${this.#offset}.new`, this.#offset);
  }

  /** The offsets that each thread saw, in their order. */
  witnessed(): number[][] {
    const threads = new Map<string, number[]>();
    for (const line of readFileSync(this.#witnessed, "utf8").split("\n").filter(Boolean)) {
      const [thread = "", offset] = line.split(" ");
      threads.set(thread, [...(threads.get(thread) ?? []), Number(offset)]);
    }
    return [...threads.values()];
  }
}
