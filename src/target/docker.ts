import type { Observation } from "../metrics/observation.ts";
import type { Containers, DockerSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import {
  blockIo,
  type ContainerStats,
  type CpuTime,
  coresUsed,
  cpuTimeOf,
  memoryUsed,
  onlineCpus,
  traffic,
} from "./docker-stats.ts";
import { DockerEngine } from "./engine.ts";
import { Filling } from "./filling.ts";
import { type Counters, Instances } from "./instances.ts";
import { Look } from "./look.ts";
import { Remarks } from "./remarks.ts";

/** What `GET /containers/{id}/json` says, as far as it is read. */
interface Inspected {
  Id: string;
  RestartCount?: number;
  State?: { Running?: boolean; Status?: string; StartedAt?: string; ExitCode?: number; OOMKilled?: boolean };
  HostConfig?: { NanoCpus?: number; CpuQuota?: number; CpuPeriod?: number; Memory?: number };
}

/** One running container at one look. */
interface Running {
  at: number;
  inspected: Inspected;
  stats: ContainerStats;
}

/** What is told together, under one `component`. */
interface Component {
  instances: Instances;
  /** By container and start: the CPU time it had used. */
  cpu: Map<string, CpuTime>;
  /** Restarts that the engine made between two looks beyond the one that is seen. */
  unseen: number;
  restartCounts: Map<string, number>;
}

/**
 * Containers by name, or all replicas of a compose service summed, as the engine tells them. CPU is the one of
 * `docker stats`, between two looks.
 */
export class DockerCollector implements Collector {
  readonly name: string;
  readonly kind = "docker";
  readonly #containers: Containers;
  readonly #engine: DockerEngine;
  readonly #remarks: Remarks;
  readonly #components = new Map<string, Component>();

  constructor({ name, engine, timeoutMs, containers }: DockerSource, deps: CollectorDeps) {
    this.name = name;
    this.#containers = containers;
    this.#engine = new DockerEngine(engine, timeoutMs, deps.clock);
    this.#remarks = new Remarks(name, new Filling(deps), deps);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    if (this.#containers.kind === "service") {
      const { service } = this.#containers;
      const ids = await replicasOf(this.#engine, this.#containers, signal);
      const running = await this.#looks(ids, service, signal);
      return this.#tell(service, running);
    }
    const { names } = this.#containers;
    const looks = await Promise.all(
      names.map(async (name) => this.#looks([name], name, signal).catch((error: unknown) => failure(error))),
    );
    const [first, ...others] = looks.filter((look) => look instanceof CollectError);
    if (first !== undefined && others.length + 1 === names.length) throw first;
    return looks.flatMap((look, i) => (look instanceof CollectError ? [] : this.#tell(names[i] ?? "", look)));
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** The running ones of these containers; fails where none of them runs. */
  async #looks(ids: readonly string[], component: string, signal: AbortSignal): Promise<Running[]> {
    const all = await Promise.all(ids.map((id) => this.#look(id, signal)));
    const running = all.filter((one) => "stats" in one);
    const [stopped] = all.filter((one) => !("stats" in one));
    if (stopped !== undefined && !("stats" in stopped)) {
      const { Status = "stopped", ExitCode = 0, OOMKilled = false } = stopped.inspected.State ?? {};
      const why = `${Status}, exit code ${ExitCode}${OOMKilled ? ", killed for its memory" : ""}`;
      this.#remarks.once(
        `${stopped.inspected.Id} ${why}`,
        stopped.at,
        `a container of ${component} does not run (${why})`,
      );
      if (running.length === 0) throw new CollectError("missing", `${component} does not run (${why})`);
    }
    return running;
  }

  async #look(id: string, signal: AbortSignal): Promise<Running | Omit<Running, "stats">> {
    const path = `/containers/${encodeURIComponent(id)}`;
    const { at, content } = await this.#engine.get(`${path}/json`, signal);
    const inspected = content as Inspected;
    if (inspected.State?.Running !== true) return { at, inspected };
    // One shot: the engine does not wait a second to have two figures of its own.
    const stats = await this.#engine.get(`${path}/stats?stream=false&one-shot=true`, signal);
    return { at: stats.at, inspected, stats: stats.content as ContainerStats };
  }

  #tell(name: string, running: readonly Running[]): Observation[] {
    const component = this.#component(name);
    const at = running.reduce((sum, one) => sum + one.at, 0) / running.length;
    const look = new Look(this.name, at, { component: name });
    component.instances.take(new Map(running.map((one) => [keyOf(one), countersOf(one)])));
    this.#tellCpu(component, running, look);
    look.tell(
      "memory_used_bytes",
      sum(running, ({ stats }) => memoryUsed(stats)),
    );
    look.tell("memory_limit_bytes", memoryLimit(running));
    look.tell(
      "threads",
      sum(running, ({ stats }) => stats.pids_stats?.current),
    );
    look.tell("instances", running.length);
    const { instances } = component;
    look.tell("cpu_throttled_seconds_total", instances.total("throttled"));
    look.tell("network_receive_bytes_total", instances.total("received"));
    look.tell("network_transmit_bytes_total", instances.total("sent"));
    look.tell("disk_read_bytes_total", instances.total("read"));
    look.tell("disk_written_bytes_total", instances.total("written"));
    const started = running.map(({ inspected }) => Date.parse(inspected.State?.StartedAt ?? "") / 1000);
    look.tell("process_start_time_seconds", Math.min(...started));
    look.tell("restarts_total", instances.restarts + component.unseen);
    return look.observations;
  }

  #tellCpu(component: Component, running: readonly Running[], look: Look): void {
    const before = component.cpu;
    component.cpu = new Map();
    let used: number | undefined;
    for (const one of running) {
      const key = keyOf(one);
      const now = cpuTimeOf(one.stats.cpu_stats);
      if (now === undefined) continue;
      component.cpu.set(key, now);
      const then = before.get(key) ?? cpuTimeOf(one.stats.precpu_stats);
      if (then !== undefined) used = (used ?? 0) + coresUsed(then, now, onlineCpus(one.stats));
    }
    for (const { inspected } of running) {
      const { Id: id, RestartCount: count = 0 } = inspected;
      component.unseen += Math.max(0, count - (component.restartCounts.get(id) ?? count) - 1);
      component.restartCounts.set(id, count);
    }
    const limit = cpuLimit(running);
    look.tell("cpu_used_cores", used);
    look.tell("cpu_limit_cores", limit);
    look.tell("cpu_utilization_ratio", used === undefined || limit === undefined ? undefined : used / limit);
  }

  #component(name: string): Component {
    let component = this.#components.get(name);
    if (component === undefined) {
      component = { instances: new Instances(), cpu: new Map(), unseen: 0, restartCounts: new Map() };
      this.#components.set(name, component);
    }
    return component;
  }
}

/** The ids of a compose service's containers, by the labels that compose gives them. */
export async function replicasOf(
  engine: DockerEngine,
  { service, project }: Containers & { kind: "service" },
  signal: AbortSignal,
): Promise<string[]> {
  const label = [`com.docker.compose.service=${service}`];
  if (project !== undefined) label.push(`com.docker.compose.project=${project}`);
  const filters = encodeURIComponent(JSON.stringify({ label }));
  const { content } = await engine.get(`/containers/json?all=true&filters=${filters}`, signal);
  const found = (Array.isArray(content) ? content : []) as { Id: string; Labels?: Record<string, string> }[];
  const projects = new Set(found.map(({ Labels }) => Labels?.["com.docker.compose.project"] ?? ""));
  if (projects.size > 1) {
    const names = [...projects].toSorted().join(", ");
    throw new CollectError("missing", `several projects have a service ${service} (${names}): name one with project`);
  }
  if (found.length === 0) throw new CollectError("missing", `no container of a compose service ${service}`);
  return found.map(({ Id }) => Id);
}

/** A container that was started again is another instance: its counters begin anew. */
function keyOf({ inspected }: Running): string {
  return `${inspected.Id} ${inspected.State?.StartedAt ?? ""}`;
}

function countersOf({ stats }: Running): Counters {
  const { received, sent } = traffic(stats) ?? {};
  const throttled = stats.cpu_stats?.throttling_data?.throttled_time;
  return {
    ...blockIo(stats),
    ...(received === undefined || sent === undefined ? {} : { received, sent }),
    ...(throttled === undefined ? {} : { throttled: throttled / 1e9 }),
  };
}

/** Cores that the containers may use together: those of the machine where one of them has no limit. */
function cpuLimit(running: readonly Running[]): number | undefined {
  const cpus = Math.max(...running.map(({ stats }) => onlineCpus(stats)));
  const limits = running.map(({ inspected }) => coresOf(inspected));
  const limit = limits.reduce((total = Number.NaN, one = Number.NaN) => total + one, 0);
  const least = limit !== undefined && limit < cpus ? limit : cpus;
  return least > 0 ? least : undefined;
}

function coresOf({ HostConfig: { NanoCpus = 0, CpuQuota = 0, CpuPeriod = 0 } = {} }: Inspected): number | undefined {
  if (NanoCpus > 0) return NanoCpus / 1e9;
  return CpuQuota > 0 ? CpuQuota / (CpuPeriod || 100_000) : undefined;
}

/** What a container without a limit of its own may use is the machine's memory, which is there once. */
function memoryLimit(running: readonly Running[]): number | undefined {
  if (running.every(({ inspected }) => (inspected.HostConfig?.Memory ?? 0) > 0)) {
    return sum(running, ({ stats }) => stats.memory_stats?.limit);
  }
  return Math.max(...running.map(({ stats }) => stats.memory_stats?.limit ?? Number.NaN));
}

function failure(error: unknown): CollectError {
  if (error instanceof CollectError) return error;
  throw error;
}

/** Undefined where none is known. */
function sum(all: readonly Running[], figure: (one: Running) => number | undefined): number | undefined {
  const known = all.map(figure).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}
