import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, platform, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { execPath, versions } from "node:process";
import type { TruthTold } from "../../src/demo/truth.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { version } from "../../src/version.ts";
import { type PracticeTarget, startPracticeTarget } from "../demo/practice-target.ts";
import { judgeCell } from "./cell.ts";
import { closedForm, type RealCell, scenarioOf } from "./real-cell.ts";
import { type RealResult, resultOf } from "./real-result.ts";

const program = resolve(import.meta.dirname, "../../src/main.ts");
/** Requests ahead of the load, so many at a time, until code is compiled. */
const [WARM_UP, AT_ONCE] = [80, 8];

/**
 * Generator and target each have a core of their own, where there are two, the system can, and nobody else is there: what is
 * pinned cannot leave a core that others fill.
 */
const [, othersLoad = 0] = loadavg();
const pinned = availableParallelism() >= 2 && othersLoad < 0.5 && spawnSync("taskset", ["--version"]).status === 0;

/** Runs a cell against a target of its own, and its twin in virtual time. */
export async function runReally(cell: RealCell): Promise<RealResult> {
  const target = await startPracticeTarget(...cell.flags);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-accuracy-"));
  try {
    const { pid } = target.process;
    if (pinned && pid !== undefined) execFileSync("taskset", ["-a", "-p", "-c", "1", String(pid)]);
    await warmUp(target, cell);
    const before = await truthOf(target);
    const scenario = join(folder, "scenario.yaml");
    writeFileSync(scenario, scenarioOf(cell, target.url));
    const [waitedMs, startedMs] = [waitedFor(pid), performance.now()];
    const summary = await load(scenario, folder);
    const waited = (waitedFor(pid) - waitedMs) / (performance.now() - startedMs);
    const line = closedForm(cell, before, await truthOf(target), summary.totals.iterations);
    const twin = await judgeCell(cell.twin);
    return resultOf(cell, { summary, closedForm: line, waited, twin, on: where() });
  } finally {
    await target.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function warmUp(target: PracticeTarget, { weak }: RealCell): Promise<void> {
  for (let asked = 0; asked < WARM_UP; asked += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, i) => {
      if (weak === "cache") return target.ask(`/api/tasks/${asked + i + 1}`);
      return weak === "cpu" ? target.ask("/api/tasks?limit=20") : target.ask("/api/tasks", { title: "ahead" });
    });
    await Promise.all(batch);
  }
}

async function truthOf(target: PracticeTarget): Promise<TruthTold> {
  return (await target.ask("/api/admin/truth")).body as TruthTold;
}

async function load(scenario: string, folder: string): Promise<Summary> {
  const summary = join(folder, "summary.json");
  const flags = ["--quiet", "--profile", "climb", "--processes", "1", "--listen", "127.0.0.1:0"];
  const own = [program, "run", scenario, ...flags, "--runs", folder, "--summary", summary];
  const [command, args] = pinned ? ["taskset", ["-c", "0", execPath, ...own]] : [execPath, own];
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.on("data", (data: Buffer) => {
    told += data.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  // Passed, inconclusive, failed: each has a summary.
  if (code === null || ![0, 98, 99].includes(code)) throw new Error(`the run ended with code ${code}: ${told}`);
  return JSON.parse(readFileSync(summary, "utf8")) as Summary;
}

/** How long a process's main thread has stood ready without a core, in ms; 0 where the system does not say. Source: proc(5). */
function waitedFor(pid: number | undefined): number {
  if (platform() !== "linux" || pid === undefined) return 0;
  const [, waitedNs = "0"] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
  return Number(waitedNs) / 1e6;
}

/** The machine and the versions, for the page. */
function where(): string {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const cores = `${availableParallelism()} cores${pinned ? ", one for the generator and one for the target" : ", shared with other work and pinned to none"}`;
  return `${cpu?.model ?? "A machine"}, ${cores}, ${gigabytes} GiB; ${platform()}, Node ${versions.node}, Plimsoll ${version()}.`;
}
