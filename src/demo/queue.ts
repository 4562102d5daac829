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
}

/** Jobs that wait for a worker; m workers that need j for each job do m/j jobs a second. */
export class Queue {
  readonly #options: QueueOptions;
  /** When each waiting job was published. */
  readonly #waiting: number[] = [];
  #active = 0;
  #published = 0;
  #completed = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  publish(): void {
    this.#published++;
    this.#waiting.push(performance.now());
    this.#next();
  }

  stats(): QueueStats {
    const oldest = this.#waiting[0];
    return {
      waiting: this.#waiting.length,
      active: this.#active,
      workers: this.#options.workers,
      published: this.#published,
      completed: this.#completed,
      oldest_age_seconds: oldest === undefined ? 0 : (performance.now() - oldest) / 1000,
    };
  }

  #next(): void {
    if (this.#active === this.#options.workers || this.#waiting.shift() === undefined) return;
    this.#active++;
    setTimeout(() => {
      this.#active--;
      this.#completed++;
      this.#next();
    }, this.#options.jobMs);
  }
}
