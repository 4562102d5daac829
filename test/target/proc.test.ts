import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Observation, seriesName } from "../../src/metrics/observation.ts";
import { type Collector, createCollector } from "../../src/target/collector.ts";
import { HostCollector } from "../../src/target/host.ts";
import { countList, parseDisks, parseNetwork, parseProcess } from "../../src/target/proc.ts";
import { ProcessCollector } from "../../src/target/process.ts";
import { Restarts } from "../../src/target/restarts.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { failureOf, testDeps } from "./conformance.ts";

const common = { name: "box", everyMs: 1000, timeoutMs: 800 };
const never = new AbortController().signal;

function values(observations: Observation[]): Record<string, number> {
  return Object.fromEntries(observations.map(({ metric, labels, value }) => [seriesName(metric, labels), value]));
}

/** A /proc of our own. */
class FakeProc {
  readonly path = mkdtempSync(join(tmpdir(), "plimsoll-proc-"));

  write(file: string, text: string): void {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  machine(busy: number, idle: number): void {
    const cores = [0, 1, 2, 3].map((core) => `cpu${core} 0 0 0 0 0 0 0 0 0 0\n`).join("");
    this.write("stat", `cpu  ${busy} 0 0 ${idle} 0 0 0 0 50 0\n${cores}intr 1 2\nbtime 1700000000\n`);
  }

  process(pid: number, name: string, given: { ticks?: number; started?: number; line?: string } = {}): void {
    const { ticks = 0, started = 100, line = `/usr/bin/${name}\0-x\0` } = given;
    const rest = `S 1 1 1 0 -1 4194304 0 0 0 0 ${ticks} 10 0 0 20 0 3 0 ${started} 1000 10`;
    this.write(`${pid}/stat`, `${pid} (${name.slice(0, 15)}) ${rest}\n`);
    this.write(`${pid}/cmdline`, line);
    this.write(`${pid}/status`, `Name:\t${name}\nVmRSS:\t    2048 kB\nThreads:\t3\nCpus_allowed_list:\t0-1\n`);
    this.write(`${pid}/limits`, "Max open files            8                    4096                 files     \n");
    this.write(`${pid}/io`, "rchar: 9\nread_bytes: 4096\nwrite_bytes: 512\n");
    this.write(`${pid}/fd/0`, "");
    this.write(`${pid}/fd/1`, "");
  }

  end(pid: number): void {
    rmSync(join(this.path, String(pid)), { recursive: true });
  }
}

let proc: FakeProc;
let clock: VirtualClock;
beforeEach(() => {
  proc = new FakeProc();
  clock = new VirtualClock();
  proc.machine(0, 0);
});
afterEach(() => rmSync(proc.path, { recursive: true }));

describe("the host", () => {
  function rest(): void {
    proc.write("meminfo", "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n");
    proc.write("loadavg", "1.50 0.37 0.56 1/103 24068\n");
    proc.write("net/dev", "Inter-|\n face |bytes\n lo: 9 1 0 0 0 0 0 0 9 1\n  eth0:100 1 0 0 0 0 0 0 200 1\n");
    proc.write("sys/fs/file-nr", "593 0 2466170\n");
    proc.write("diskstats", "8 0 sda 1 0 10 0 1 0 20 0 0 2500 0\n8 1 sda1 1 0 99 0 1 0 99 0 0 9999 0\n");
  }

  it("is told in the vocabulary's words", async () => {
    rest();
    const collector = new HostCollector({ kind: "host", ...common }, testDeps(clock).deps, proc.path);
    const first = values(await collector.collect(never));
    expect(first).not.toHaveProperty('cpu_utilization_ratio{component="host"}');
    proc.machine(300, 100);
    expect(values(await collector.collect(never))).toEqual({
      'cpu_utilization_ratio{component="host"}': 0.75,
      'cpu_used_cores{component="host"}': 3,
      'cpu_limit_cores{component="host"}': 4,
      'memory_used_bytes{component="host"}': 600 * 1024,
      'memory_limit_bytes{component="host"}': 1000 * 1024,
      'load1{component="host"}': 1.5,
      'threads{component="host"}': 103,
      'network_receive_bytes_total{component="host"}': 100,
      'network_transmit_bytes_total{component="host"}': 200,
      'disk_io_seconds_total{component="host"}': 2.5,
      'disk_read_bytes_total{component="host"}': 5120,
      'disk_written_bytes_total{component="host"}': 10_240,
      'open_fds{component="host"}': 593,
      'open_fds_max{component="host"}': 2_466_170,
    });
  });

  it("agrees with what Node says of this machine", async () => {
    const collector = createCollector({ kind: "host", ...common }, testDeps().deps);
    const seen = values(await collector.collect(never));
    expect(seen['memory_limit_bytes{component="host"}']).toBe(totalmem());
    expect(Math.abs((seen['load1{component="host"}'] ?? 99) - (loadavg()[0] ?? 0))).toBeLessThan(2);
    expect(seen['cpu_limit_cores{component="host"}']).toBeGreaterThanOrEqual(availableParallelism());
  });

  it("has no limit of files where the kernel has none", async () => {
    rest();
    proc.write("sys/fs/file-nr", "593 0 9223372036854775807\n");
    const collector = new HostCollector({ kind: "host", ...common }, testDeps(clock).deps, proc.path);
    expect(values(await collector.collect(never))).not.toHaveProperty('open_fds_max{component="host"}');
  });

  it("says that there is no /proc", async () => {
    const collector = new HostCollector({ kind: "host", ...common }, testDeps().deps, "/no/such/proc");
    expect(await failureOf(collector)).toMatchObject({ reason: "missing", message: expect.stringContaining("Linux") });
  });
});

describe("processes", () => {
  function collectorOf(process: string): Collector {
    return new ProcessCollector({ kind: "process", process, ...common }, testDeps(clock).deps, proc.path);
  }

  async function look(collector: Collector): Promise<Record<string, number>> {
    const observations = await collector.collect(never);
    return Object.fromEntries(observations.map(({ metric, value }) => [metric, value]));
  }

  it("of a name are summed", async () => {
    proc.process(7, "shop");
    proc.process(8, "shop");
    proc.process(9, "other");
    const collector = collectorOf("shop");
    await look(collector);
    await clock.advance(2000);
    proc.process(7, "shop", { ticks: 200 });
    proc.process(8, "shop", { ticks: 100 });
    expect(await look(collector)).toEqual({
      cpu_used_cores: 1.5,
      cpu_utilization_ratio: 0.75,
      cpu_limit_cores: 2,
      memory_used_bytes: 4096 * 1024,
      threads: 6,
      instances: 2,
      open_fds: 4,
      open_fds_max: 16,
      open_fds_utilization_ratio: 0.25,
      disk_read_bytes_total: 8192,
      disk_written_bytes_total: 1024,
      process_start_time_seconds: 1_700_000_001,
      restarts_total: 0,
    });
  });

  const names: [wanted: string, name: string, line: string, fits: boolean][] = [
    ["shop", "shop", "", true],
    ["a-very-long-program-name", "a-very-long-program-name", "/opt/a-very-long-program-name\0", true],
    ["gunicorn", "python3", "/usr/bin/python3\0/usr/local/bin/gunicorn\0app\0", true],
    ["server.js", "node", "node\0dist/server.js\0", true],
    ["shop", "bash", "bash\0-c\0shop --fast\0", false],
    ["shop", "workshop", "/usr/bin/workshop\0", false],
    ["x) (y", "x) (y", "", true],
  ];

  it.each(names)("%s fits %s %j: %s", async (wanted, name, line, fits) => {
    proc.process(7, name, { line });
    const collector = collectorOf(wanted);
    if (fits) expect(await look(collector)).toMatchObject({ instances: 1, threads: 3 });
    else expect(await failureOf(collector)).toMatchObject({ reason: "missing" });
  });

  it("are known by another name once they run another program", async () => {
    proc.process(7, "sh", { line: "sh\0entrypoint.sh\0" });
    const collector = collectorOf("shop");
    await failureOf(collector);
    proc.process(7, "shop");
    expect(await look(collector)).toMatchObject({ instances: 1, restarts_total: 0 });
  });

  it("that restart are counted, also over a gap, and what they used is theirs alone", async () => {
    proc.process(7, "shop", { ticks: 5000 });
    proc.process(8, "shop", { ticks: 5000 });
    const collector = collectorOf("shop");
    const restarts = new Restarts();
    restarts.notice(await collector.collect(never));
    await clock.advance(1000);
    proc.end(7);
    expect(await look(collector)).toMatchObject({ restarts_total: 0, instances: 1 });
    await clock.advance(1000);
    proc.process(12, "shop", { ticks: 40, started: 5000 });
    const observations = await collector.collect(never);
    expect(values(observations)).toMatchObject({
      'restarts_total{component="shop"}': 1,
      'cpu_used_cores{component="shop"}': 0.5,
    });
    expect(restarts.notice(observations)).toContain('restarts_total{component="shop"} rose from 0 to 1');
    proc.end(8);
    proc.end(12);
    await failureOf(collector);
    proc.process(20, "shop", { ticks: 1, started: 9000 });
    const last = await collector.collect(never);
    expect(values(last)).toMatchObject({ 'restarts_total{component="shop"}': 2 });
    expect(restarts.notice(last)).toContain("process_start_time_seconds");
  });

  it("that come and go beside one that stays are no restarts of it, and its own are", async () => {
    proc.process(7, "postgres", { ticks: 100 });
    const collector = collectorOf("postgres");
    await look(collector);
    for (let pid = 100; pid < 105; pid++) {
      proc.process(pid, "postgres", { ticks: 1, started: 10 * pid });
      await clock.advance(1000);
      expect(await look(collector)).toMatchObject({ restarts_total: 0, instances: 2 });
      proc.end(pid);
    }
    proc.process(200, "postgres", { ticks: 1, started: 2000 });
    await clock.advance(1000);
    await look(collector);
    // A connection that stayed is missed when it goes and another comes; so is the one that was there all the time.
    await clock.advance(11_000);
    await look(collector);
    proc.end(200);
    proc.process(201, "postgres", { ticks: 1, started: 2100 });
    await clock.advance(1000);
    expect(await look(collector)).toMatchObject({ restarts_total: 1 });
    // Alone it is the program, however short it lives: a crash loop is told.
    proc.end(7);
    proc.end(201);
    for (let pid = 300; pid < 303; pid++) {
      proc.process(pid, "postgres", { ticks: 1, started: 10 * pid });
      await clock.advance(1000);
      expect(await look(collector)).toMatchObject({ restarts_total: pid - 298, instances: 1 });
      proc.end(pid);
    }
  });

  it("of a pid are one, and a name of digits is a pid", async () => {
    proc.process(7, "shop");
    proc.process(8, "shop");
    expect(await look(collectorOf("7"))).toMatchObject({ instances: 1 });
    expect(await failureOf(collectorOf("70"))).toMatchObject({ message: "no process 70 runs on this machine" });
  });

  it("agree with what a real one says of itself, and its end is a failure", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6); console.log(process.memoryUsage().rss)"]);
    try {
      const [said] = (await once(child.stdout, "data")) as [Buffer];
      const source = { kind: "process", process: String(child.pid), ...common } as const;
      const collector = createCollector(source, testDeps().deps);
      const seen = await look(collector);
      expect(seen["memory_used_bytes"]).toBeGreaterThan(Number(said) / 2);
      expect(seen["memory_used_bytes"]).toBeLessThan(Number(said) * 2);
      expect(seen["threads"]).toBeGreaterThan(1);
      expect(seen["open_fds"]).toBeGreaterThan(2);
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(await failureOf(collector)).toMatchObject({ reason: "missing" });
    } finally {
      child.kill("SIGKILL");
    }
  });
});

describe("/proc", () => {
  it("has networks beside loopback", () => {
    expect(parseNetwork("  lo: 5 0 0 0 0 0 0 0 5\neth0: 1 0 0 0 0 0 0 0 2\nwlan0:3 0 0 0 0 0 0 0 4\n")).toEqual({
      received: 4,
      sent: 6,
    });
  });

  it("has disks, their parts, and what is none", () => {
    const line = (name: string) => `1 1 ${name} 0 0 1 0 0 0 1 0 0 1000 0`;
    const names = ["nvme0n1", "nvme0n1p1", "sda", "sda2", "loop0", "ram3", "vdb"];
    expect(parseDisks(names.map(line).join("\n"))).toEqual({ ioSeconds: 3, read: 1536, written: 1536 });
  });

  it("has lists of cores", () => {
    expect(["0", "0-3", "0-1,4,8-9"].map(countList)).toEqual([1, 4, 5]);
  });

  it("may have been read as a process ended", () => {
    expect(parseProcess("")).toBeUndefined();
  });
});
