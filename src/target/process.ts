import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { Observation } from "../metrics/observation.ts";
import type { ProcessSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { type Counters, Instances } from "./instances.ts";
import { Look } from "./look.ts";
import {
  codeOf,
  countList,
  kilobytesOf,
  type ProcessStat,
  parseProcess,
  parseStat,
  readProc,
  TICKS_A_SECOND,
  tryProc,
} from "./proc.ts";

/** Linux keeps so many characters of a program's name. */
const NAME_LENGTH = 15;

/** What one look finds of one process. What is not for us to see is undefined. */
interface Found extends ProcessStat {
  memory: number | undefined;
  cores: number | undefined;
  openFds: number | undefined;
  openFdsMax: number | undefined;
  read: number | undefined;
  written: number | undefined;
}

/** A process that others outlive and that was seen for less has done its work: a connection's, a job's. */
const SHORT_LIFE_MS = 10_000;

/**
 * Processes of this machine, from /proc: one by its pid, or all whose program has a name, summed. A name is the program's,
 * or that of the script which an interpreter runs. Counters are kept over processes that come and go; one that is gone and
 * has a successor is a restart, unless it was there for moments only beside others that stay: PostgreSQL's connections are
 * processes.
 */
export class ProcessCollector implements Collector {
  readonly name: string;
  readonly kind = "process";
  readonly #wanted: string;
  readonly #labels: Record<string, string>;
  readonly #proc: string;
  readonly #deps: CollectorDeps;
  /** Whether a process fits, by what tells it from all others: a command line is read once, as reading it may wait. */
  #fits = new Map<string, boolean>();
  readonly #instances = new Instances();
  /** When each was seen first; those of the first look may be of any age. */
  #firstSeen: Map<string, number> | undefined;
  /** When it last found some. */
  #foundAt: number | undefined;

  constructor({ name, process }: ProcessSource, deps: CollectorDeps, proc = "/proc") {
    this.name = name;
    this.#wanted = process;
    this.#labels = { component: process };
    this.#deps = deps;
    this.#proc = proc;
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const from = this.#deps.clock.now();
    const machine = parseStat(await readProc(`${this.#proc}/stat`, signal));
    const stats = /^\d+$/.test(this.#wanted) ? this.#byPid() : await this.#byName(signal);
    const found = await Promise.all(stats.map((stat) => this.#look(stat, signal)));
    const at = (from + this.#deps.clock.now()) / 2;
    const rise = this.#instances.take(
      new Map(found.map((one) => [keyOf(one), countersOf(one)])),
      this.#passing(found.map(keyOf), at),
    );
    const since = this.#foundAt;
    this.#foundAt = found.length === 0 ? undefined : at;
    if (found.length === 0) throw new CollectError("missing", `no process ${this.#wanted} runs on this machine`);

    const look = new Look(this.name, at, this.#labels);
    const cores = Math.max(...found.map((one) => one.cores ?? machine.cores));
    if (rise !== undefined && since !== undefined && at > since) {
      const used = (rise["cpu"] ?? 0) / TICKS_A_SECOND / ((at - since) / 1000);
      look.tell("cpu_utilization_ratio", used / cores);
      look.tell("cpu_used_cores", used);
    }
    look.tell("cpu_limit_cores", cores);
    look.tell(
      "memory_used_bytes",
      sum(found, ({ memory }) => memory),
    );
    look.tell(
      "threads",
      sum(found, ({ threads }) => threads),
    );
    look.tell("instances", found.length);
    look.tell(
      "open_fds",
      sum(found, ({ openFds }) => openFds),
    );
    look.tell(
      "open_fds_max",
      sum(found, ({ openFdsMax }) => openFdsMax),
    );
    // Each has a limit of its own: the one nearest to it counts.
    const shares = found.map(({ openFds, openFdsMax }) => (openFds ?? Number.NaN) / (openFdsMax ?? Number.NaN));
    look.tell("open_fds_utilization_ratio", Math.max(...shares));
    look.tell("disk_read_bytes_total", this.#instances.total("read"));
    look.tell("disk_written_bytes_total", this.#instances.total("written"));
    const oldest = Math.min(...found.map(({ startedAt }) => startedAt));
    look.tell("process_start_time_seconds", machine.startedAt + oldest / TICKS_A_SECOND);
    look.tell("restarts_total", this.#instances.restarts);
    return look.observations;
  }

  async close(): Promise<void> {}

  /** Those that have not been there for long, while others have. */
  #passing(keys: readonly string[], at: number): Set<string> {
    const before = this.#firstSeen;
    const seen = new Map(
      keys.map((key) => [key, before?.get(key) ?? (before === undefined ? Number.NEGATIVE_INFINITY : at)]),
    );
    this.#firstSeen = seen;
    const young = keys.filter((key) => at - (seen.get(key) ?? at) < SHORT_LIFE_MS);
    return new Set(young.length === keys.length ? [] : young);
  }

  #byPid(): ProcessStat[] {
    const stat = this.#stat(this.#wanted);
    return stat === undefined ? [] : [stat];
  }

  async #byName(signal: AbortSignal): Promise<ProcessStat[]> {
    const fits = new Map<string, boolean>();
    const matching: ProcessStat[] = [];
    for (const pid of readdirSync(this.#proc)) {
      if (!/^\d+$/.test(pid)) continue;
      const stat = this.#stat(pid);
      if (stat === undefined) continue;
      // Another program in the same process has another name.
      const key = `${keyOf(stat)} ${stat.name}`;
      const fit = this.#fits.get(key) ?? (await this.#isWanted(stat, signal));
      fits.set(key, fit);
      if (fit) matching.push(stat);
    }
    this.#fits = fits;
    return matching;
  }

  /** Read at once: these files never wait, and there are hundreds of them. */
  #stat(pid: string): ProcessStat | undefined {
    try {
      return parseProcess(readFileSync(`${this.#proc}/${pid}/stat`, "utf8"));
    } catch (error) {
      if (codeOf(error) === "") throw error;
      // It ended in this moment.
      return undefined;
    }
  }

  async #isWanted({ pid, name }: ProcessStat, signal: AbortSignal): Promise<boolean> {
    const wanted = this.#wanted;
    if (name === wanted) return true;
    const line = await tryProc(`${this.#proc}/${pid}/cmdline`, signal);
    const [program = "", script = ""] = (line ?? "").split("\0");
    if (wanted.length > NAME_LENGTH && name === wanted.slice(0, NAME_LENGTH) && program === "") return true;
    return baseName(program) === wanted || baseName(script) === wanted;
  }

  async #look(stat: ProcessStat, signal: AbortSignal): Promise<Found> {
    const folder = `${this.#proc}/${stat.pid}`;
    const [status, limits, io, fds] = await Promise.all([
      tryProc(`${folder}/status`, signal),
      tryProc(`${folder}/limits`, signal),
      tryProc(`${folder}/io`, signal),
      readdir(`${folder}/fd`).catch((error: unknown) => {
        if (codeOf(error) === "") throw error;
        return undefined;
      }),
    ]);
    const number = (text: string | undefined, pattern: RegExp) => {
      const found = pattern.exec(text ?? "")?.[1];
      return found === undefined ? undefined : Number(found);
    };
    const cores = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status ?? "")?.[1];
    return {
      ...stat,
      memory: kilobytesOf(status ?? "", "VmRSS"),
      cores: cores === undefined ? undefined : countList(cores),
      openFds: fds?.length,
      openFdsMax: number(limits, /^Max open files\s+(\d+)/m),
      read: number(io, /^read_bytes: (\d+)$/m),
      written: number(io, /^write_bytes: (\d+)$/m),
    };
  }
}

function keyOf({ pid, startedAt }: ProcessStat): string {
  return `${pid} ${startedAt}`;
}

function countersOf({ cpu, read, written }: Found): Counters {
  return { cpu, ...(read === undefined ? {} : { read }), ...(written === undefined ? {} : { written }) };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Undefined where none is known. */
function sum(all: readonly Found[], figure: (one: Found) => number | undefined): number | undefined {
  const known = all.map(figure).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}
