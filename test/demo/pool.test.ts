import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pool } from "../../src/demo/pool.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("the pool", () => {
  it("gives out as many connections as it may and no more, whatever is asked", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.nat(3), fc.nat(20), async (size, maxOverflow, n) => {
        fc.pre(size + maxOverflow > 0);
        const pool = new Pool({ size, maxOverflow, holdMs: 1, timeoutMs: 60_000 });
        const outcomes = range(n).map((i) => pool.run(() => i));
        expect(pool.status()).toMatchObject({
          checked_out: Math.min(n, size + maxOverflow),
          checked_in: Math.max(0, size - n),
          overflow: Math.max(0, Math.min(n - size, maxOverflow)),
          waiting: Math.max(0, n - size - maxOverflow),
        });
        expect(await Promise.all(outcomes)).toEqual(range(n).map((value) => ({ kind: "done", value })));
        expect(pool.status()).toMatchObject({
          checked_out: 0,
          checked_in: size,
          overflow: 0,
          waiting: 0,
          timeouts: 0,
          checkouts: n,
          peak_checked_out: Math.min(n, size + maxOverflow),
        });
      }),
      { numRuns: 30 },
    );
  });

  it("serves those who wait in the order in which they came", async () => {
    const pool = new Pool({ size: 2, maxOverflow: 0, holdMs: 1, timeoutMs: 60_000 });
    const served: number[] = [];
    await Promise.all(range(12).map((i) => pool.run(() => served.push(i))));
    expect(served).toEqual(range(12));
  });

  it("answers a query that waited too long without running it, and forgets it", async () => {
    const pool = new Pool({ size: 1, maxOverflow: 0, holdMs: 200, timeoutMs: 5 });
    const ran: number[] = [];
    const outcomes = range(3).map((i) => pool.run(() => ran.push(i)));
    expect(await Promise.all(outcomes.slice(1))).toEqual([{ kind: "timeout" }, { kind: "timeout" }]);
    expect(pool.status()).toMatchObject({ checked_out: 1, waiting: 0, timeouts: 2 });
    await outcomes[0];
    expect(ran).toEqual([0]);
    expect(pool.status()).toMatchObject({ checked_out: 0, checkouts: 1 });
  });

  it("takes a connection back from a query that throws", async () => {
    const pool = new Pool({ size: 1, maxOverflow: 0, holdMs: 1, timeoutMs: 60_000 });
    const failing = pool.run(() => {
      throw new Error("no such table");
    });
    await expect(failing).rejects.toThrow("no such table");
    expect(await pool.run(() => "next")).toEqual({ kind: "done", value: "next" });
  });
});
