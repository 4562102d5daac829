import { readFile } from "node:fs/promises";
import { CollectError } from "./collect-error.ts";

/** What /proc counts CPU time in: USER_HZ, which is 100 in what Linux shows to programs, whatever its own HZ (proc(5)). */
export const TICKS_A_SECOND = 100;

/** CPU time of the whole machine, in ticks. */
export interface MachineTime {
  total: number;
  idle: number;
  cores: number;
  /** When the machine started, Unix seconds. */
  startedAt: number;
}

/** `/proc/stat`. Time spent for guests is in `user` already. */
export function parseStat(text: string): MachineTime {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(text)?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  return {
    total: user + nice + system + idle + iowait + irq + softirq + steal,
    idle,
    cores: text.match(/^cpu\d+ /gm)?.length ?? 1,
    startedAt: Number(/^btime (\d+)$/m.exec(text)?.[1] ?? 0),
  };
}

/** `Name:  123 kB` of `/proc/meminfo` or `/proc/PID/status`, in bytes. */
export function kilobytesOf(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

/** `/proc/net/dev` without loopback. */
export function parseNetwork(text: string): { received: number; sent: number } {
  const traffic = { received: 0, sent: 0 };
  for (const [, device, figures = ""] of text.matchAll(/^\s*(\S+):\s*(.*)$/gm)) {
    if (device === "lo") continue;
    const numbers = figures.trim().split(/\s+/).map(Number);
    traffic.received += numbers[0] ?? 0;
    traffic.sent += numbers[8] ?? 0;
  }
  return traffic;
}

/** Parts of disks, and what is none: the node exporter leaves out the same. */
const noDisk = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
/** `/proc/diskstats` counts in sectors of so many bytes, whatever the disk's own are. */
const SECTOR_BYTES = 512;

/** `/proc/diskstats` of whole disks. */
export function parseDisks(text: string): { ioSeconds: number; read: number; written: number } {
  const all = { ioSeconds: 0, read: 0, written: 0 };
  for (const line of text.split("\n")) {
    const [, , name = "", , , sectorsRead, , , , sectorsWritten, , , ioMs] = line.trim().split(/\s+/);
    if (name === "" || noDisk.test(name)) continue;
    all.read += Number(sectorsRead) * SECTOR_BYTES;
    all.written += Number(sectorsWritten) * SECTOR_BYTES;
    all.ioSeconds += Number(ioMs) / 1000;
  }
  return all;
}

/** What `/proc/PID/stat` says of a process. */
export interface ProcessStat {
  pid: number;
  /** The program's name, cut at 15 characters. */
  name: string;
  /** User and system, in ticks. */
  cpu: number;
  threads: number;
  /** Ticks after the machine's start: with the pid it tells one process from all others. */
  startedAt: number;
}

/** `/proc/PID/stat`; undefined for what is none. The name may hold anything, brackets too. */
export function parseProcess(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  // From the third field on, the state.
  const fields = text.slice(close + 2).split(" ");
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    cpu: Number(fields[11]) + Number(fields[12]),
    threads: Number(fields[17]),
    startedAt: Number(fields[19]),
  };
}

/** `0-3,8`: how many. */
export function countList(list: string): number {
  return list
    .split(",")
    .map((range) => range.split("-").map(Number))
    .reduce((sum, [from = 0, to = from]) => sum + to - from + 1, 0);
}

/** A file that every Linux has. */
export async function readProc(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    if (signal.aborted) throw new CollectError("timeout", `${path} was not read in time`);
    throw new CollectError("missing", `cannot read ${path} (${codeOf(error)}): this source needs Linux's /proc`);
  }
}

/** One that may have gone, or be for others to read; undefined then. */
export async function tryProc(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    if (signal.aborted) throw new CollectError("timeout", `${path} was not read in time`);
    if (codeOf(error) === "") throw error;
    return undefined;
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
