import { describe, expect, it } from "vitest";
import type { BreachEvidence, Exhibit } from "../../src/metrics/exhibit.ts";
import type { Span } from "../../src/metrics/span.ts";
import { Breaches, type LimitState } from "../../src/target/breach.ts";
import { createCollector } from "../../src/target/collector.ts";
import { Slowest } from "../../src/target/slowest.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { testDeps } from "./conformance.ts";
import { type FakeTable, speakPostgres } from "./fake-postgres.ts";
import { socketServer } from "./socket-server.ts";

const broken = (expression: string, level: LimitState["level"] = "critical"): LimitState => {
  return { expression, level, state: "broken" };
};
const exhibit: Exhibit = { source: "db", title: "queries", at: 0, lines: ["select secret-1"] };

function breaches(ask: (signal: AbortSignal) => Promise<Exhibit[]> = async () => [exhibit]) {
  const clock = new VirtualClock();
  const kept: BreachEvidence[] = [];
  const redact = (text: string) => text.replaceAll("secret-1", "REDACTED");
  return { clock, kept, breaches: new Breaches({ clock, ask, redact, onEvidence: (one) => kept.push(one) }) };
}

describe("evidence at a breach", () => {
  it("is asked for once a limit, in the second in which it breaks", async () => {
    const { clock, kept, breaches: watched } = breaches();
    watched.heed([{ ...broken("a"), state: "ok" }]);
    watched.heed([broken("a"), broken("b", "target")]);
    watched.heed([broken("a"), broken("b", "target")]);
    await clock.advance(6000);
    watched.heed([broken("a"), broken("c", "target")]);
    await clock.advance(100);
    expect(kept.map(({ at, thresholds, level }) => ({ at, thresholds, level }))).toEqual([
      { at: 0, thresholds: ["a"], level: "critical" },
      { at: 6000, thresholds: ["c"], level: "target" },
    ]);
    expect(kept[0]?.exhibits[0]?.lines).toEqual(["select REDACTED"]);
  });

  it("is bounded in a run in which everything breaks", async () => {
    const { clock, kept, breaches: watched } = breaches();
    for (let i = 0; i < 100; i++) {
      watched.heed([broken(`limit ${i}`)]);
      await clock.advance(3000);
    }
    expect(kept).toHaveLength(5);
    expect(Math.min(...kept.slice(1).map(({ at }, i) => at - (kept[i]?.at ?? 0)))).toBeGreaterThanOrEqual(5000);
  });

  it("of a critical limit does not wait for that of a target", async () => {
    const { clock, kept, breaches: watched } = breaches();
    watched.heed([broken("a", "target")]);
    await clock.advance(1000);
    watched.heed([broken("a", "target"), broken("a")]);
    await clock.advance(1000);
    watched.heed([broken("b", "target"), broken("c")]);
    await clock.advance(1);
    expect(kept.map(({ at, level }) => `${at} ${level}`)).toEqual(["0 target", "1000 critical"]);
  });

  it("is given up after two seconds", async () => {
    let signal: AbortSignal | undefined;
    const hangs = (given: AbortSignal) => {
      signal = given;
      return new Promise<Exhibit[]>((resolve) => given.addEventListener("abort", () => resolve([])));
    };
    const { clock, kept, breaches: watched } = breaches(hangs);
    watched.heed([broken("a")]);
    await clock.advance(1900);
    expect(signal?.aborted).toBe(false);
    await clock.advance(200);
    expect(signal?.aborted).toBe(true);
    expect(kept).toEqual([]);
  });
});

describe("the slowest requests", () => {
  const span = (tookMs: number, endedAt: number): Span => ({
    traceId: String(tookMs).padStart(32, "0"),
    spanId: "",
    reason: "slow",
    request: "/pay",
    method: "POST",
    url: "",
    user: "",
    task: "",
    startedAt: endedAt - tookMs,
    endedAt,
    status: 503,
    errorType: "503",
    protocolVersion: "1.1",
  });

  it("are those of the last seconds, with their traces", () => {
    const slowest = new Slowest();
    slowest.add([span(9000, 1000)]);
    for (let i = 1; i <= 100; i++) slowest.add([span(i, 30_000 + i)]);
    const [shown] = slowest.exhibits(31_000);
    expect(shown?.lines).toHaveLength(20);
    expect(shown?.lines[0]).toBe(`0.100 s  POST /pay  503  trace ${"100".padStart(32, "0")}`);
    expect(slowest.exhibits(90_000)).toEqual([]);
  });
});

describe("a database's queries", () => {
  it("are shown without their values", async () => {
    const rows: FakeTable["rows"] = [
      ["2.5", "active", "Lock: transactionid", "42", "41", "update users set email = 'bob@x.org' where id = 7"],
      ["0.1", "idle in transaction", null, "", "42", "select 'password'"],
    ];
    const columns = ["seconds", "state", "waits", "blockers", "pid", "query"];
    const server = await socketServer((socket) => speakPostgres(socket, () => ({ columns, rows })));
    const url = `postgres://bob@127.0.0.1:${server.port}/shop`;
    const source = { kind: "postgres", name: "db", url, metrics: [], everyMs: 1000, timeoutMs: 5000 } as const;
    const collector = createCollector({ ...source, metrics: [] }, testDeps().deps);
    try {
      const [shown] = (await collector.evidence?.(new AbortController().signal)) ?? [];
      expect(shown).toMatchObject({ source: "db", title: "queries" });
      expect(shown?.lines).toEqual([
        "2.500 s  pid 41  active  waits for Lock: transactionid  blocked by 42  update users set email = ? where id = ?",
        "0.100 s  pid 42  idle in transaction  select ?",
      ]);
    } finally {
      await collector.close();
      await server.stop();
    }
  });
});
