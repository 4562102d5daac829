import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Queue } from "../../src/demo/queue.ts";

describe("the queue", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("does as many jobs at a time as it has workers, in closed form", () => {
    const queue = new Queue({ workers: 3, jobMs: 100 });
    for (let n = 0; n < 10; n++) queue.publish();
    expect(queue.stats()).toMatchObject({ waiting: 7, active: 3, workers: 3, published: 10, completed: 0 });
    vi.advanceTimersByTime(250);
    expect(queue.stats()).toMatchObject({ waiting: 1, active: 3, completed: 6, oldest_age_seconds: 0.25 });
    vi.advanceTimersByTime(150);
    expect(queue.stats()).toMatchObject({ waiting: 0, active: 0, completed: 10, oldest_age_seconds: 0 });
  });

  it("only gathers jobs without workers", () => {
    const queue = new Queue({ workers: 0, jobMs: 1 });
    for (let n = 0; n < 5; n++) queue.publish();
    vi.advanceTimersByTime(1000);
    expect(queue.stats()).toMatchObject({ waiting: 5, active: 0, completed: 0, oldest_age_seconds: 1 });
  });
});
