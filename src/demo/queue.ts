export interface QueueOptions {
  workers: number;
  /** How long a worker is busy with one job. */
  jobMs: number;
}

export interface QueueStats {
  /** Jobs waiting for a worker. */
  waiting: number;
  /** Jobs that a worker has. */
  active: number;
  workers: number;
  published: number;
  completed: number;
  /** How long the job at the head has waited; 0 when none waits. */
  oldest_age_seconds: number;
  /** Measured, summed over the jobs that were completed. */
  busy_seconds: number;
}

interface Job {
  publishedAt: number;
  done: () => void;
}

/** Jobs that wait for a worker; m workers that need j for each job do m/j jobs a second. */
export class Queue {
  readonly #options: QueueOptions;
  readonly #waiting: Job[] = [];
  #active = 0;
  #published = 0;
  #completed = 0;
  #busyMs = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Resolves when a worker has done the job. */
  publish(): Promise<void> {
    this.#published++;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ publishedAt: performance.now(), done: resolve });
    this.#next();
    return promise;
  }

  stats(): QueueStats {
    const oldest = this.#waiting[0];
    return {
      waiting: this.#waiting.length,
      active: this.#active,
      workers: this.#options.workers,
      published: this.#published,
      completed: this.#completed,
      oldest_age_seconds: oldest === undefined ? 0 : (performance.now() - oldest.publishedAt) / 1000,
      busy_seconds: this.#busyMs / 1000,
    };
  }

  #next(): void {
    if (this.#active === this.#options.workers) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#active++;
    const since = performance.now();
    setTimeout(() => {
      this.#active--;
      this.#completed++;
      this.#busyMs += performance.now() - since;
      job.done();
      this.#next();
    }, this.#options.jobMs);
  }
}
