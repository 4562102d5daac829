/**
 * What the engine says of a container's resources (`GET /containers/{id}/stats`), reckoned as the docker command does in
 * `docker stats` (docker/cli, cli/command/container/stats_helpers.go). Every field may be missing: a container that has just
 * stopped has none.
 */
export interface ContainerStats {
  cpu_stats?: CpuStats;
  precpu_stats?: CpuStats;
  memory_stats?: { usage?: number; limit?: number; stats?: Record<string, number> };
  networks?: Record<string, { rx_bytes?: number; tx_bytes?: number }>;
  blkio_stats?: { io_service_bytes_recursive?: { op?: string; value?: number }[] | null };
  pids_stats?: { current?: number };
}

interface CpuStats {
  cpu_usage?: { total_usage?: number; percpu_usage?: number[] | null };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data?: { throttled_time?: number };
}

/** CPU time that a container and its whole machine had used at a moment, in nanoseconds. */
export interface CpuTime {
  used: number;
  system: number;
}

/** Undefined for a container that does not run. */
export function cpuTimeOf(cpu: CpuStats | undefined): CpuTime | undefined {
  const used = cpu?.cpu_usage?.total_usage;
  const system = cpu?.system_cpu_usage;
  return used === undefined || system === undefined || system <= 0 ? undefined : { used, system };
}

export function onlineCpus({ cpu_stats: cpu }: ContainerStats): number {
  return cpu?.online_cpus || cpu?.cpu_usage?.percpu_usage?.length || 0;
}

/** Cores used between two moments: `docker stats` shows a hundred times it. */
export function coresUsed(before: CpuTime, now: CpuTime, cpus: number): number {
  const used = now.used - before.used;
  const system = now.system - before.system;
  return used > 0 && system > 0 ? (used / system) * cpus : 0;
}

/** Without the cache of files that nobody uses: `total_inactive_file` with cgroup 1, `inactive_file` with cgroup 2. */
export function memoryUsed({ memory_stats: memory }: ContainerStats): number | undefined {
  const usage = memory?.usage;
  if (usage === undefined) return undefined;
  for (const name of ["total_inactive_file", "inactive_file"]) {
    const cache = memory?.stats?.[name];
    if (cache !== undefined && cache < usage) return usage - cache;
  }
  return usage;
}

export function traffic({ networks }: ContainerStats): { received: number; sent: number } | undefined {
  if (networks === undefined) return undefined;
  const all = Object.values(networks);
  return {
    received: all.reduce((sum, { rx_bytes: bytes = 0 }) => sum + bytes, 0),
    sent: all.reduce((sum, { tx_bytes: bytes = 0 }) => sum + bytes, 0),
  };
}

export function blockIo({ blkio_stats: io }: ContainerStats): { read: number; written: number } {
  const bytes = (letter: string) =>
    (io?.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op?.charAt(0).toLowerCase() === letter)
      .reduce((sum, { value = 0 }) => sum + value, 0);
  return { read: bytes("r"), written: bytes("w") };
}
