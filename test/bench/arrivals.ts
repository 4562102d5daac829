import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { freePort, until } from "../e2e/network.ts";
import { pinned, serverCore } from "./cores.ts";
import { page } from "./server.ts";

/** Times on the server's clock, from its first request. */
export interface Stall {
  fromMs: number;
  toMs: number;
}

/** The server's own view of a schedule, in milliseconds. */
export interface Seen {
  /** When each request came, from the first on, in order. */
  arrivals: number[];
  /** How long each that came in the stall waited for its answer. */
  waits: number[];
}

/** A server that tells what it saw of a schedule. */
export class ArrivalServer {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #printed: Promise<string>;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
    this.#printed = process.stdout === null ? Promise.resolve("{}") : text(process.stdout);
  }

  static async start({ fromMs, toMs }: Stall = { fromMs: 0, toMs: 0 }): Promise<ArrivalServer> {
    const port = await freePort();
    const program = join(import.meta.dirname, "arrival-server.ts");
    const [taskset = "", ...args] = pinned(serverCore, [
      process.execPath,
      ...[program, `${port}`, page, `${fromMs}`, `${toMs}`],
    ]);
    const child = spawn(taskset, args, { stdio: ["ignore", "pipe", "inherit"] });
    // It counts from the first data, so that a connection without any does not disturb it.
    await until(() => reachable(port));
    return new ArrivalServer(`http://127.0.0.1:${port}/`, child);
  }

  /** Ends it. */
  async seen(): Promise<Seen> {
    this.#process.kill("SIGTERM");
    return JSON.parse(await this.#printed) as Seen;
  }
}

async function reachable(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
  return true;
}

/** How many came in each stretch of so many milliseconds, whole ones only. */
export function perBin(arrivals: number[], binMs: number, fromMs: number, toMs: number): number[] {
  const bins = new Array<number>(Math.floor((toMs - fromMs) / binMs)).fill(0);
  for (const at of arrivals) {
    const bin = Math.floor((at - fromMs) / binMs);
    if (bin >= 0 && bin < bins.length) bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

/** Index of dispersion: the variance of counts against their mean. 0 for an even schedule, 1 for a Poisson process. */
export function dispersion(counts: number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  return variance / mean;
}
