import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Spot, TruthTold } from "../../src/demo/truth.ts";
import { type PracticeTarget, startPracticeTarget } from "./practice-target.ts";

/** Creates tasks as fast as `clients` at a time can, until `pressed` settles; gives statuses by count. */
async function press(target: PracticeTarget, clients: number, pressed: Promise<void>): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let ended = false;
  const client = async () => {
    while (!ended) {
      const { status } = await target.ask("/api/tasks", { title: "x" });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const clientsEnd = Promise.all(Array.from({ length: clients }, client));
  await pressed.finally(() => {
    ended = true;
  });
  await clientsEnd;
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
    // So few connections that the clients keep all of them wanted on a busy machine, too.
    const target = await startPracticeTarget("--weak", weak, ...(weak === "pool" ? ["--pool", "2"] : []));
    try {
      /** The spot once it has served more than that, and when that was. */
      const served = async (atLeast: number): Promise<Spot & { at: number }> => {
        const spot = (await truthOf(target))[weak];
        return spot.served > atLeast ? { ...spot, at: performance.now() } : served(atLeast);
      };
      const pressing = Promise.withResolvers<void>();
      const pressed = press(target, 30, pressing.promise);
      const before = await served(10);
      const after = await served(before.served + 100);
      pressing.resolve();
      await pressed;
      const seconds = (after.at - before.at) / 1000;
      const more = after.served - before.served;
      const meanMs = ((after.mean_ms ?? 0) * after.served - (before.mean_ms ?? 0) * before.served) / more;
      expect(meanMs).toBeGreaterThanOrEqual(after.nominal_ms - 1);
      const ratio = more / seconds / ((1000 * after.servers) / meanMs);
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
      const statuses = await press(target, 20, setTimeout(1500));
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
      const statuses = await press(target, 10, setTimeout(1000));
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
