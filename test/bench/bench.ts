/**
 * `npm run bench`: measures Plimsoll beside what else is installed, prints the report, and writes it to
 * docs/performance.md. Programs are looked for on the PATH.
 *
 *     --quick            only Plimsoll against bare undici, in pairs; nothing is written
 *     --against FILE     as --quick, against another Plimsoll's main.js in place of bare undici
 *     --only SECTION     loop, traces, stall, accuracy, sources, steps, memory or start-up; may be given several times; nothing is written
 *     --rounds N         of the closed loop (5)
 *     --program FILE     another Plimsoll's main.js in place of dist/main.js
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { giveWay } from "./cores.ts";
import { Clients, measureLoop, present } from "./loop.ts";
import { measureMemory } from "./memory.ts";
import { measureSteps } from "./micro.ts";
import { measureAccuracy, measureStall } from "./open.ts";
import { pairs } from "./pairs.ts";
import { k6Plain } from "./peers/k6.ts";
import { locust } from "./peers/locust.ts";
import { oha } from "./peers/oha.ts";
import { undici } from "./peers/undici.ts";
import { build, plimsoll, startReceiver } from "./plimsoll.ts";
import { report } from "./report.ts";
import { type Pattern, withFolder } from "./rounds.ts";
import { type Section, shown } from "./section.ts";
import { PageServer } from "./server.ts";
import { measureSources } from "./sources.ts";
import { measureStartUp } from "./start-up.ts";
import { measureTraces } from "./traces.ts";

const sectionNames = ["loop", "traces", "stall", "accuracy", "sources", "steps", "memory", "start-up"] as const;
type SectionName = (typeof sectionNames)[number];

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    against: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "5" },
    program: { type: "string", default: build },
  },
});
const pattern: Pattern = { users: 64, rounds: Number(flags.rounds), warmUpMs: 1500, windowMs: 3000 };
const only = flags.only.map((name): SectionName => {
  const known = sectionNames.find((one) => one === name);
  if (known === undefined) throw new Error(`expected --only ${sectionNames.join(", ")}, got ${name}`);
  return known;
});

/** So many take less than a minute. */
const QUICK_PAIRS = 7;

const tell = (line: string) => process.stdout.write(`${line}\n`);

giveWay();
await withFolder(async (folder) => {
  const server = await PageServer.start(folder);
  const receiver = await startReceiver();
  try {
    if (flags.quick || flags.against !== undefined) await quick(server, receiver.url);
    else await whole(server, receiver.url);
  } finally {
    receiver.close();
    await server.close();
  }
});

async function quick(server: PageServer, receiver: string): Promise<void> {
  const { status } = new Clients(receiver, resolve(flags.program));
  const { against } = flags;
  const other =
    against === undefined
      ? undici
      : plimsoll({ name: against, expect: "status", traced: 1, program: resolve(against) }, receiver);
  const ratio = await pairs(status, other, server, QUICK_PAIRS);
  tell(`${status.name} / ${other.name}: ${shown(ratio)} requests with the same CPU time, ${QUICK_PAIRS} pairs`);
}

async function whole(server: PageServer, receiver: string): Promise<void> {
  const clients = new Clients(receiver, resolve(flags.program));
  const here = present([clients.untraced, undici, k6Plain, locust]);
  // A schedule is kept by the worker alone: a core that it shares with the main thread is not its own for milliseconds.
  const open = present([clients.apart, k6Plain, oha]);
  const measurements: Record<SectionName, () => Promise<Section>> = {
    loop: () => measureLoop(clients, server, pattern, tell),
    traces: () => measureTraces(clients, server),
    stall: () => measureStall(open),
    accuracy: () => measureAccuracy(open, server, pattern),
    sources: () => measureSources(receiver, resolve(flags.program), server, pattern.rounds),
    steps: () => measureSteps(),
    memory: () => measureMemory(here, server, Math.min(3, pattern.rounds)),
    "start-up": () => measureStartUp(here, 10),
  };
  const sections: Section[] = [];
  for (const name of sectionNames) {
    if (only.length > 0 && !only.includes(name)) continue;
    tell(`Measuring: ${name}`);
    sections.push(await measurements[name]());
  }
  const text = report({ server, pattern, peers: clients.all, sections });
  tell(`\n${text}`);
  if (only.length === 0) writeFileSync(resolve(import.meta.dirname, "../../docs/performance.md"), text);
}
