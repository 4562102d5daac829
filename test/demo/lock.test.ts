import { describe, expect, it } from "vitest";
import { Lock } from "../../src/demo/lock.ts";

describe("the lock", () => {
  it("admits one holder at a time, in the order in which they came", async () => {
    const lock = new Lock(2);
    const passed: number[] = [];
    const all = [0, 1, 2, 3, 4].map((n) => lock.pass().then(() => passed.push(n)));
    expect(lock.stats()).toMatchObject({ held: 1, waiting: 4, releases: 0 });
    await Promise.all(all);
    expect(passed).toEqual([0, 1, 2, 3, 4]);
    const { held_seconds, ...rest } = lock.stats();
    expect(rest).toEqual({ held: 0, waiting: 0, releases: 5 });
    // A timer of Node's may fire up to a millisecond early.
    expect(held_seconds).toBeGreaterThanOrEqual(5 * 0.001);
  });

  it("costs nothing where it is held for 0", async () => {
    const lock = new Lock(0);
    await Promise.all([lock.pass(), lock.pass()]);
    expect(lock.stats()).toEqual({ held: 0, waiting: 0, releases: 0, held_seconds: 0 });
  });
});
