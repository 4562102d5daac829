import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { usageOf } from "../bench/process-tree.ts";

/** What a process held at a moment. */
export interface Held {
  /** Since it was first looked at. */
  seconds: number;
  rssBytes: number;
  descriptors: number;
  threads: number;
}

const EVERY_MS = 250;

/** Looks four times a second at what another process holds, until that is gone. */
export function watchHeld(pid: number): readonly Held[] {
  const held: Held[] = [];
  const from = performance.now();
  const look = () => {
    const [descriptors, threads] = [entriesOf(`/proc/${pid}/fd`), entriesOf(`/proc/${pid}/task`)];
    const { rssBytes } = usageOf(pid);
    if (descriptors === 0 || threads === 0 || rssBytes === 0) return;
    held.push({ seconds: (performance.now() - from) / 1000, rssBytes, descriptors, threads });
  };
  const timer = setInterval(look, EVERY_MS);
  onTestFinished(() => clearInterval(timer));
  return held;
}

/** What each thread of a process holds when its garbage is collected: a heap grows as it likes until that is done. */
export class HeapWitness {
  /** What the process is to be started with. */
  readonly environment: Record<string, string>;
  readonly #told: string;

  constructor(folder: string) {
    const program = join(folder, "heap-witness.mjs");
    this.#told = join(folder, "heap-witnessed");
    writeFileSync(program, witness);
    writeFileSync(this.#told, "");
    this.environment = { NODE_OPTIONS: `--import ${program}`, HEAP_WITNESS: this.#told };
  }

  /** Of each thread, in the order of time. */
  heapBytes(): { seconds: number; bytes: number }[][] {
    const threads = new Map<string, { seconds: number; bytes: number }[]>();
    for (const line of readFileSync(this.#told, "utf8").split("\n").filter(Boolean)) {
      const [thread = "", seconds, bytes] = line.split(" ");
      const told = threads.get(thread) ?? [];
      told.push({ seconds: Number(seconds), bytes: Number(bytes) });
      threads.set(thread, told);
    }
    return [...threads.values()];
  }
}

const witness = `
import { appendFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { threadId } from "node:worker_threads";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
setInterval(() => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  const line = [threadId, process.uptime().toFixed(1), heapUsed + external].join(" ");
  appendFileSync(process.env.HEAP_WITNESS, line + "\\n");
}, 2000).unref();
`;

function entriesOf(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    // Gone since it was looked at last.
    return 0;
  }
}
