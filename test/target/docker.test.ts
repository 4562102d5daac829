import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seriesName } from "../../src/metrics/observation.ts";
import type { Containers } from "../../src/scenario/plan-source.ts";
import type { CollectReason } from "../../src/target/collect-error.ts";
import { type Collector, createCollector, type SourceEvent } from "../../src/target/collector.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { failureOf, testDeps } from "./conformance.ts";
import { StandInEngine, type StandInFault } from "./stand-in-engine.ts";

const never = new AbortController().signal;
const STARTED = "2026-11-20T10:00:00.5Z";

let engine: StandInEngine;
const closing: Collector[] = [];
beforeEach(async () => {
  engine = new StandInEngine();
  await engine.start();
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((collector) => collector.close()));
  await engine.stop();
});

function collectorOf(
  containers: Containers,
  address = engine.address,
): { collector: Collector; events: SourceEvent[] } {
  const { deps, events } = testDeps();
  const source = { kind: "docker", name: "box", engine: address, containers, everyMs: 1000, timeoutMs: 800 } as const;
  const collector = createCollector(source, deps);
  closing.push(collector);
  return { collector, events };
}

const named = (...names: string[]): Containers => ({ kind: "named", names });

async function look(collector: Collector): Promise<Record<string, number>> {
  const observations = await collector.collect(never);
  return Object.fromEntries(observations.map(({ metric, labels, value }) => [seriesName(metric, labels), value]));
}

interface Given {
  /** Nanoseconds. */
  used: number;
  system: number;
  cpus?: number;
  traffic?: number;
}

/** One answer of `GET /containers/{id}/stats` with cgroup 2. */
function stats({ used, system, cpus = 4, traffic = 0 }: Given): object {
  return {
    read: "2026-11-21T10:00:00.5Z",
    preread: "0001-01-01T00:00:00Z",
    pids_stats: { current: 9, limit: 18_446_744_073_709_552_000 },
    blkio_stats: {
      io_service_bytes_recursive: [
        { major: 254, minor: 0, op: "read", value: 4096 },
        { major: 254, minor: 0, op: "write", value: 512 },
        { major: 259, minor: 0, op: "read", value: 1000 },
      ],
      io_serviced_recursive: null,
    },
    num_procs: 0,
    cpu_stats: {
      cpu_usage: { total_usage: used, usage_in_kernelmode: 1, usage_in_usermode: 1 },
      system_cpu_usage: system,
      online_cpus: cpus,
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 2_500_000_000 },
    },
    precpu_stats: { cpu_usage: { total_usage: 0 }, throttling_data: {} },
    memory_stats: { usage: 1000, stats: { inactive_file: 300, active_file: 100 }, limit: 8000 },
    networks: { eth0: { rx_bytes: 10 + traffic, tx_bytes: 20 }, eth1: { rx_bytes: 1, tx_bytes: 2 } },
  };
}

function add(id: string, name: string, given: Given, more: object = {}) {
  const container = { id, name, startedAt: STARTED, stats: stats(given) as object | undefined, ...more };
  engine.containers.push(container);
  return container;
}

describe("a container", () => {
  it("is told in the vocabulary's words, its CPU as docker stats has it", async () => {
    const backend = add("a1", "backend", { used: 5e9, system: 1000e9 });
    const { collector } = collectorOf(named("backend"));
    expect(await look(collector)).not.toHaveProperty('cpu_used_cores{component="backend"}');
    // In a second four cores pass 4 s of the system's time; 0.5 s of them were the container's: docker stats says 50 %.
    backend.stats = stats({ used: 5.5e9, system: 1004e9, traffic: 90 });
    expect(await look(collector)).toEqual({
      'cpu_used_cores{component="backend"}': 0.5,
      'cpu_limit_cores{component="backend"}': 4,
      'cpu_utilization_ratio{component="backend"}': 0.125,
      'cpu_throttled_seconds_total{component="backend"}': 2.5,
      'memory_used_bytes{component="backend"}': 700,
      'memory_limit_bytes{component="backend"}': 8000,
      'threads{component="backend"}': 9,
      'instances{component="backend"}': 1,
      'network_receive_bytes_total{component="backend"}': 101,
      'network_transmit_bytes_total{component="backend"}': 22,
      'disk_read_bytes_total{component="backend"}': 5096,
      'disk_written_bytes_total{component="backend"}': 512,
      'process_start_time_seconds{component="backend"}': Date.parse(STARTED) / 1000,
      'restarts_total{component="backend"}': 0,
    });
    expect(engine.paths).toContain("/containers/backend/stats?stream=false&one-shot=true");
  });

  it("is told against its own limit of cores", async () => {
    const backend = add("a1", "backend", { used: 0, system: 1e9 }, { nanoCpus: 0.5e9 });
    const { collector } = collectorOf(named("backend"));
    await look(collector);
    backend.stats = stats({ used: 0.5e9, system: 5e9 });
    expect(await look(collector)).toMatchObject({
      'cpu_limit_cores{component="backend"}': 0.5,
      'cpu_utilization_ratio{component="backend"}': 1,
    });
  });

  it("of an engine that sends two moments has its CPU at the first look", async () => {
    const cpu = { cpu_usage: { total_usage: 1e9 }, system_cpu_usage: 10e9, online_cpus: 2 };
    add("a1", "backend", { used: 0, system: 0 }).stats = {
      ...stats({ used: 3e9, system: 14e9, cpus: 2 }),
      precpu_stats: cpu,
    };
    expect(await look(collectorOf(named("backend")).collector)).toMatchObject({
      'cpu_used_cores{component="backend"}': 1,
    });
  });

  const memory: [string, object, number][] = [
    ["cgroup 1", { usage: 1000, stats: { total_inactive_file: 400, inactive_file: 100 } }, 600],
    ["cgroup 2", { usage: 1000, stats: { inactive_file: 100 } }, 900],
    ["a cache that is larger than all", { usage: 1000, stats: { inactive_file: 5000 } }, 1000],
    ["no details", { usage: 1000 }, 1000],
  ];

  it.each(memory)("has its memory without unused files, with %s", async (_, memory_stats, expected) => {
    const container = add("a1", "backend", { used: 0, system: 1 });
    container.stats = { ...stats({ used: 0, system: 1 }), memory_stats };
    const seen = await look(collectorOf(named("backend")).collector);
    expect(seen['memory_used_bytes{component="backend"}']).toBe(expected);
  });

  it("that restarts is counted, and its counters go on", async () => {
    const backend = add("a1", "backend", { used: 9e9, system: 10e9, traffic: 1000 });
    const { collector } = collectorOf(named("backend"));
    await look(collector);
    backend.startedAt = "2026-11-21T10:00:00Z";
    Object.assign(backend, { restartCount: 3 });
    backend.stats = stats({ used: 1e9, system: 14e9, traffic: 1 });
    const seen = await look(collector);
    expect(seen['restarts_total{component="backend"}']).toBe(3);
    expect(seen['network_receive_bytes_total{component="backend"}']).toBe(1011 + 12);
    expect(seen).not.toHaveProperty('cpu_used_cores{component="backend"}');
  });

  it("that does not run says why", async () => {
    add("a1", "backend", { used: 0, system: 0 }, { stats: undefined, exitCode: 137, oomKilled: true });
    expect(await failureOf(collectorOf(named("backend")).collector)).toMatchObject({
      reason: "missing",
      message: "backend does not run (exited, exit code 137, killed for its memory)",
    });
  });

  it("beside one that does not run is told all the same", async () => {
    add("a1", "backend", { used: 0, system: 1 });
    add("a2", "worker", { used: 0, system: 1 }, { stats: undefined, exitCode: 1 });
    const { collector, events } = collectorOf(named("backend", "worker"));
    expect(Object.keys(await look(collector)).every((series) => series.includes('"backend"'))).toBe(true);
    await look(collector);
    expect(events.map(({ message }) => message)).toEqual([
      'source "box": a container of worker does not run (exited, exit code 1)',
    ]);
  });
});

describe("a compose service", () => {
  const labels = (project: string) => ({
    "com.docker.compose.service": "web",
    "com.docker.compose.project": project,
  });

  it("is the sum of its replicas, which come and go", async () => {
    const one = add("a1", "shop-web-1", { used: 0, system: 1e9 }, { labels: labels("shop"), memoryLimit: 8000 });
    add("a2", "shop-web-2", { used: 0, system: 1e9 }, { labels: labels("shop"), memoryLimit: 8000 });
    add("b1", "shop-db-1", { used: 0, system: 1e9 }, { labels: { "com.docker.compose.service": "db" } });
    const { collector } = collectorOf({ kind: "service", service: "web" });
    expect(await look(collector)).toMatchObject({
      'instances{component="web"}': 2,
      'memory_used_bytes{component="web"}': 1400,
      'memory_limit_bytes{component="web"}': 16_000,
      'network_receive_bytes_total{component="web"}': 22,
    });
    one.stats = stats({ used: 1e9, system: 5e9 });
    const [, two] = engine.containers;
    if (two !== undefined) two.stats = stats({ used: 2e9, system: 5e9 });
    expect(await look(collector)).toMatchObject({ 'cpu_used_cores{component="web"}': 3 });
    engine.containers.splice(0, 1);
    expect(await look(collector)).toMatchObject({
      'instances{component="web"}': 1,
      'network_receive_bytes_total{component="web"}': 22,
    });
  });

  it("without limits may use the machine once, not once a replica", async () => {
    add("a1", "shop-web-1", { used: 0, system: 1e9 }, { labels: labels("shop") });
    add("a2", "shop-web-2", { used: 0, system: 1e9 }, { labels: labels("shop") });
    expect(await look(collectorOf({ kind: "service", service: "web" }).collector)).toMatchObject({
      'memory_limit_bytes{component="web"}': 8000,
      'cpu_limit_cores{component="web"}': 4,
    });
  });

  it("of several projects needs a project", async () => {
    add("a1", "shop-web-1", { used: 0, system: 1e9 }, { labels: labels("shop") });
    add("a2", "blog-web-1", { used: 0, system: 1e9 }, { labels: labels("blog") });
    expect(await failureOf(collectorOf({ kind: "service", service: "web" }).collector)).toMatchObject({
      message: "several projects have a service web (blog, shop): name one with project",
    });
    const { collector } = collectorOf({ kind: "service", service: "web", project: "blog" });
    expect(await look(collector)).toMatchObject({ 'instances{component="web"}': 1 });
    expect(await failureOf(collectorOf({ kind: "service", service: "api" }).collector)).toMatchObject({
      reason: "missing",
    });
  });
});

describe("an engine", () => {
  const faults: [string, CollectReason, StandInFault][] = [
    ["that fails", "refused", (_, response) => response.writeHead(500).end('{"message":"it burns"}')],
    ["that knows nothing", "missing", (_, response) => response.writeHead(404).end('{"message":"No such container"}')],
    ["that sends garbage", "parse", (_, response) => response.end("<!doctype html>")],
    ["that sends too much", "parse", (_, response) => response.end(Buffer.alloc(11_000_000, " "))],
    ["that hangs up", "refused", (request) => request.socket.destroy()],
    ["that is none", "parse", (request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n")],
  ];

  it.each(faults)("%s is a gap, and told again once it is back", async (_, reason, fault) => {
    add("a1", "backend", { used: 0, system: 1 });
    const { collector } = collectorOf(named("backend"));
    engine.fault = fault;
    expect(await failureOf(collector)).toMatchObject({ reason });
    engine.fault = undefined;
    expect(await look(collector)).toHaveProperty('threads{component="backend"}');
  });

  it("that hangs is given up when the clock says so", async () => {
    engine.fault = () => {};
    const clock = new VirtualClock();
    const over = new AbortController();
    clock.at(800, () => over.abort());
    const failure = failureOf(collectorOf(named("backend")).collector, over.signal);
    await clock.advance(800);
    expect(await failure).toMatchObject({ reason: "timeout" });
  });

  it("that is not there is told with its address", async () => {
    expect(await failureOf(collectorOf(named("x"), "unix:///no/such.sock").collector)).toMatchObject({
      reason: "refused",
      message: "no Docker engine listens at unix:///no/such.sock (ENOENT)",
    });
    expect(await failureOf(collectorOf(named("x"), "tcp://127.0.0.1:1").collector)).toMatchObject({
      reason: "refused",
    });
  });
});
