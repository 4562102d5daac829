import type { Observation } from "../metrics/observation.ts";
import type { HostSource } from "../scenario/plan-source.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Look } from "./look.ts";
import { kilobytesOf, type MachineTime, parseDisks, parseNetwork, parseStat, readProc, tryProc } from "./proc.ts";

const labels = { component: "host" };

/** This machine, from /proc. What was used is told from the second look on, as it is a difference. */
export class HostCollector implements Collector {
  readonly name: string;
  readonly kind = "host";
  readonly #proc: string;
  readonly #deps: CollectorDeps;
  #before: MachineTime | undefined;

  constructor({ name }: HostSource, deps: CollectorDeps, proc = "/proc") {
    this.name = name;
    this.#deps = deps;
    this.#proc = proc;
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const from = this.#deps.clock.now();
    const read = (path: string) => readProc(`${this.#proc}/${path}`, signal);
    const [stat, memory, load, network, files, disks] = await Promise.all([
      read("stat"),
      read("meminfo"),
      read("loadavg"),
      read("net/dev"),
      read("sys/fs/file-nr"),
      // Containers may have none.
      tryProc(`${this.#proc}/diskstats`, signal),
    ]);
    const at = (from + this.#deps.clock.now()) / 2;
    const look = new Look(this.name, at, labels);
    const time = parseStat(stat);
    const used = usedSince(this.#before, time);
    this.#before = time;
    look.tell("cpu_utilization_ratio", used);
    look.tell("cpu_used_cores", used === undefined ? undefined : used * time.cores);
    look.tell("cpu_limit_cores", time.cores);
    const total = kilobytesOf(memory, "MemTotal");
    const available = kilobytesOf(memory, "MemAvailable");
    if (total !== undefined && available !== undefined) look.tell("memory_used_bytes", total - available);
    look.tell("memory_limit_bytes", total);
    const [load1, , , tasks = ""] = load.split(" ");
    look.tell("load1", Number(load1));
    look.tell("threads", Number(tasks.split("/")[1]));
    const { received, sent } = parseNetwork(network);
    look.tell("network_receive_bytes_total", received);
    look.tell("network_transmit_bytes_total", sent);
    if (disks !== undefined) {
      const { ioSeconds, read, written } = parseDisks(disks);
      look.tell("disk_io_seconds_total", ioSeconds);
      look.tell("disk_read_bytes_total", read);
      look.tell("disk_written_bytes_total", written);
    }
    const [open, , most] = files.trim().split(/\s+/).map(Number);
    look.tell("open_fds", open);
    // The largest number there is stands for "no limit".
    look.tell("open_fds_max", Number.isSafeInteger(most) ? most : undefined);
    return look.observations;
  }

  async close(): Promise<void> {}
}

/** Everything but idle, as the node exporter's dashboards count it. */
function usedSince(before: MachineTime | undefined, now: MachineTime): number | undefined {
  if (before === undefined || now.total <= before.total) return undefined;
  return 1 - (now.idle - before.idle) / (now.total - before.total);
}
