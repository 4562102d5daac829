import { setFlagsFromString } from "node:v8";

/**
 * V8's sizes suit programs of any kind. A worker's garbage is of one: 20 kB for each connection that is opened, 5 kB for each
 * request, dead when it is answered. docs/adr/0017-garbage-of-workers.md has what each of these changed.
 */
const FLAGS = [
  // By default it grows from 1 MB to 64 while much survives: connections that are being opened are copied again and again, and
  // whenever it grows, V8 takes the heap for nearly full and collects all of it.
  "--min-semi-space-size=64",
  // Helpers pay where cores are idle; beside a worker on each core they wait for one another.
  "--no-parallel-scavenge",
];

/**
 * Sets how heaps that are made from now on, those of workers, are sized and collected: for the whole process, so it is the
 * command line's to do and not that of a program that calls `run()`. Only such flags are set as V8 reads when it makes a heap
 * or begins a collection, and that leave Node's own cached code valid.
 */
export function tuneGarbageCollection(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
