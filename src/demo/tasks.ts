export const statuses = ["pending", "in_progress", "completed"] as const;
export type Status = (typeof statuses)[number];

export function isStatus(value: unknown): value is Status {
  return statuses.some((status) => status === value);
}

/** A row: never changed, only replaced. */
export interface Task {
  readonly id: number;
  readonly title: string;
  readonly status: Status;
}

export interface TaskStatistics {
  total: number;
  byStatus: Record<Status, number>;
}

/** Past it a new task takes the place of the oldest, so that a long run does not grow the service. */
export const maxTasks = 100_000;

/** The table of tasks: ids count up from 1 without gaps. */
export class TaskTable {
  readonly #rows = new Map<number, Task>();
  readonly #counts: Record<Status, number> = { pending: 0, in_progress: 0, completed: 0 };
  #lastId = 0;

  /** Begins with `count` tasks, their statuses in turn. */
  constructor(count: number) {
    for (let n = 0; n < count; n++) this.create(`Task ${n + 1}`, statuses[n % statuses.length]);
  }

  create(title: string, status: Status = "pending"): Task {
    const task = { id: ++this.#lastId, title, status };
    this.#rows.set(task.id, task);
    this.#counts[status]++;
    const oldest = this.#rows.get(this.#lastId - maxTasks);
    if (oldest !== undefined) {
      this.#rows.delete(oldest.id);
      this.#counts[oldest.status]--;
    }
    return task;
  }

  get(id: number): Task | undefined {
    return this.#rows.get(id);
  }

  /** The task as it is now, or undefined if there is none with that id. */
  setStatus(id: number, status: Status): Task | undefined {
    const before = this.#rows.get(id);
    if (before === undefined) return undefined;
    const after = { ...before, status };
    this.#rows.set(id, after);
    this.#counts[before.status]--;
    this.#counts[status]++;
    return after;
  }

  /** The newest `limit` tasks, and how many there are in all. */
  list(limit: number, status?: Status): { items: Task[]; total: number } {
    const total = status === undefined ? this.#rows.size : this.#counts[status];
    const items: Task[] = [];
    for (let id = this.#lastId; items.length < Math.min(limit, total); id--) {
      const task = this.#rows.get(id);
      if (task !== undefined && (status === undefined || task.status === status)) items.push(task);
    }
    return { items, total };
  }

  statistics(): TaskStatistics {
    return { total: this.#rows.size, byStatus: { ...this.#counts } };
  }
}
