import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import type { Summary } from "../../src/runs/summary.ts";
import { moveMainThread, serverCore } from "./cores.ts";
import type { Command, Load, OpenFigures, Peer } from "./peers/peer.ts";

const root = resolve(import.meta.dirname, "../..");
const SCRAPE_MS = 1000;

/** Plimsoll as its users have it, by its own command line: histograms, run file, `/metrics` scraped each second. */
export interface Variant {
  name: string;
  /** What the scenario expects of the response. */
  expect: "status" | "status and JSON";
  /** Share of requests traced, in percent; 0 leaves traces off. */
  traced: number;
  /** The main thread runs on the server's core, so that the worker has the client's for itself. */
  apart?: boolean;
  /** What it watches meanwhile, as a scenario writes it; nothing by default. */
  watch?: string;
  /** Its main.js: the build's, or another one's to compare with. */
  program: string;
}

export const build = join(root, "dist/main.js");

export function plimsoll(variant: Variant, receiver: string): Peer {
  const users = ({ users, seconds }: Load) => `{ users: ${users}, spawnRate: 2000/s, duration: ${seconds}s }`;
  const command = (load: Load, profile: string, wait?: string) =>
    plimsollCommand(variant, { receiver, load, profile, wait });
  return {
    name: variant.name,
    program: process.execPath,
    install: "comes with itself",
    version: () => (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version,
    loop: (_, load) => command(load, users(load)),
    idle: (_, load) => command(load, users(load), "1h"),
    once: (_, load) => command(load, "{ users: 1, iterations: 1 }"),
    open: (_, load) => ({
      ...command(load, `{ arrivals: ${load.perSecond}/s, duration: ${load.seconds}s, maxUsers: ${load.users} }`),
      figures: () => figuresOf(join(load.folder, "summary.json")),
    }),
  };
}

interface Task {
  /** Where spans go. */
  receiver: string;
  load: Load;
  /** As a scenario writes it. */
  profile: string;
  /** Between a user's tasks; none by default. */
  wait?: string | undefined;
}

export function plimsollCommand(variant: Variant, { receiver, load, profile, wait }: Task): Command {
  const { url, folder } = load;
  const file = join(folder, "bench.yaml");
  writeFileSync(file, scenario(variant, profile, wait));
  return {
    program: process.execPath,
    args: [
      ...[variant.program, "run", file, "--host", new URL(url).origin, "--processes", "1"],
      ...["--listen", "127.0.0.1:0", "--runs", join(folder, "runs"), "--summary", join(folder, "summary.json")],
      // Nobody looks at the end.
      ...["--linger", "1ms"],
    ],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver },
    attend(child) {
      if (variant.apart === true) void movedApart(child);
      return scraped(child);
    },
  };
}

function scenario({ expect, traced, watch = "" }: Variant, profile: string, wait: string | undefined): string {
  const wanted = expect === "status" ? "{ status: 200 }" : "{ status: 200, json: { $.ok: true } }";
  return `name: bench
users:
  Visitor:
    ${wait === undefined ? "" : `wait: ${wait}`}
    tasks:
      Look: { get: /, expect: ${wanted} }
profiles: { bench: ${profile} }
${traced === 0 ? "" : `traces: { sample: ${traced}% }\n`}${watch}`;
}

function figuresOf(path: string): OpenFigures {
  const { totals } = JSON.parse(readFileSync(path, "utf8")) as Summary;
  const { p90 = Number.NaN, p99 = Number.NaN } = totals.latency ?? {};
  return { p90, p99, dropped: totals.dropped };
}

/** Once it has threads of its own, which would otherwise move with it. */
async function movedApart(child: ChildProcess): Promise<void> {
  await urlOf(child);
  moveMainThread(child.pid ?? 0, serverCore);
}

function scraped(child: ChildProcess): () => void {
  let timer: NodeJS.Timeout | undefined;
  void urlOf(child).then((url) => {
    timer = setInterval(() => void scrape(url), SCRAPE_MS);
  });
  return () => clearInterval(timer);
}

async function scrape(url: string): Promise<void> {
  try {
    await (await fetch(url)).text();
  } catch {
    // It has ended in between.
  }
}

/** Of `/metrics`, as it says at its start. */
function urlOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  child.stdout?.on("data", (more: string) => {
    text += more;
    const url = /http:\/\/\S+\/metrics/.exec(text)?.[0];
    if (url !== undefined) resolve(url);
  });
  return promise;
}

/** An OTLP receiver that takes everything and keeps nothing. */
export async function startReceiver(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}
