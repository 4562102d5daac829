import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Cache } from "../../src/demo/cache.ts";

const done = <V>(value: V) => ({ kind: "done" as const, value });

describe("the cache", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("loads a key once for as long as it is good", async () => {
    const cache = new Cache<number>({ ttlMs: 1000, maxKeys: 10 });
    const load = vi.fn(async () => done(load.mock.calls.length));
    expect(await cache.through("a", load)).toEqual(done(1));
    vi.advanceTimersByTime(999);
    expect(await cache.through("a", load)).toEqual(done(1));
    vi.advanceTimersByTime(1);
    expect(await cache.through("a", load)).toEqual(done(2));
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 2, hit_rate: 33.33, keys: 1, expirations: 1 });
  });

  it("loads once for all who ask at the same time, each of them a miss", async () => {
    const cache = new Cache<string>({ ttlMs: 1000, maxKeys: 10 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const load = vi.fn(() => promise.then(() => done("rows")));
    const answers = [1, 2, 3].map(() => cache.through("list", load));
    resolve();
    expect(await Promise.all(answers)).toEqual([done("rows"), done("rows"), done("rows")]);
    expect(load).toHaveBeenCalledTimes(1);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 3 });
  });

  it("lets go of what was looked up longest ago", async () => {
    const cache = new Cache<string>({ ttlMs: 1000, maxKeys: 2 });
    const load = vi.fn(async () => done("row"));
    for (const key of ["a", "b", "a", "c"]) await cache.through(key, load);
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 3, keys: 2, evictions: 1 });
    await cache.through("a", load);
    expect(cache.stats()).toMatchObject({ hits: 2 });
    await cache.through("b", load);
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 4 });
  });

  it("keeps neither a timeout nor what was invalidated, and nothing when it is off", async () => {
    const cache = new Cache<string>({ ttlMs: 1000, maxKeys: 2 });
    expect(await cache.through("a", async () => ({ kind: "timeout" }))).toEqual({ kind: "timeout" });
    expect(await cache.through("a", async () => done("old"))).toEqual(done("old"));
    cache.invalidate("a");
    expect(await cache.through("a", async () => done("new"))).toEqual(done("new"));
    for (const options of [
      { ttlMs: 0, maxKeys: 2 },
      { ttlMs: 1000, maxKeys: 0 },
    ]) {
      const off = new Cache<string>(options);
      await off.through("a", async () => done("row"));
      await off.through("a", async () => done("row"));
      expect(off.stats()).toMatchObject({ hits: 0, misses: 2, keys: 0 });
    }
  });

  it("has no hit rate before the first look-up", () => {
    expect(new Cache({ ttlMs: 1, maxKeys: 1 }).stats().hit_rate).toBeNull();
  });
});
