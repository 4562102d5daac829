import { describe, expect, it } from "vitest";
import type { BreachEvidence, Exhibit } from "../../src/metrics/exhibit.ts";
import { Breaches } from "../../src/target/breach.ts";
import { VirtualClock } from "../virtual-clock.ts";

const broken = [{ expression: "p95(latency) < 1s", level: "critical", state: "broken" }] as const;

/** Asked once a second while a limit is broken; `shown(n)` is what the nth look finds. */
async function evidence(seconds: number, shown: (look: number) => Exhibit[]) {
  const clock = new VirtualClock();
  const told: BreachEvidence[] = [];
  let looks = 0;
  const breaches = new Breaches({
    clock,
    ask: async () => shown(++looks),
    redact: (text) => text.replaceAll("canary", "REDACTED"),
    onEvidence: (one) => told.push(one),
  });
  for (let second = 0; second < seconds; second++) {
    breaches.heed(broken);
    await clock.advance(1000);
  }
  await breaches.stop();
  return { told, looks };
}

const lines: Exhibit = { source: "log", title: "last log lines", lines: ["ERROR canary"], at: 0 };

describe("evidence at a breach", () => {
  it("is asked for once, however long a limit stays broken", async () => {
    const { told, looks } = await evidence(10, () => [lines]);
    expect(looks).toBe(1);
    expect(told).toMatchObject([{ level: "critical", exhibits: [{ lines: ["ERROR REDACTED"] }] }]);
  });

  it("is asked for again where there was nothing to show yet, as when a run begins", async () => {
    const { told, looks } = await evidence(10, (look) => (look < 3 ? [] : [lines]));
    expect(looks).toBe(3);
    expect(told.map(({ at }) => at)).toEqual([2000]);
  });

  it("is not asked for without end where there never is any", async () => {
    const { told, looks } = await evidence(60, () => []);
    expect({ looks, told }).toEqual({ looks: 6, told: [] });
  });
});
