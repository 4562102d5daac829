import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RateLimit } from "../../src/demo/rate-limit.ts";

describe("the rate limit", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([5, 50, 400])("admits %i a second and one second's worth more, whatever comes", (perSecond) => {
    const limit = new RateLimit(perSecond);
    let admitted = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      for (let n = 0; n < 3; n++) if (limit.take().admitted) admitted++;
      vi.advanceTimersByTime(1);
    }
    expect(admitted).toBeLessThanOrEqual(perSecond * 11);
    expect(admitted).toBeGreaterThanOrEqual(Math.min(perSecond * 11, 30_000) - 1);
    expect(limit.refused).toBe(30_000 - admitted);
  });

  it("says when to come again, and then admits", () => {
    const limit = new RateLimit(2);
    expect([1, 2, 3].map(() => limit.take())).toEqual([
      { admitted: true, remaining: 1, retryAfterSeconds: 0 },
      { admitted: true, remaining: 0, retryAfterSeconds: 0.5 },
      { admitted: false, remaining: 0, retryAfterSeconds: 0.5 },
    ]);
    vi.advanceTimersByTime(500);
    expect(limit.take().admitted).toBe(true);
  });

  it("admits everything where there is none", () => {
    const limit = new RateLimit(0);
    for (let n = 0; n < 1000; n++) expect(limit.take().admitted).toBe(true);
    expect(limit.refused).toBe(0);
  });
});
