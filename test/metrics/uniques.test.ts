import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { type Snapshot, SnapshotSum } from "../../src/metrics/snapshot.ts";
import { type NewValues, RunUniques, WorkerUniques } from "../../src/metrics/uniques.ts";
import { hashOf, ValueSet } from "../../src/metrics/value-set.ts";

describe("a set of values", () => {
  it("knows which values have come, as a Set does", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 200 }), (values) => {
        const set = new ValueSet();
        const texts = new Set<string>();
        for (const value of values) {
          const text = JSON.stringify(value);
          expect(set.add(hashOf(value))).toBe(texts.has(text) ? "duplicate" : "new");
          texts.add(text);
        }
      }),
    );
  });

  it("tells apart a hundred thousand, and numbers from texts", () => {
    const set = new ValueSet();
    for (let n = 0; n < 100_000; n++) expect(set.add(hashOf(n))).toBe("new");
    for (let n = 0; n < 100_000; n += 7) expect(set.add(hashOf(n))).toBe("duplicate");
    expect(set.add(hashOf("7"))).toBe("new");
  });

  it("keeps hashes apart that share a half, zeros among them", () => {
    const set = new ValueSet();
    const halves = [0, 1, 256, 0xffffffff];
    const all = halves.flatMap((high) => halves.filter((low) => low !== 0).map((low) => ({ high, low })));
    expect(all.map((one) => set.add(one))).toEqual(all.map(() => "new"));
    expect(all.map((one) => set.add(one))).toEqual(all.map(() => "duplicate"));
  });

  it("says when it is full, and still knows what it has", () => {
    const set = new ValueSet(2);
    expect(["a", "b", "c", "a", "c"].map((value) => set.add(hashOf(value)))).toEqual([
      "new",
      "new",
      "unchecked",
      "duplicate",
      "unchecked",
    ]);
  });
});

const METRIC = "plimsoll_unique_values_total";

/** A run of several workers: what each saw, in the order of the run. */
function workers(count: number) {
  const aggregators = Array.from({ length: count }, (_, n) => new Aggregator(String(n), new ClassicBounds([1])));
  const each = aggregators.map((aggregator) => new WorkerUniques(aggregator));
  const run = new RunUniques();
  const total = (): Snapshot => {
    const sum = new SnapshotSum();
    for (const aggregator of aggregators) sum.take(aggregator.snapshot(0, true));
    const snapshot = sum.total(0);
    run.addTo(snapshot);
    return snapshot;
  };
  const counted = (result: string) => total().counters[`${METRIC}{request="Order",result="${result}"}`] ?? 0;
  return { each, run, counted };
}

describe("values that may come once in the run", () => {
  it("are counted as duplicates exactly, whichever workers saw them, however their messages come", () => {
    const seen = fc.array(fc.record({ worker: fc.nat(2), value: fc.nat(30), tell: fc.boolean() }), { maxLength: 120 });
    fc.assert(
      fc.property(seen, fc.boolean(), (all, twice) => {
        const { each, run, counted } = workers(3);
        const tell = (worker: number) => {
          for (const values of each[worker]?.drain() ?? []) {
            run.take(String(worker), values);
            if (twice) run.take(String(worker), values);
          }
        };
        for (const { worker, value, tell: now } of all) {
          each[worker]?.check("Order", "$.id").add(value);
          if (now) tell(worker);
        }
        for (const worker of [0, 1, 2]) tell(worker);
        const distinct = new Set(all.map(({ value }) => value)).size;
        expect(counted("checked")).toBe(all.length);
        expect(counted("duplicate")).toBe(all.length - distinct);
        expect(counted("unchecked")).toBe(0);
      }),
    );
  });

  it("that came to nobody's knowledge are counted as unchecked", () => {
    const { each, run, counted } = workers(1);
    const check = each[0]?.check("Order", "$.id");
    const told: NewValues[] = [];
    for (const value of [1, 2, 3]) {
      check?.add(value);
      told.push(...(each[0]?.drain() ?? []));
    }
    for (const values of [told[0], told[2]]) run.take("0", values as NewValues);
    expect(counted("unchecked")).toBe(1);
    expect(counted("duplicate")).toBe(0);
  });

  it("are one set for all checks of one request and path, and another for others", () => {
    const { each } = workers(1);
    const [uniques] = each;
    expect(uniques?.check("Order", "$.id").add(1)).toBe(true);
    expect(uniques?.check("Order", "$.id").add(1)).toBe(false);
    expect(uniques?.check("Order", "$.key").add(1)).toBe(true);
    expect(uniques?.check("Assign", "$.id").add(1)).toBe(true);
  });
});
