import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TraceContext, type TracedRequest, Tracer } from "../../src/client/trace.ts";
import type { Failure, Sample } from "../../src/metrics/sample.ts";
import type { Span } from "../../src/metrics/span.ts";
import type { TracePlan } from "../../src/scenario/plan.ts";

const nothing: TracePlan = { sample: 0, failed: false };
const told: TracedRequest = {
  request: "/api/tasks/:id",
  method: "GET",
  user: "Boss",
  task: "Read a task",
  protocolVersion: "1.1",
  url: "http://target.test/api/tasks/7",
};
const about = () => told;

function tracer(plan: Partial<TracePlan>, seed = 1, worker = 0, runId = "run-1"): Tracer {
  return new Tracer({ ...nothing, ...plan }, { runId, seed }, worker);
}

function begun(from: Tracer): TraceContext {
  const context = new TraceContext();
  from.begin(context);
  return context;
}

function sample(startedAt: number, tookMs: number, failure?: Failure, status?: number): Sample {
  const endedAt = startedAt + tookMs;
  return { series: 0, intendedAt: startedAt, startedAt, endedAt, status, bytesIn: 0, bytesOut: 0, failure };
}

/** The convention as its definition has it, in whole numbers: the last 56 bits of the id against the threshold. */
function sampledByConvention(traceId: string, ratio: number): boolean {
  return BigInt(`0x${traceId.slice(18)}`) >= BigInt((1 - ratio) * 2 ** 56);
}

describe("the traceparent", () => {
  it("has the form of W3C Trace Context, with ids that are not zero and do not repeat", () => {
    const from = tracer({ sample: 0.5 });
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const context = begun(from);
      expect(context.traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/);
      expect(context.traceparent).toBe(`00-${context.traceId}-${context.spanId}-${context.sampled ? "01" : "00"}`);
      seen.add(context.traceId).add(context.spanId);
    }
    expect(seen.size).toBe(40_000);
  });

  it("differs between workers, seeds and runs, and is the same for the same three", () => {
    const first = begun(tracer({})).traceparent;
    expect(begun(tracer({})).traceparent).toBe(first);
    const others = [begun(tracer({}, 2)), begun(tracer({}, 1, 1)), begun(tracer({}, 1, 0, "run-2"))];
    expect(new Set([first, ...others.map((other) => other.traceparent)]).size).toBe(4);
  });

  it("spreads each hex digit evenly", () => {
    const from = tracer({});
    const rounds = 16_000;
    const counts = new Map<string, number>();
    for (let i = 0; i < rounds; i++) {
      const { traceId, spanId } = begun(from);
      [...(traceId + spanId)].forEach((digit, place) => {
        counts.set(`${place}${digit}`, (counts.get(`${place}${digit}`) ?? 0) + 1);
      });
    }
    expect(counts.size).toBe(48 * 16);
    // 1,000 of each expected, with a deviation of 31: six of them leave one run in a million to chance.
    for (const count of counts.values()) expect(Math.abs(count - rounds / 16)).toBeLessThan(190);
  });
});

describe("the head decision", () => {
  it("samples its share, and by the trace id alone, as the convention has it", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, ratio) => {
        const from = tracer({ sample: ratio }, seed);
        const n = 4000;
        let hits = 0;
        for (let i = 0; i < n; i++) {
          const { sampled, traceId } = begun(from);
          expect(sampled).toBe(sampledByConvention(traceId, ratio));
          if (sampled) hits++;
        }
        // Six deviations of the binomial distribution, and one for where it is no bell.
        expect(Math.abs(hits - n * ratio)).toBeLessThanOrEqual(6 * Math.sqrt(n * ratio * (1 - ratio)) + 6);
      }),
      { numRuns: 30, verbose: true },
    );
  });

  it.each([0, 1])("at a share of %d leaves nothing to chance", (ratio) => {
    const from = tracer({ sample: ratio });
    for (let i = 0; i < 1000; i++) expect(begun(from).sampled).toBe(ratio === 1);
  });

  it("holds what a smaller share holds", () => {
    const small = tracer({ sample: 0.01 });
    const large = tracer({ sample: 0.1 });
    let both = 0;
    for (let i = 0; i < 20_000; i++) {
      const inSmall = begun(small).sampled;
      const inLarge = begun(large).sampled;
      if (inSmall) expect(inLarge).toBe(true);
      if (inSmall && inLarge) both++;
    }
    expect(both).toBeGreaterThan(100);
  });
});

describe("what is kept", () => {
  const failure: Failure = { kind: "reset", detail: "the connection was reset" };
  const plan: TracePlan = { sample: 0, slowerThanMs: 100, failed: true };
  const cases: [what: string, plan: TracePlan, of: Sample, expected: Partial<Span> | undefined][] = [
    ["a quick one that succeeded", plan, sample(5, 100), undefined],
    ["a slow one", plan, sample(5, 101), { reason: "slow", startedAt: 5, endedAt: 106 }],
    ["a failed one", plan, sample(5, 1, failure), { reason: "failed", errorType: "reset" }],
    ["one that is both", plan, sample(5, 200, failure), { reason: "failed" }],
    ["a bad status", plan, sample(5, 1, { kind: "status", detail: "" }, 503), { status: 503, errorType: "503" }],
    ["one that we stopped", plan, sample(5, 1, { kind: "aborted", detail: "" }), undefined],
    ["a failed one, unasked", { ...plan, failed: false }, sample(5, 1, failure), undefined],
    ["a slow one, unasked", nothing, sample(5, 60_000), undefined],
    ["a sampled one", { ...plan, sample: 1 }, sample(5, 1), { reason: "sampled" }],
    [
      "a sampled one that failed",
      { ...plan, sample: 1 },
      sample(5, 1, failure),
      { reason: "sampled", errorType: "reset" },
    ],
  ];

  it.each(cases)("%s", (_, plan, of, expected) => {
    const from = tracer(plan);
    const context = begun(from);
    from.end(context, of, about);
    const { spans, dropped, unsampled } = from.drain();
    expect(spans).toHaveLength(expected === undefined ? 0 : 1);
    expect({ dropped, unsampled }).toEqual({ dropped: 0, unsampled: expected === undefined ? 1 : 0 });
    if (expected === undefined) return;
    const ids = { traceId: context.traceId, spanId: context.spanId };
    expect(spans[0]).toMatchObject({ ...told, ...ids, ...expected });
    expect(structuredClone(spans[0])).toEqual(spans[0]);
  });

  it("asks about kept ones alone", () => {
    const asked = () => {
      throw new Error("not to be asked for");
    };
    const from = tracer(plan);
    for (let i = 0; i < 10; i++) from.end(begun(from), sample(0, 1), asked);
    expect(from.drain().unsampled).toBe(10);
  });

  it("keeps the ids though the context serves the next exchange", () => {
    const from = tracer({ sample: 1 });
    const context = new TraceContext();
    const sent: string[] = [];
    for (let i = 0; i < 3; i++) {
      from.begin(context);
      sent.push(context.traceparent);
      from.end(context, sample(i, 1), about);
    }
    expect(from.drain().spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)).toEqual(sent);
  });
});

describe("limits", () => {
  const failure: Failure = { kind: "reset", detail: "" };

  it("keeps ten failed ones a second, and counts the others as dropped", () => {
    const from = tracer({ failed: true });
    for (let ms = 0; ms < 10_000; ms++) from.end(begun(from), sample(ms, 1, failure), about);
    const { spans, dropped, unsampled } = from.drain();
    expect(spans.length).toBeGreaterThanOrEqual(100);
    expect(spans.length).toBeLessThanOrEqual(110);
    expect(spans.length + dropped).toBe(10_000);
    expect(unsampled).toBe(0);
    // Spread over the time, not its first seconds alone.
    expect(spans.filter(({ startedAt }) => startedAt >= 5000).length).toBeGreaterThanOrEqual(49);
  });

  it("does not limit sampled ones by the rate, but by the room between two drains", () => {
    const from = tracer({ sample: 1 });
    for (let i = 0; i < 5000; i++) from.end(begun(from), sample(0, 1), about);
    const first = from.drain();
    expect(first.spans).toHaveLength(2048);
    expect(first.dropped).toBe(5000 - 2048);
    from.end(begun(from), sample(0, 1), about);
    expect(from.drain()).toMatchObject({ spans: [{ reason: "sampled" }], dropped: 0, unsampled: 0 });
  });

  it("accounts for every exchange, whatever the mixture", () => {
    const exchange = fc.record({ took: fc.integer({ min: 0, max: 300 }), fails: fc.boolean(), drain: fc.boolean() });
    fc.assert(
      fc.property(fc.integer(), fc.array(exchange, { maxLength: 300 }), (seed, exchanges) => {
        const from = tracer({ sample: 0.3, slowerThanMs: 150, failed: true }, seed);
        let accounted = 0;
        const drain = () => {
          const { spans, dropped, unsampled } = from.drain();
          accounted += spans.length + dropped + unsampled;
        };
        for (const { took, fails, drain: now } of exchanges) {
          from.end(begun(from), sample(0, took, fails ? failure : undefined), about);
          if (now) drain();
        }
        drain();
        expect(accounted).toBe(exchanges.length);
      }),
      { verbose: true },
    );
  });
});
