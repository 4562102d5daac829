import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { RequestCounts } from "../../src/demo/requests.ts";

export const demoProgram = resolve(import.meta.dirname, "../../src/demo/main.ts");

/** A practice target that runs as a process of its own on a free port. */
export interface PracticeTarget {
  url: string;
  process: ChildProcess;
  /** Asks it; a body makes it a POST unless `method` says otherwise. */
  ask(path: string, body?: unknown, method?: string): Promise<{ status: number; body: unknown; headers: Headers }>;
  /** What it counted: the oracle. */
  requests(query?: string): Promise<RequestCounts & { traceparents?: string[] }>;
  stop(): Promise<void>;
}

export async function startPracticeTarget(...flags: string[]): Promise<PracticeTarget> {
  const child = spawn(process.execPath, [demoProgram, "--port", "0", "--exit-with-parent", ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { url } = JSON.parse(await firstLine(child.stdout)) as { url: string };
  const ask: PracticeTarget["ask"] = async (path, body, method = body === undefined ? "GET" : "POST") => {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  return {
    url,
    process: child,
    ask,
    requests: async (query = "") => (await ask(`/api/admin/requests${query}`)).body as RequestCounts,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

export async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface(stream)) return line;
  throw new Error("it ended without a line");
}
