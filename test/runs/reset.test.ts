import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestCount, SnapshotSum } from "../../src/metrics/snapshot.ts";
import { seriesSince } from "../../src/runs/reset.ts";
import { ExampleWorker } from "./example-run.ts";

describe("what was counted since a reset", () => {
  const requests = fc.array(
    fc.record({
      name: fc.constantFrom("a", "b", "c"),
      took: fc.integer({ min: 1, max: 5000 }),
      detail: fc.option(fc.constantFrom("x", "y")),
    }),
    { maxLength: 30 },
  );

  it("is what came after it, by name, outcome, status and error", () => {
    fc.assert(
      fc.property(requests, requests, (before, after) => {
        const [whole, alone] = [new ExampleWorker("0"), new ExampleWorker("0")];
        const send = (worker: ExampleWorker, all: typeof before, at: number) => {
          for (const { name, took, detail } of all) {
            worker.request(name, at, took, detail === null ? {} : { failure: { kind: "status", detail } });
          }
        };
        const at = (worker: ExampleWorker, time: number) => {
          const sum = new SnapshotSum();
          sum.take(worker.snapshot(time));
          return sum.total(time);
        };
        send(whole, before, 10_000);
        const reset = structuredClone(at(whole, 10_000));
        send(whole, after, 20_000);
        send(alone, after, 20_000);
        const told = (series: ReturnType<typeof seriesSince>) =>
          series
            .map((one) => ({
              key: one.key,
              requests: requestCount(one),
              failures: one.failure.response.count,
              statuses: one.statuses,
              errors: one.errors,
              bytes: one.bytesIn,
              details: one.details.map(({ detail, count }) => `${detail} ${count}`).toSorted(),
            }))
            .toSorted((a, b) => (a.key.request < b.key.request ? -1 : 1));
        expect(told(seriesSince(at(whole, 20_000), reset))).toEqual(told(at(alone, 20_000).series));
      }),
      { numRuns: 100 },
    );
  });
});
