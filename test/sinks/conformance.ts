import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import type { RunEvent, Sink, Tick } from "../../src/runs/sink.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import type { ThresholdState, Verdict } from "../../src/verdict/verdict.ts";
import { ExampleWorker, plan } from "../runs/example-run.ts";

/** A sink under test. */
export interface SinkUnderTest {
  sink: Sink;
  /**
   * Everything it counted, in any form that can be compared; asked for after `stop`. What differs between two runs of the
   * same ticks (times, files) is left out.
   */
  counted(): unknown;
  /** Called at the end of each test. */
  dispose?(): void;
}

/** Names as a hostile target, or a careless scenario, could have them. */
export const hostileTexts = [
  "",
  "\u001b[31mred\u001b[2J\u001b]0;title\u0007",
  "line\r\nbreak\u0000\u2028\u009b1m",
  'quote" back\\slash {{x}} </script>',
  "'; DROP TABLE run; --",
  "\ud800 lone",
  "\u202eright to left",
  "__proto__",
  "constructor",
  "x".repeat(5_000),
];

const anyText = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: "binary", maxLength: 20 }));
const anyNumber = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1e300, Number.NaN, Number.POSITIVE_INFINITY));
const labels = fc.dictionary(fc.constantFrom("pool", "state", "component"), anyText);

const anyPlan: fc.Arbitrary<Plan> = fc
  .tuple(anyText, anyText, anyText)
  .map(([scenario, profile, target]) => ({ ...plan, scenario, profile, target }));

const anyState: fc.Arbitrary<ThresholdState> = fc.record({
  expression: anyText,
  level: fc.constantFrom("target" as const, "critical" as const),
  limit: fc.constant({ operator: "<" as const, value: 1, text: "1s" }),
  value: anyNumber,
  state: fc.constantFrom("ok" as const, "broken" as const, "no_data" as const, "few_samples" as const),
  series: anyText,
  reason: anyText,
});

interface Second {
  requests: { name: string; took: number; detail: string | undefined }[];
  told: Omit<Tick, "snapshot">;
}

const anySecond: fc.Arbitrary<Second> = fc.record({
  requests: fc.array(
    fc.record({
      name: anyText,
      took: fc.double({ min: 0, max: 1e7, noNaN: true }),
      detail: fc.option(anyText, { nil: undefined }),
    }),
    { maxLength: 5 },
  ),
  told: fc.record({
    observations: fc.array(
      fc.record({
        source: anyText,
        metric: fc.constantFrom("up", "db_pool_utilization_ratio", "queue_depth", "memory_used_bytes", "own_thing"),
        labels,
        type: fc.constantFrom("gauge" as const, "counter" as const),
        value: anyNumber,
        at: fc.nat(1e6),
      }),
      { maxLength: 5 },
    ),
    events: fc.array(
      fc.record({
        at: fc.nat(1e6),
        kind: fc.constantFrom<RunEvent["kind"][]>(
          "setup",
          "teardown",
          "stage",
          "scale",
          "check",
          "source",
          "worker",
          "stop",
          "generator",
        ),
        message: anyText,
      }),
      { maxLength: 3 },
    ),
    thresholds: fc.array(anyState, { maxLength: 3 }),
  }),
});

const anyVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ state: fc.constant("passed" as const), warnings: fc.array(anyText) }),
  fc.record({ state: fc.constant("failed" as const), breaches: fc.array(anyText), warnings: fc.array(anyText) }),
  fc.record({
    state: fc.constantFrom("stopped" as const, "inconclusive" as const),
    reasons: fc.array(anyText),
    warnings: fc.array(anyText),
  }),
);

function ticksOf(seconds: readonly Second[]): Tick[] {
  const worker = new ExampleWorker("0");
  const sum = new SnapshotSum();
  return seconds.map(({ requests, told }, second) => {
    const at = (second + 1) * 1000;
    for (const { name, took, detail } of requests) {
      worker.request(name, at, took, detail === undefined ? {} : { failure: { kind: "unknown", detail } });
    }
    worker.gauges(second);
    sum.take(worker.snapshot(at));
    return { snapshot: sum.total(at), ...told };
  });
}

async function tell(under: SinkUnderTest, about: Plan, ticks: readonly Tick[], verdict: Verdict): Promise<unknown> {
  under.sink.start(about);
  for (const tick of ticks) under.sink.write(tick);
  await under.sink.stop(verdict);
  return under.counted();
}

/** What every sink keeps to. `make` gives a fresh one each time. */
export function describeSink(name: string, make: () => SinkUnderTest): void {
  describe(`${name} is a sink`, () => {
    const passed: Verdict = { state: "passed", warnings: [] };
    const seconds: Second[] = ["list", "create", "list"].map((request) => ({
      requests: [
        { name: request, took: 12, detail: undefined },
        { name: request, took: 40, detail: "broken" },
      ],
      told: { observations: [], events: [], thresholds: [] },
    }));

    async function counted(ticks: readonly Tick[]): Promise<unknown> {
      const under = make();
      try {
        return await tell(under, plan, ticks, passed);
      } finally {
        under.dispose?.();
      }
    }

    it("has a name, and is started, told and stopped, also when nothing happened", async () => {
      const under = make();
      expect(under.sink.name).not.toBe("");
      await tell(under, plan, [], passed);
      under.dispose?.();
      await counted(ticksOf([{ requests: [], told: { observations: [], events: [], thresholds: [] } }]));
    });

    it("takes whatever a run brings, hostile text included", async () => {
      await fc.assert(
        fc.asyncProperty(anyPlan, fc.array(anySecond, { maxLength: 4 }), anyVerdict, async (about, all, verdict) => {
          const under = make();
          try {
            await tell(under, about, ticksOf(all), verdict);
          } finally {
            under.dispose?.();
          }
        }),
        { numRuns: 50 },
      );
    });

    it("counts a tick once that is told twice", async () => {
      const ticks = ticksOf(seconds);
      const twice = ticks.flatMap((tick) => [tick, tick]);
      expect(await counted(twice)).toEqual(await counted(ticks));
    });

    it("loses nothing by a tick that it is not told", async () => {
      const ticks = ticksOf(seconds);
      expect(await counted(ticks.slice(-1))).toEqual(await counted(ticks));
    });

    it("counts", async () => {
      const ticks = ticksOf(seconds);
      expect(await counted(ticks)).not.toEqual(await counted(ticks.slice(0, 1)));
    });

    it("leaves what it is told as it was", async () => {
      const ticks = ticksOf(seconds);
      const before = structuredClone(ticks);
      await counted(ticks);
      expect(ticks).toEqual(before);
    });
  });
}
