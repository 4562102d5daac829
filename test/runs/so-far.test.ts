import { describe, expect, it } from "vitest";
import { soFar } from "../../src/runs/so-far.ts";
import type { SummaryThreshold } from "../../src/runs/summary.ts";

const totals = { requests: 1, failures: 0, rate: 1, latency: null, service: null, iterations: 1, dropped: 0 };

function limit(
  level: SummaryThreshold["level"],
  state: SummaryThreshold["state"],
  more: Partial<SummaryThreshold> = {},
) {
  const text = level === "critical" ? "500ms" : "250ms";
  return {
    expression: "p95(latency) target < 250ms critical < 500ms",
    level,
    state,
    limit: { operator: "<" as const, value: level === "critical" ? 0.5 : 0.25, text },
    value: state === "no_data" ? null : 0.845,
    ...more,
  };
}

describe("how a run stands, while it goes on", () => {
  it("says first which critical limits are broken, by how much and where", () => {
    const pool = { expression: "max(pool) < 95%", series: 'pool{source="app"}', value: 1 };
    const percent = { limit: { operator: "<" as const, value: 0.95, text: "95%" } };
    const thresholds = [
      limit("target", "broken"),
      limit("critical", "ok"),
      limit("critical", "broken", { ...pool, ...percent }),
    ];
    expect(soFar({ thresholds, totals })).toEqual({
      tone: "bad",
      short: "1 broken",
      says: "1 critical limit is broken; 1 target is missed",
      lines: [
        'max(pool) < 95%: is 100% in pool{source="app"}, critical is < 95%',
        "p95(latency) target < 250ms critical < 500ms: is 845ms, target is < 250ms",
      ],
    });
  });

  it("names a limit whose target is missed too once, by what is worse", () => {
    const thresholds = [limit("target", "broken"), limit("critical", "broken")];
    const { says, lines } = soFar({ thresholds, totals });
    expect(says).toBe("1 critical limit is broken");
    expect(lines).toHaveLength(1);
  });

  it.each([
    ["all limits hold", [limit("critical", "ok")], "good", "1 limit holds so far"],
    [
      "a target is missed",
      [limit("target", "broken"), limit("critical", "ok")],
      "warn",
      "No critical limit is broken; 1 target is missed",
    ],
    [
      "some cannot be judged",
      [limit("critical", "ok"), limit("critical", "few_samples")],
      "good",
      "1 limit holds so far; 1 cannot be judged yet",
    ],
    ["none can be judged", [limit("critical", "no_data")], "plain", "No limit can be judged yet"],
  ] as const)("%s", (_, thresholds, tone, says) => {
    expect(soFar({ thresholds: [...thresholds], totals })).toMatchObject({ tone, says });
  });

  it("says what a limit lacks that has no data", () => {
    const thresholds = [limit("critical", "no_data", { reason: "source app did not answer" }), limit("critical", "ok")];
    expect(soFar({ thresholds, totals }).lines).toEqual([
      "p95(latency) target < 250ms critical < 500ms: source app did not answer",
    ]);
  });

  it("without thresholds goes by failed requests", () => {
    expect(soFar({ thresholds: [], totals }).tone).toBe("plain");
    expect(soFar({ thresholds: [], totals: { ...totals, failures: 2 } })).toMatchObject({
      tone: "bad",
      short: "requests failed",
    });
  });
});
