import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Provider } from "../../src/demo/provider.ts";

describe("the AI provider", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  const healthy = { latencyMs: 0, rateLimit: 0, errorPercent: 0 };

  it("counts the tokens of what it answers", async () => {
    const provider = new Provider(healthy);
    expect(await provider.complete("x".repeat(41))).toMatchObject({
      kind: "done",
      usage: { prompt_tokens: 11, completion_tokens: 40, total_tokens: 51 },
    });
    await provider.complete("x".repeat(8), 0.5);
    expect(provider.stats()).toMatchObject({ succeeded: 2, failed: 0, promptTokens: 13, completionTokens: 60 });
  });

  it("refuses what comes faster than it admits, which opens no circuit breaker", async () => {
    const provider = new Provider({ ...healthy, rateLimit: 3 });
    const kinds = await Promise.all(Array.from({ length: 20 }, () => provider.complete("x")));
    expect(kinds.filter(({ kind }) => kind === "done").length).toBe(3);
    expect(kinds.filter(({ kind }) => kind === "rate_limited").length).toBe(17);
    expect(provider.stats()).toMatchObject({ succeeded: 3, failed: 0, rateLimited: 17, open: false });
  });

  it("is left alone for 2 s after five failures in a row, then asked once", async () => {
    const provider = new Provider({ ...healthy, errorPercent: 100 });
    for (let n = 0; n < 5; n++) expect(await provider.complete("x")).toEqual({ kind: "failed" });
    expect(await provider.complete("x")).toEqual({ kind: "open" });
    expect(provider.stats()).toMatchObject({ failed: 5, open: true });
    vi.advanceTimersByTime(2001);
    expect(provider.stats().open).toBe(false);
    const kinds = (await Promise.all([provider.complete("x"), provider.complete("x")])).map(({ kind }) => kind);
    expect(kinds).toEqual(["failed", "open"]);
    expect(provider.stats()).toMatchObject({ failed: 6, open: true });
  });

  it("has no latency before the first call", async () => {
    const provider = new Provider(healthy);
    expect(provider.stats().meanSeconds).toBeUndefined();
    await provider.complete("x");
    expect(provider.stats().meanSeconds).toBeGreaterThanOrEqual(0);
  });
});
