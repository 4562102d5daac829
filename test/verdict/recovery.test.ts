import { describe, expect, it } from "vitest";
import type { Observation } from "../../src/metrics/observation.ts";
import { duringLoad, Recovery } from "../../src/verdict/recovery.ts";

function observation(metric: string, value: number, at: number): Observation {
  return { source: "app", metric, labels: {}, type: "gauge", value, at };
}

/** A run of 10 s with its values by second; before 0 is the baseline. */
function recovery(series: Record<string, Record<number, number>>): Recovery {
  const followed = new Recovery();
  const all = Object.entries(series).flatMap(([metric, values]) =>
    Object.entries(values).map(([second, value]) => observation(metric, value, Number(second) * 1000)),
  );
  const ordered = all.toSorted((a, b) => a.at - b.at);
  followed.observe(ordered.filter(({ at }) => at <= 10_000));
  followed.loadEnded(10_000);
  followed.observe(ordered.filter(({ at }) => at > 10_000));
  return followed;
}

const QUEUE = 'queue_depth{source="app"}';

describe("recovery", () => {
  it("is when a series is within a tenth of the way from its baseline to its peak, and stays", () => {
    const followed = recovery({
      queue_depth: { [-2]: 4, [-1]: 5, 1: 100, 9: 205, 11: 90, 12: 24, 13: 60, 14: 25, 15: 6 },
    });
    expect(followed.isBack).toBe(true);
    expect(followed.figures(16_000)).toEqual({
      seconds: 4,
      watched: 6,
      series: { [QUEUE]: { baseline: 5, peak: 205, last: 6, seconds: 4 } },
    });
  });

  it("is not told of one look alone, nor where it did not come", () => {
    const once = recovery({ queue_depth: { [-1]: 0, 5: 100, 11: 0 } });
    expect(once.isBack).toBe(false);
    expect(once.figures(12_000).seconds).toBeNull();
    const never = recovery({ queue_depth: { [-1]: 0, 5: 100, 11: 100, 12: 99 } });
    expect(never.figures(70_000)).toMatchObject({ seconds: null, watched: 60, series: { [QUEUE]: { last: 99 } } });
  });

  it("waits for a source that is silent", () => {
    const silent = recovery({ queue_depth: { [-1]: 0, 5: 100 } });
    expect(silent.isBack).toBe(false);
    expect(silent.figures(20_000).series[QUEUE]).toEqual({ baseline: 0, peak: 100, last: null, seconds: null });
  });

  it("without a baseline takes the first value", () => {
    expect(recovery({ queue_depth: { 0: 7, 5: 100, 11: 7, 12: 7 } }).figures(12_000).series[QUEUE]).toMatchObject({
      baseline: 7,
      seconds: 1,
    });
  });

  it("tells of memory and does not wait for it", () => {
    const followed = recovery({
      memory_used_bytes: { [-1]: 1e8, 5: 9e8, 11: 9e8, 12: 9e8 },
      queue_depth: { [-1]: 0, 5: 50, 11: 0, 12: 0 },
    });
    expect(followed.isBack).toBe(true);
    const figures = followed.figures(12_000);
    expect(figures.seconds).toBe(1);
    expect(figures.series['memory_used_bytes{source="app"}']?.seconds).toBeNull();
  });

  it("leaves out what the load did not move, and what is no matter of load", () => {
    const followed = recovery({
      cpu_utilization_ratio: { [-1]: 0.1, 5: 0.13, 11: 0.1, 12: 0.1 },
      db_connections_max: { [-1]: 10, 5: 100, 11: 100, 12: 100 },
    });
    expect(followed.figures(12_000)).toMatchObject({ seconds: 0, series: {} });
  });
});

describe("the load's time", () => {
  it("is from 0 to its end", () => {
    const all = [-1, 0, 5, 10, 11].map((at) => observation("queue_depth", at, at));
    expect(duringLoad(all, 10).map(({ at }) => at)).toEqual([0, 5, 10]);
    expect(duringLoad(all)).toHaveLength(4);
  });
});
