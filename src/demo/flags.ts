import { type ParseArgsConfig, parseArgs } from "node:util";
import { maxTasks } from "./tasks.ts";

/** Names that end in `-ms` take fractions, the others whole numbers. `value` holds where the flag is not given. */
const numbers = {
  port: { value: 8000, max: 65_535, help: "the port to listen on; 0 takes a free one" },
  pool: { value: 10, max: 10_000, help: "connections of the database pool" },
  "max-overflow": { value: 0, max: 10_000, help: "connections it may open beyond them" },
  "hold-ms": { value: 50, max: 600_000, help: "how long a query holds its connection" },
  "pool-timeout-ms": { value: 5000, max: 600_000, help: "a query that waits longer for a connection is answered 503" },
  "cache-ttl-ms": { value: 5000, max: 86_400_000, help: "how long a cached answer is good; 0 keeps none" },
  "cache-keys": { value: 1000, max: 1_000_000, help: "answers the cache holds; 0 keeps none" },
  "queue-workers": { value: 4, max: 10_000, help: "workers of the queue; each write gives them a job" },
  "job-ms": { value: 10, max: 600_000, help: "how long a worker is busy with a job" },
  "cpu-ms": { value: 1, max: 10_000, help: "CPU that each request of the API costs" },
  tasks: { value: 10_000, max: maxTasks, help: "tasks in the table at the start, their ids from 1" },
};

type NumberFlag = keyof typeof numbers;

export type Flags = Record<NumberFlag, number> & { host: string; "exit-with-parent": boolean; help: boolean };

export const usage = `The practice target: a service of tasks with a bounded database pool, a cache and a job queue.

usage: main [flags]

  --host ADDRESS        the address to listen on (127.0.0.1)
${Object.entries(numbers)
  .map(([name, { help, value }]) => `  ${`--${name} N`.padEnd(20)}  ${help} (${value})`)
  .join("\n")}
  --exit-with-parent    end when stdin closes, so as not to outlive who started it
  --help                print this

Writes, and reads that the cache cannot answer, are one query each. The pool carries (pool + max-overflow) / hold-ms of
them: 10 connections held for 50 ms are 200 a second.
`;

/** The flags of a command line. Throws an Error whose message says which one is wrong. */
export function flagsOf(args: string[]): Flags {
  const options: ParseArgsConfig["options"] = {
    host: { type: "string", default: "127.0.0.1" },
    "exit-with-parent": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  };
  for (const [name, { value }] of Object.entries(numbers)) options[name] = { type: "string", default: String(value) };
  const { values } = parseArgs({ args, options });
  const read = (Object.keys(numbers) as NumberFlag[]).map((name) => [name, numberOf(name, String(values[name]))]);
  return { ...values, ...Object.fromEntries(read) };
}

function numberOf(name: NumberFlag, text: string): number {
  const inMs = name.endsWith("-ms");
  const { max } = numbers[name];
  if ((inMs ? /^\d+(\.\d+)?$/ : /^\d+$/).test(text) && Number(text) <= max) return Number(text);
  throw new Error(`--${name}: expected ${inMs ? "milliseconds" : "a whole number"} up to ${max}, got "${text}"`);
}
