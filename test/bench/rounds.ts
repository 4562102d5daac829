import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Child } from "./child.ts";
import type { Present } from "./peers/peer.ts";
import { mainThreadSeconds, usageOf } from "./process-tree.ts";
import type { PageServer } from "./server.ts";

/** How long clients are looked at, and how. */
export interface Pattern {
  users: number;
  rounds: number;
  /** From the first answers until it is measured: compilers warm up, connections are opened. */
  warmUpMs: number;
  windowMs: number;
}

/**
 * One client in one round. All are measured alike, whatever they say of themselves: requests as the server counted them,
 * CPU time as the kernel did, between two moments of a loop that goes on before and after.
 */
export interface Window {
  requestsPerSecond: number;
  /** Of the client's whole process tree, for each request. */
  cpuMicros: number;
  /** Of its first thread, in cores; of Plimsoll's that is the one that watches, judges and tells. */
  mainThreadCores: number;
  /** How much of its core each had. Neither can have more than 1; where neither has it, others took it. */
  clientCores: number;
  serverCores: number;
}

/** Windows by the peer's name, one a round. */
export type Rounds = Map<string, Window[]>;

/**
 * All in turn, several times over, each round in the opposite order of the one before: what changes on the machine in
 * between falls on all of them alike.
 */
export async function measure(
  peers: Present[],
  server: PageServer,
  pattern: Pattern,
  tell: (name: string, window: Window) => void,
): Promise<Rounds> {
  const results: Rounds = new Map(peers.map(({ peer }) => [peer.name, []]));
  for (let round = 0; round < pattern.rounds; round++) {
    for (const present of round % 2 === 0 ? peers : peers.toReversed()) {
      const window = await look(present, server, pattern);
      results.get(present.peer.name)?.push(window);
      tell(present.peer.name, window);
    }
  }
  return results;
}

function look({ peer, program }: Present, server: PageServer, pattern: Pattern): Promise<Window> {
  const { users, warmUpMs, windowMs } = pattern;
  const seconds = Math.ceil((warmUpMs + windowMs) / 1000) + 30;
  return withFolder(async (folder) => {
    const before = await server.requests();
    const child = new Child(peer.loop(program, { url: server.url, users, seconds, folder }), folder);
    try {
      while ((await server.requests()) < before + users) {
        child.check();
        await pause(50);
      }
      await pause(warmUpMs);
      const from = await reading(child, server);
      await pause(windowMs);
      child.check();
      return between(from, await reading(child, server));
    } finally {
      await child.end();
    }
  });
}

/** What a client leaves behind is removed. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Reading {
  at: number;
  requests: number;
  client: number;
  mainThread: number;
  server: number;
}

async function reading(child: Child, server: PageServer): Promise<Reading> {
  const asked = performance.now();
  const requests = await server.requests();
  const at = (asked + performance.now()) / 2000;
  const client = usageOf(child.pid).cpuSeconds;
  const mainThread = mainThreadSeconds(child.pid);
  return { at, requests, client, mainThread, server: usageOf(server.pid).cpuSeconds };
}

function between(from: Reading, to: Reading): Window {
  const seconds = to.at - from.at;
  const requests = to.requests - from.requests;
  const client = to.client - from.client;
  return {
    requestsPerSecond: requests / seconds,
    cpuMicros: (client / requests) * 1e6,
    mainThreadCores: (to.mainThread - from.mainThread) / seconds,
    clientCores: client / seconds,
    serverCores: (to.server - from.server) / seconds,
  };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

/** Median and extremes: a single figure of a shared machine says nothing. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spread(values: number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * How many requests one makes for each of the other's, of the same CPU time: round by round, because only what was
 * measured side by side compares. Others' load on the client's core takes time from a client, but not work.
 */
export function ratio(rounds: Rounds, of: string, against: string): Spread {
  const others = rounds.get(against) ?? [];
  return spread((rounds.get(of) ?? []).map(({ cpuMicros }, i) => (others[i]?.cpuMicros ?? Number.NaN) / cpuMicros));
}
