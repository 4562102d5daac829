import { describe, expect, it } from "vitest";
import type { TrustResult } from "../../src/verdict/trust.ts";
import { decide, type Evidence, exitCode, type ThresholdState } from "../../src/verdict/verdict.ts";
import { counted } from "./evidence.ts";

const trusted: TrustResult = { trusted: true, reasons: [], cpu: 0.2, lag: 0, delay: 0 };
const saturated: TrustResult = { ...trusted, trusted: false, reasons: ["a worker was busy"] };

function state(level: ThresholdState["level"], stands: ThresholdState["state"]): ThresholdState {
  const limit = level === "target" ? { value: 0.5, text: "500ms" } : { value: 1, text: "1s" };
  const base = {
    expression: "max(x) target < 500ms critical < 1s",
    level,
    limit: { operator: "<" as const, ...limit },
  };
  if (stands === "no_data") return { ...base, state: stands, reason: "nobody told" };
  if (stands === "few_samples") return { ...base, state: stands, value: 0.1, reason: "too few" };
  return { ...base, state: stands, value: stands === "ok" ? 0.1 : 1.25, series: 'x{source="app"}' };
}

function verdict(evidence: Partial<Evidence>) {
  return decide({
    states: [],
    trust: trusted,
    snapshot: counted(10, [{ count: 100 }]),
    hasThresholds: true,
    ...evidence,
  });
}

const breach = 'max(x) target < 500ms critical < 1s: was 1.25s in x{source="app"}, critical is < 1s';

describe("decide", () => {
  it.each<[what: string, evidence: Partial<Evidence>, state: string, code: number]>([
    ["all limits hold", { states: [state("target", "ok"), state("critical", "ok")] }, "passed", 0],
    ["a target is missed", { states: [state("target", "broken"), state("critical", "ok")] }, "passed", 0],
    ["a target cannot be judged", { states: [state("target", "few_samples")] }, "passed", 0],
    ["a critical limit is broken", { states: [state("critical", "broken")] }, "failed", 99],
    ["it is broken and stopped", { states: [state("critical", "broken")], stoppedBy: "SIGINT" }, "failed", 99],
    ["it is broken and saturated", { states: [state("critical", "broken")], trust: saturated }, "failed", 99],
    [
      "one is broken, one unknown",
      { states: [state("critical", "no_data"), state("critical", "broken")] },
      "failed",
      99,
    ],
    ["it is stopped", { states: [state("critical", "ok")], stoppedBy: "SIGINT" }, "stopped", 105],
    ["it is stopped and saturated", { stoppedBy: "SIGINT", trust: saturated }, "stopped", 105],
    ["it is stopped before it knew", { stoppedBy: "SIGINT", states: [state("critical", "no_data")] }, "stopped", 105],
    ["the generator is saturated", { states: [state("critical", "ok")], trust: saturated }, "inconclusive", 98],
    ["there is no data", { states: [state("critical", "no_data")] }, "inconclusive", 98],
    ["there are few samples", { states: [state("critical", "few_samples")] }, "inconclusive", 98],
    ["there was no request", { snapshot: counted(10, []) }, "inconclusive", 98],
    ["no thresholds, no failure", { hasThresholds: false }, "passed", 0],
    [
      "no thresholds, one failure",
      { hasThresholds: false, snapshot: counted(1, [{ count: 99 }, { count: 1, failure: "reset" }]) },
      "failed",
      99,
    ],
    ["failures that thresholds admit", { snapshot: counted(1, [{ count: 1, failure: "reset" }]) }, "passed", 0],
    [
      "no thresholds, failures of the generator's own",
      {
        hasThresholds: false,
        trust: saturated,
        snapshot: counted(1, [{ count: 9 }, { count: 9, failure: "generator_fds" }]),
      },
      "inconclusive",
      98,
    ],
    [
      "nothing but requests broken off",
      { snapshot: counted(1, [{ count: 9, failure: "aborted" }]) },
      "inconclusive",
      98,
    ],
  ])("when %s", (_, evidence, expected, code) => {
    const result = verdict(evidence);
    expect(result.state).toBe(expected);
    expect(exitCode(result)).toBe(code);
  });

  it("names what broke, by how much, where, and the limit", () => {
    expect(verdict({ states: [state("critical", "broken")] })).toEqual({
      state: "failed",
      breaches: [breach],
      warnings: [],
    });
  });

  it("warns of a missed target, but not beside the breach of the same threshold", () => {
    expect(verdict({ states: [state("target", "broken"), state("critical", "ok")] }).warnings).toEqual([
      'max(x) target < 500ms critical < 1s: was 1250ms in x{source="app"}, target is < 500ms',
    ]);
    expect(verdict({ states: [state("target", "broken"), state("critical", "broken")] }).warnings).toEqual([]);
    expect(verdict({ states: [state("target", "no_data")] }).warnings).toEqual([
      "max(x) target < 500ms critical < 1s: nobody told",
    ]);
  });

  it("says why it is inconclusive, all of it", () => {
    const result = verdict({
      states: [state("target", "no_data"), state("critical", "no_data")],
      trust: saturated,
      snapshot: counted(1, []),
    });
    expect(result).toEqual({
      state: "inconclusive",
      reasons: ["no request came to its end", "max(x) target < 500ms critical < 1s: nobody told", "a worker was busy"],
      warnings: [],
    });
  });

  it("keeps the doubts of a failed and of a stopped run as warnings", () => {
    expect(verdict({ states: [state("critical", "broken")], trust: saturated }).warnings).toEqual([
      "the figures may be the generator's own: a worker was busy",
    ]);
    expect(verdict({ stoppedBy: "SIGINT", trust: saturated })).toEqual({
      state: "stopped",
      reasons: ["stopped by SIGINT before its end"],
      warnings: ["a worker was busy"],
    });
  });

  it("counts the failures where no threshold admits them", () => {
    const snapshot = counted(1, [{ count: 7 }, { count: 3, failure: "status" }]);
    expect(verdict({ hasThresholds: false, snapshot })).toMatchObject({
      breaches: ["3 of 10 requests failed, and the scenario has no thresholds that admit it"],
    });
  });
});
