import { describe, expect, it } from "vitest";
import type { TruthTold } from "../../src/demo/truth.ts";
import { type PracticeTarget, startPracticeTarget } from "./practice-target.ts";

/** Creates tasks as fast as `clients` at a time can, for `ms`; gives statuses by count. */
async function press(target: PracticeTarget, clients: number, ms: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const end = performance.now() + ms;
  const client = async () => {
    while (performance.now() < end) {
      const { status } = await target.ask("/api/tasks", { title: "x" });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return statuses;
}

const truthOf = async (target: PracticeTarget) => (await target.ask("/api/admin/truth")).body as TruthTold;

describe("the truth", () => {
  it("is what was set, before anything was measured", async () => {
    const target = await startPracticeTarget("--weak", "locks", "--pool", "7", "--max-overflow", "3");
    try {
      expect(await truthOf(target)).toEqual({
        weak: "locks",
        pool: { servers: 10, nominal_ms: 5, mean_ms: null, served: 0, capacity_per_second: 2000 },
        cpu: { servers: 1, nominal_ms: 0.1, mean_ms: null, served: 0, capacity_per_second: 10_000 },
        queue: { servers: 50, nominal_ms: 10, mean_ms: null, served: 0, capacity_per_second: 5000 },
        locks: { servers: 1, nominal_ms: 20, mean_ms: null, served: 0, capacity_per_second: 50 },
        rate_limit: { admitted_per_second: null, refused: 0 },
        cache: { ttl_ms: 5000, max_keys: 1000, hits: 0, misses: 0 },
        leak: { bytes_per_request: 0, leaked_bytes: 0 },
      });
    } finally {
      await target.stop();
    }
  });

  // What each spot served in a time in which it was always wanted, against its closed form with the measured mean.
  it.each(["pool", "cpu", "queue", "locks"] as const)("of %s is what it carries when it is pressed", async (weak) => {
    const target = await startPracticeTarget("--weak", weak);
    try {
      const warm = press(target, 30, 2500);
      await expect.poll(async () => (await truthOf(target))[weak].served).toBeGreaterThan(10);
      const before = await truthOf(target);
      const startedAt = performance.now();
      await warm;
      const after = await truthOf(target);
      const seconds = (performance.now() - startedAt) / 1000;
      const [served, was] = [after[weak], before[weak]];
      const carried = (served.served - was.served) / seconds;
      const meanMs =
        ((served.mean_ms ?? 0) * served.served - (was.mean_ms ?? 0) * was.served) / (served.served - was.served);
      expect(meanMs).toBeGreaterThanOrEqual(served.nominal_ms - 1);
      const ratio = carried / ((1000 * served.servers) / meanMs);
      expect(ratio).toBeGreaterThan(0.85);
      expect(ratio).toBeLessThan(1.1);
    } finally {
      await target.stop();
    }
  });

  it("of the rate limit is what it admits, and no more", async () => {
    const target = await startPracticeTarget("--weak", "rate-limit", "--rate-limit", "50");
    try {
      const startedAt = performance.now();
      const statuses = await press(target, 20, 1500);
      const seconds = (performance.now() - startedAt) / 1000;
      const { rate_limit } = await truthOf(target);
      expect(rate_limit).toEqual({ admitted_per_second: 50, refused: statuses.get(429) });
      expect(statuses.get(201)).toBeLessThanOrEqual(50 * (1 + seconds));
      expect(statuses.get(201)).toBeGreaterThan(50 * 1.5);
    } finally {
      await target.stop();
    }
  });

  it("of the leak is what each request leaves behind", async () => {
    const target = await startPracticeTarget("--weak", "leak", "--leak-kb", "64");
    try {
      const memory = async () =>
        Number(/^process_resident_memory_bytes (\S+)/m.exec(await (await fetch(`${target.url}/metrics`)).text())?.[1]);
      const before = await memory();
      const statuses = await press(target, 10, 1000);
      const { leak } = await truthOf(target);
      expect(leak).toEqual({ bytes_per_request: 65_536, leaked_bytes: 65_536 * (statuses.get(201) ?? 0) });
      expect((await memory()) - before).toBeGreaterThan(0.7 * leak.leaked_bytes);
    } finally {
      await target.stop();
    }
  });

  it("of the cache is that every look-up is a query", async () => {
    const target = await startPracticeTarget("--weak", "cache");
    try {
      for (let n = 0; n < 20; n++) await target.ask("/api/tasks?limit=20");
      const { cache, pool } = await truthOf(target);
      expect(cache).toMatchObject({ ttl_ms: 1, misses: pool.served });
      expect(cache.misses).toBeGreaterThan(10);
    } finally {
      await target.stop();
    }
  });
});
