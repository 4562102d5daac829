import type { Cache } from "./cache.ts";
import type { Lock } from "./lock.ts";
import type { Outcome, Pool } from "./pool.ts";
import type { Provider } from "./provider.ts";
import type { Queue } from "./queue.ts";

/** A row was written, and a job follows from it; or no connection became free in time. */
export type Written<T> = { kind: "done"; value: T; job: Promise<void> } | { kind: "timeout" };

/** What all the systems stand on: one database with its pool and its lock, one cache, one job queue, one AI provider. */
export class Backend {
  readonly pool: Pool;
  readonly cache: Cache<object | undefined>;
  readonly queue: Queue;
  readonly lock: Lock;
  readonly provider: Provider;
  /** Assignments race and idempotency keys are ignored, as in a service whose authors did not think of them. */
  readonly unsafe: boolean;

  constructor(parts: Pick<Backend, "pool" | "cache" | "queue" | "lock" | "provider" | "unsafe">) {
    this.pool = parts.pool;
    this.cache = parts.cache;
    this.queue = parts.queue;
    this.lock = parts.lock;
    this.provider = parts.provider;
    this.unsafe = parts.unsafe;
  }

  /** From the cache; one query where it does not know. */
  read(key: string, query: () => object | undefined): Promise<Outcome<object | undefined>> {
    return this.cache.through(key, () => this.pool.run(query));
  }

  /** The lock, then one query, then a job for the queue. A `change` that gives undefined found nothing to change: no job. */
  async write<T>(change: () => T): Promise<Written<T>> {
    await this.lock.pass();
    const outcome = await this.pool.run(change);
    if (outcome.kind === "timeout") return outcome;
    const job = outcome.value === undefined ? Promise.resolve() : this.queue.publish();
    return { ...outcome, job };
  }
}
