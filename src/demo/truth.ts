import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Backend } from "./backend.ts";
import type { Flags } from "./flags.ts";
import type { Leak } from "./leak.ts";
import type { RateLimit } from "./rate-limit.ts";

/** A spot of the service: what it was set to, what was measured, and what follows. */
export interface Spot {
  /** Places at which work is done at the same time. */
  servers: number;
  /** How long one is busy with one, as set. */
  nominal_ms: number;
  /** The same as measured so far: timers run late, and a busy CPU makes them later. null before anything was measured. */
  mean_ms: number | null;
  served: number;
  /** servers / mean_ms, or by nominal_ms before anything was measured; null: without a limit. */
  capacity_per_second: number | null;
}

/** What a load generator should find, from the service itself. */
export interface TruthTold {
  weak: string;
  /** Queries: writes, and reads that the cache cannot answer. */
  pool: Spot;
  /** Requests of the API. Measured is the time for which the service's one thread was busy, a request. */
  cpu: Spot;
  /** Jobs: one for each write. */
  queue: Spot;
  /** Writes. */
  locks: Spot;
  rate_limit: { admitted_per_second: number | null; refused: number };
  cache: { ttl_ms: number; max_keys: number; hits: number; misses: number };
  leak: { bytes_per_request: number; leaked_bytes: number };
}

/** The closed form of each spot, with what was measured of it. */
export class Truth {
  readonly #flags: Flags;
  readonly #backend: Backend;
  readonly #rateLimit: RateLimit;
  readonly #leak: Leak;
  #requests = 0;
  #before: EventLoopUtilization | undefined;

  constructor(flags: Flags, backend: Backend, rateLimit: RateLimit, leak: Leak) {
    this.#flags = flags;
    this.#backend = backend;
    this.#rateLimit = rateLimit;
    this.#leak = leak;
  }

  /** A request of the API was admitted; from the first on the thread's time is counted. */
  requestBegins(): void {
    this.#requests++;
    this.#before ??= performance.eventLoopUtilization();
  }

  tell(): TruthTold {
    const { pool, queue, lock, cache } = this.#backend;
    const connections = pool.status();
    const jobs = queue.stats();
    const { releases, held_seconds } = lock.stats();
    const { hits, misses } = cache.stats();
    const busyMs = this.#before === undefined ? 0 : performance.eventLoopUtilization(this.#before).active;
    const { perSecond, refused } = this.#rateLimit;
    return {
      weak: this.#flags.weak,
      pool: spot(pool.capacity, this.#flags["hold-ms"], 1000 * connections.held_seconds, connections.returned),
      cpu: spot(1, this.#flags["cpu-ms"], busyMs, this.#requests),
      queue: spot(jobs.workers, this.#flags["job-ms"], 1000 * jobs.busy_seconds, jobs.completed),
      locks: spot(1, this.#flags["lock-hold-ms"], 1000 * held_seconds, releases),
      rate_limit: { admitted_per_second: perSecond === 0 ? null : perSecond, refused },
      cache: { ttl_ms: this.#flags["cache-ttl-ms"], max_keys: this.#flags["cache-keys"], hits, misses },
      leak: { bytes_per_request: 1024 * this.#flags["leak-kb"], leaked_bytes: this.#leak.bytes },
    };
  }
}

function spot(servers: number, nominalMs: number, busyMs: number, served: number): Spot {
  const meanMs = served === 0 ? null : busyMs / served;
  const each = meanMs ?? nominalMs;
  return {
    servers,
    nominal_ms: nominalMs,
    mean_ms: meanMs,
    served,
    capacity_per_second: each === 0 ? null : (1000 * servers) / each,
  };
}
