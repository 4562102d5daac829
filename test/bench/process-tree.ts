import { readFileSync } from "node:fs";

/** What a process and all that came from it have used so far. */
export interface Usage {
  cpuSeconds: number;
  rssBytes: number;
}

/** Linux counts CPU time in these (`getconf CLK_TCK`, 100 on every platform there is). */
const TICKS_PER_SECOND = 100;

/** CPU time and memory of a process and its descendants, as /proc tells them; a process that is gone uses nothing. */
export function usageOf(pid: number): Usage {
  const sum = { cpuSeconds: 0, rssBytes: 0 };
  for (const one of [pid, ...descendants(pid)]) {
    sum.cpuSeconds += cpuSecondsOf(`/proc/${one}/stat`);
    const status = read(`/proc/${one}/status`);
    sum.rssBytes += 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

/** CPU time of a process's first thread, alone. */
export function mainThreadSeconds(pid: number): number {
  return cpuSecondsOf(`/proc/${pid}/task/${pid}/stat`);
}

/** User and system time of a process or thread, by its `stat` (proc(5), fields 14 and 15). */
function cpuSecondsOf(stat: string): number {
  const text = read(stat);
  // The name may hold spaces: what follows its closing bracket is field 3 and on.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

function descendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Gone since it was listed.
    return "";
  }
}
