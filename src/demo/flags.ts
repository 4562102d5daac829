import { type ParseArgsConfig, parseArgs } from "node:util";
import { maxTasks } from "./tasks.ts";
import { isWeakness, type Weakness, weaknesses } from "./weakness.ts";

interface Size {
  /** Where neither the flag nor the weakness says otherwise. */
  value: number;
  max: number;
  help: string;
}

/** Names that end in `-ms` take fractions, the others whole numbers. */
export const sizes = {
  pool: { value: 10, max: 10_000, help: "connections of the database pool" },
  "max-overflow": { value: 0, max: 10_000, help: "connections it may open beyond them" },
  "hold-ms": { value: 50, max: 600_000, help: "how long a query holds its connection" },
  "pool-timeout-ms": { value: 5000, max: 600_000, help: "a query that waits longer for a connection is answered 503" },
  "cpu-ms": { value: 1, max: 10_000, help: "CPU that each request of the API costs" },
  "cache-ttl-ms": { value: 5000, max: 86_400_000, help: "how long a cached answer is good; 0 keeps none" },
  "cache-keys": { value: 1000, max: 1_000_000, help: "answers the cache holds; 0 keeps none" },
  "queue-workers": { value: 4, max: 10_000, help: "workers of the queue; each write gives them a job" },
  "job-ms": { value: 10, max: 600_000, help: "how long a worker is busy with a job" },
  "lock-hold-ms": { value: 0, max: 600_000, help: "how long each write holds the one lock; 0: there is none" },
  "rate-limit": { value: 0, max: 1_000_000, help: "requests of the API admitted a second, the rest is 429; 0: all" },
  "leak-kb": { value: 0, max: 10_240, help: "memory that each request of the API leaves behind, in KiB" },
  "ai-ms": { value: 200, max: 600_000, help: "how long the AI provider takes to answer" },
  "ai-rate-limit": { value: 0, max: 1_000_000, help: "calls the AI provider admits a second, the rest is 429; 0: all" },
  "ai-error-percent": { value: 0, max: 100, help: "of 100 calls of the AI provider, how many fail" },
  tasks: { value: 10_000, max: maxTasks, help: "tasks in the table at the start, their ids from 1" },
} satisfies Record<string, Size>;

export type SizeName = keyof typeof sizes;
export type Sizes = Record<SizeName, number>;

export const sizeNames = Object.keys(sizes) as SizeName[];

export type Flags = Sizes & {
  weak: Weakness;
  unsafe: boolean;
  host: string;
  port: number;
  "exit-with-parent": boolean;
  help: boolean;
};

export const weakHelp = "what gives way first";
export const unsafeHelp = "assignments of squads race, and idempotency keys are ignored";

export const usage = `The practice target: five small systems on one database pool, lock, cache, job queue and AI provider.

usage: main [flags]

  --weak SPOT             ${weakHelp}: ${Object.keys(weaknesses).join(", ")} (pool)
${sizeNames.map((name) => `  ${`--${name} N`.padEnd(22)}  ${sizes[name].help} (${sizes[name].value})`).join("\n")}
  --unsafe                ${unsafeHelp}
  --host ADDRESS          the address to listen on (127.0.0.1)
  --port N                the port to listen on; 0 takes a free one (8000)
  --exit-with-parent      end when stdin closes, so as not to outlive who started it
  --help                  print this

--weak sets sizes; those that are given as well win. The sizes in brackets are those of --weak pool. What each spot carries
follows from them: docs/practice-target.md.
`;

/** The flags of a command line. Throws an Error whose message says which one is wrong. */
export function flagsOf(args: string[]): Flags {
  const options = {
    weak: { type: "string", default: "pool" },
    unsafe: { type: "boolean", default: false },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8000" },
    "exit-with-parent": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } satisfies ParseArgsConfig["options"];
  const ofSizes = Object.fromEntries(sizeNames.map((name) => [name, { type: "string" as const }]));
  const { values } = parseArgs({ args, options: { ...ofSizes, ...options } });
  const { weak } = values;
  if (!isWeakness(weak)) {
    throw new Error(`--weak: expected one of ${Object.keys(weaknesses).join(", ")}; got "${weak}"`);
  }
  const given: Record<string, unknown> = values;
  const implied: Partial<Sizes> = weaknesses[weak];
  const read = sizeNames.map((name) => {
    const text = given[name];
    return [name, typeof text === "string" ? sizeOf(name, text) : (implied[name] ?? sizes[name].value)];
  });
  const port = wholeNumber("port", values.port, 65_535);
  return { ...values, ...(Object.fromEntries(read) as Sizes), weak, port };
}

/** A size as somebody wrote it. Throws an Error with what was expected. */
export function sizeOf(name: SizeName, text: string): number {
  const { max } = sizes[name];
  if (!name.endsWith("-ms")) return wholeNumber(name, text, max);
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) <= max) return Number(text);
  throw new Error(`--${name}: expected milliseconds up to ${max}, got "${text}"`);
}

function wholeNumber(name: string, text: string, max: number): number {
  if (/^\d+$/.test(text) && Number(text) <= max) return Number(text);
  throw new Error(`--${name}: expected a whole number up to ${max}, got "${text}"`);
}
