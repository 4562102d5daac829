import type { Request } from "../../src/client/client.ts";
import type { ModelledAnswer } from "../../src/client/modelled.ts";
import { randomFrom } from "../../src/load/random.ts";
import type { Observation } from "../../src/metrics/observation.ts";
import { Derivation } from "../../src/target/derive.ts";

/** A modelled service: a database pool behind a cache, a lock for writes, a job queue, one CPU, a rate limit, a memory. */
export interface ServiceSizes {
  pool: number;
  holdMs: number;
  cpuMs: number;
  /** Share of the reads that the cache answers. */
  hits: number;
  /** 0: there is no lock. */
  lockMs: number;
  queueWorkers: number;
  jobMs: number;
  /** Requests admitted a second; 0: all. */
  rateLimit: number;
  /** Growth an hour, as a share of what is used at the start. */
  leakPerHour: number;
  /** Seconds from one garbage collection of a sawtooth to the next; 0: memory is level. */
  sawtoothS: number;
}

/** One in so many requests is a write. */
export const WRITE_SHARE = 0.2;

export const healthy: ServiceSizes = {
  pool: 200,
  holdMs: 5,
  cpuMs: 0.1,
  hits: 0.7,
  lockMs: 0,
  queueWorkers: 100,
  jobMs: 5,
  rateLimit: 0,
  leakPerHour: 0,
  sawtoothS: 0,
};

const MEMORY = 400e6;
const MEMORY_LIMIT = 2e9;
const POOL_TIMEOUT_MS = 5000;

/** Places at which work is done at the same time, first come first served: the start of a job is known when it comes. */
class Station {
  readonly servers: number;
  readonly #free: number[];
  #jobs: { askedAt: number; startsAt: number; endsAt: number }[] = [];
  #asked = 0;
  /** Jobs that have ended and are forgotten. */
  #ended = 0;

  constructor(servers: number) {
    this.servers = servers;
    this.#free = new Array<number>(servers).fill(0);
  }

  /** When it could start; take it by `occupy`. */
  nextStart(askedAt: number): number {
    return Math.max(askedAt, Math.min(...this.#free));
  }

  occupy(askedAt: number, startsAt: number, endsAt: number): void {
    const server = this.#free.indexOf(Math.min(...this.#free));
    this.#free[server] = endsAt;
    this.#jobs.push({ askedAt, startsAt, endsAt });
    this.#asked++;
  }

  /** Asks, waits and works; gives the end. */
  serve(askedAt: number, workMs: number): number {
    const startsAt = this.nextStart(askedAt);
    this.occupy(askedAt, startsAt, startsAt + workMs);
    return startsAt + workMs;
  }

  /** How things stand at a moment; the busy share is of the time since the look before. */
  look(now: number, before: number) {
    const kept = this.#jobs.filter(({ endsAt }) => endsAt > before);
    this.#ended += this.#jobs.length - kept.length;
    this.#jobs = kept;
    const waiting = this.#jobs.filter(({ askedAt, startsAt }) => askedAt <= now && startsAt > now);
    const busy = this.#jobs.filter(({ startsAt, endsAt }) => startsAt <= now && endsAt > now).length;
    const worked = this.#jobs.reduce(
      (sum, { startsAt, endsAt }) => sum + Math.max(0, Math.min(endsAt, now) - Math.max(startsAt, before)),
      0,
    );
    return {
      busy,
      waiting: waiting.length,
      asked: this.#asked,
      ended: this.#ended + kept.filter(({ endsAt }) => endsAt <= now).length,
      oldestMs: Math.max(0, ...waiting.map(({ askedAt }) => now - askedAt)),
      utilization: worked / (this.servers * Math.max(1, now - before)),
    };
  }
}

/** Answers requests in closed form, and tells its own health as sources would. */
export class ModelledService {
  readonly #sizes: ServiceSizes;
  readonly #random: () => number;
  readonly #noise: () => number;
  readonly #pool: Station;
  readonly #cpu = new Station(1);
  readonly #lock = new Station(1);
  readonly #queue: Station;
  readonly #derivation = new Derivation();
  #tokens: number;
  #tokensAt = 0;
  #hits = 0;
  #misses = 0;
  #timeouts = 0;
  #before = 0;

  constructor(sizes: ServiceSizes, seed: number) {
    this.#sizes = sizes;
    this.#random = randomFrom(seed, 0);
    this.#noise = randomFrom(seed, 1);
    this.#pool = new Station(sizes.pool);
    this.#queue = new Station(sizes.queueWorkers);
    this.#tokens = sizes.rateLimit;
  }

  answer = (request: Request, now: number): ModelledAnswer => {
    const { cpuMs, hits, rateLimit } = this.#sizes;
    if (rateLimit > 0 && !this.#admit(now)) return failing(429, 1);
    const ready = this.#cpu.serve(now, this.#around(cpuMs));
    if (request.method === "POST") return this.#write(now, ready);
    if (this.#random() < hits) {
      this.#hits++;
      return { afterMs: ready + 1 - now };
    }
    this.#misses++;
    return this.#query(now, ready, false);
  };

  #write(now: number, ready: number): ModelledAnswer {
    this.#queue.serve(ready, this.#around(this.#sizes.jobMs));
    return this.#query(now, ready, true);
  }

  /** A query holds its connection while it waits for the lock. */
  #query(now: number, ready: number, locks: boolean): ModelledAnswer {
    const { lockMs, holdMs } = this.#sizes;
    const connected = this.#pool.nextStart(ready);
    if (connected - ready > POOL_TIMEOUT_MS) {
      this.#timeouts++;
      return failing(503, ready + POOL_TIMEOUT_MS - now);
    }
    const locked = locks && lockMs > 0 ? this.#lock.serve(connected, this.#around(lockMs)) : connected;
    const done = locked + this.#around(holdMs);
    this.#pool.occupy(ready, connected, done);
    return { afterMs: done - now };
  }

  /** A bucket that holds a second's worth. */
  #admit(now: number): boolean {
    const { rateLimit } = this.#sizes;
    this.#tokens = Math.min(rateLimit, this.#tokens + ((now - this.#tokensAt) / 1000) * rateLimit);
    this.#tokensAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Exponentially distributed. */
  #around(meanMs: number): number {
    return -meanMs * Math.log(1 - this.#random());
  }

  /** What sources say of it now. */
  observe(now: number): Observation[] {
    const before = this.#before;
    this.#before = now;
    const pool = this.#pool.look(now, before);
    const cpu = this.#cpu.look(now, before);
    const lock = this.#lock.look(now, before);
    const queue = this.#queue.look(now, before);
    const one =
      (type: Observation["type"]) =>
      (metric: string, value: number, labels: Record<string, string> = {}) => ({
        source: "app",
        metric,
        labels,
        type,
        value,
        at: now,
      });
    const [gauge, counter] = [one("gauge"), one("counter")];
    const own = [
      gauge("db_pool_connections", pool.busy, { state: "in_use" }),
      gauge("db_pool_connections_max", this.#pool.servers),
      gauge("db_pool_pending_requests", pool.waiting),
      counter("db_pool_timeouts_total", this.#timeouts),
      gauge("cpu_utilization_ratio", Math.min(1, cpu.utilization + 0.02 + 0.03 * this.#noise())),
      gauge("db_locks_waiting", lock.waiting),
      gauge("queue_depth", queue.waiting),
      gauge("queue_unacked", queue.busy),
      counter("queue_published_total", queue.asked),
      counter("queue_consumed_total", queue.ended),
      gauge("queue_oldest_age_seconds", queue.oldestMs / 1000),
      counter("cache_lookups_total", this.#hits, { result: "hit" }),
      counter("cache_lookups_total", this.#misses, { result: "miss" }),
      counter("dependency_rate_limited_total", 0),
      gauge("memory_used_bytes", this.#memory(now)),
      gauge("memory_limit_bytes", MEMORY_LIMIT),
      gauge("open_fds", 60 + Math.round(6 * this.#noise()) + pool.busy),
      gauge("threads", 12),
      gauge("process_start_time_seconds", 1000),
    ];
    return [...this.#derivation.derive(own), gauge("up", 1, { kind: "modelled" })];
  }

  #memory(now: number): number {
    const { leakPerHour, sawtoothS } = this.#sizes;
    const hours = now / 3_600_000;
    const tooth = sawtoothS === 0 ? 0 : 0.5 * ((now / 1000 / sawtoothS) % 1);
    // What is used moves about by half a per cent, and slowly by one.
    const noise = 0.005 * (2 * this.#noise() - 1) + 0.005 * Math.sin(hours * 17);
    return MEMORY * (1 + leakPerHour * hours + tooth + noise);
  }
}

function failing(status: number, afterMs: number): ModelledAnswer {
  return { afterMs, status };
}
