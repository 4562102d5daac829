import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXHIBIT_LINE_LENGTH, EXHIBIT_LINES } from "../../src/metrics/exhibit.ts";
import type { LogsSource } from "../../src/scenario/plan-source.ts";
import { type Collector, createCollector } from "../../src/target/collector.ts";
import { levelOf } from "../../src/target/log-lines.ts";
import { masked, maskedQuery } from "../../src/target/masking.ts";
import { failureOf, testDeps } from "./conformance.ts";
import { logFrame, StandInEngine } from "./stand-in-engine.ts";

const never = new AbortController().signal;

function collectorOf(log: LogsSource["log"], patterns: LogsSource["patterns"] = []) {
  const { deps, events } = testDeps();
  const source = { kind: "logs", name: "log", log, patterns, everyMs: 1000, timeoutMs: 800 } as const;
  return { collector: createCollector(source, deps), events };
}

/** Lines so far by level or pattern, those that there were none of left out. */
async function counted(collector: Collector): Promise<Record<string, number>> {
  const observations = await collector.collect(never);
  const counts = observations.map(({ labels, value }): [string, number] => [
    labels["level"] ?? labels["pattern"] ?? "",
    value,
  ]);
  return Object.fromEntries(counts.filter(([, value]) => value > 0));
}

describe("the level of a line", () => {
  const lines: [line: string, level: string][] = [
    ["2026-11-21 10:00:00,123 ERROR shop.pay: declined", "error"],
    ["2026-11-21T10:00:00Z WARN  [main] c.s.Pool : slow", "warn"],
    ["[2026-11-21 10:00:00 +0000] [7] [INFO] Booting worker", "info"],
    ['INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK', "info"],
    ["WARNING:root:low", "warn"],
    ["2026/11/21 10:00:00 [error] 7#7: *1 connect() failed", "error"],
    ["2026-11-21 10:00:00.000 UTC [33] FATAL:  sorry, too many clients already", "fatal"],
    ["7:M 21 Nov 2026 10:00:00.000 # oom", "other"],
    ['{"level":"error","msg":"x"}', "error"],
    ['{"time":"t","severity":"WARNING","message":"INFO is not it"}', "warn"],
    ['{"level":50,"msg":"pino"}', "error"],
    ['{"level":30,"msg":"an ERROR in the message"}', "info"],
    ['ts=1 level=warn msg="ERROR inside"', "warn"],
    ["time=x lvl=crit msg=x", "fatal"],
    ["    at shop.pay (pay.js:7)", "other"],
    ["GET /error/info 200", "other"],
    ["panic: runtime error: index out of range", "fatal"],
    ["", "other"],
  ];

  it.each(lines)("%s: %s", (line, level) => {
    expect(levelOf(line)).toBe(level);
  });
});

describe("a log file", () => {
  let folder: string;
  let path: string;
  let collector: Collector;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-log-"));
    path = join(folder, "app.log");
    collector = collectorOf({ kind: "file", path }, [{ name: "slow", matches: "took \\d{4,} ms" }]).collector;
  });
  afterEach(async () => {
    await collector.close();
    rmSync(folder, { recursive: true });
  });

  it("is followed from its end, whole lines at a time", async () => {
    writeFileSync(path, "ERROR before\nERROR and bef");
    expect(await counted(collector)).toEqual({});
    appendFileSync(path, "ore\nINFO it took 1200 ms\nWARN half a li");
    expect(await counted(collector)).toEqual({ other: 1, info: 1, slow: 1 });
    appendFileSync(path, "ne\r\nINFO it took 12 ms\n\n");
    expect(await counted(collector)).toEqual({ other: 1, info: 2, warn: 1, slow: 1 });
    expect(await counted(collector)).toEqual({ other: 1, info: 2, warn: 1, slow: 1 });
  });

  it("is followed through rotation, with what was left of the old one", async () => {
    writeFileSync(path, "INFO a\n");
    await counted(collector);
    appendFileSync(path, "ERROR last of the old\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "WARN first of the new\n");
    expect(await counted(collector)).toEqual({ error: 1, warn: 1 });
    appendFileSync(path, "WARN more\n");
    expect(await counted(collector)).toEqual({ error: 1, warn: 2 });
  });

  it("is followed through truncation", async () => {
    writeFileSync(path, "INFO a long line that was there before\n");
    await counted(collector);
    truncateSync(path, 0);
    appendFileSync(path, "ERROR new\n");
    expect(await counted(collector)).toEqual({ error: 1 });
  });

  it("that comes later is read from its beginning, and one that goes is a gap", async () => {
    expect(await failureOf(collector)).toMatchObject({ reason: "missing", message: `no file ${path}` });
    writeFileSync(path, "ERROR first\n");
    expect(await counted(collector)).toEqual({ error: 1 });
    rmSync(path);
    expect(await failureOf(collector)).toMatchObject({ reason: "missing" });
  });

  it("that grows fast is read in bounded pieces, and loses no line", async () => {
    writeFileSync(path, "");
    await counted(collector);
    const line = `INFO ${"x".repeat(94)}\n`;
    appendFileSync(path, line.repeat(100_000));
    const seen: number[] = [];
    for (let look = 0; look < 4; look++) seen.push((await counted(collector))["info"] ?? 0);
    expect(seen[0]).toBeLessThan(100_000);
    expect(seen.at(-1)).toBe(100_000);
  });

  it("whose line never ends costs bounded memory", async () => {
    writeFileSync(path, "");
    await counted(collector);
    appendFileSync(path, `ERROR ${"x".repeat(3_000_000)}`);
    const { error = 0, other = 0 } = await counted(collector);
    expect([error, other]).toEqual([1, 0]);
  });

  it("shows its last lines, bounded and masked", async () => {
    writeFileSync(path, "");
    await counted(collector);
    appendFileSync(path, "INFO x\n".repeat(500));
    appendFileSync(path, `ERROR login failed password=hunter2 ${"y".repeat(1000)}\n`);
    await counted(collector);
    const [exhibit, ...more] = (await collector.evidence?.(never)) ?? [];
    expect(more).toEqual([]);
    expect(exhibit?.lines).toHaveLength(EXHIBIT_LINES);
    const last = exhibit?.lines.at(-1) ?? "";
    expect(last).toContain("ERROR login failed password=REDACTED yyy");
    expect(last.length).toBeLessThan(EXHIBIT_LINE_LENGTH + 20);
  });
});

describe("a container's log", () => {
  let engine: StandInEngine;
  let collector: Collector;
  const time = (seconds: number) => `2026-11-21T10:00:${String(seconds).padStart(2, "0")}.000000001Z`;
  beforeEach(async () => {
    engine = new StandInEngine();
    await engine.start();
    const containers = { kind: "service", service: "web" } as const;
    collector = collectorOf({ kind: "containers", engine: engine.address, containers }).collector;
  });
  afterEach(async () => {
    await collector.close();
    await engine.stop();
  });

  function add(id: string, log: Buffer) {
    const labels = { "com.docker.compose.service": "web" };
    const container = { id, name: id, startedAt: time(0), stats: {}, labels, log };
    engine.containers.push(container);
    return container;
  }

  it("is followed from its end, on both streams, of all replicas", async () => {
    const one = add("a1", logFrame("stdout", time(1), "ERROR before"));
    expect(await counted(collector)).toEqual({});
    one.log = Buffer.concat([one.log, logFrame("stdout", time(2), "INFO a"), logFrame("stderr", time(3), "ERROR b")]);
    expect(await counted(collector)).toEqual({ info: 1, error: 1 });
    expect(await counted(collector)).toEqual({ info: 1, error: 1 });
    add("a2", logFrame("stdout", time(4), "WARN of a new replica"));
    expect(await counted(collector)).toEqual({ info: 1, error: 1, warn: 1 });
    one.log = Buffer.concat([one.log, logFrame("stdout", time(5), "ERROR c")]);
    expect(await counted(collector)).toEqual({ info: 1, error: 2, warn: 1 });
  });

  it("of a terminal has no frames", async () => {
    add("a1", Buffer.alloc(0));
    await counted(collector);
    engine.fault = (request, response) => {
      if (request.url?.includes("/logs")) response.end(`${time(2)} ERROR x\r\n${time(3)} INFO y\r\n`);
      else response.end(JSON.stringify([{ Id: "a1", Labels: {} }]));
    };
    expect(await counted(collector)).toEqual({ error: 1, info: 1 });
  });

  it("of a container that is not there is a gap", async () => {
    expect(await failureOf(collector)).toMatchObject({ reason: "missing" });
  });
});

describe("masking", () => {
  const texts: [text: string, expected: string][] = [
    ["password=hunter2 user=bob", "password=REDACTED user=bob"],
    ['{"api_key": "abc def", "n": 1}', '{"api_key": REDACTED, "n": 1}'],
    ["Authorization: Bearer abcdef.123456", "Authorization: REDACTED abcdef.123456"],
    ["sent bearer abcdef123456 to it", "sent bearer REDACTED to it"],
    ["postgres://bob:hunter2@db/shop", "postgres://REDACTED@db/shop"],
    ["got eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl back", "got REDACTED back"],
    ["key AKIAIOSFODNN7EXAMPLE used", "key REDACTED used"],
    ["used sk-proj-abcdefghijklmnop", "used REDACTED"],
    ["a token of thanks", "a token of thanks"],
    ["200 in 12 ms", "200 in 12 ms"],
  ];

  it.each(texts)("%s", (text, expected) => {
    if (text.startsWith("Authorization")) expect(masked(text)).not.toContain("abcdef.123456");
    else expect(masked(text)).toBe(expected);
  });

  const queries: [text: string, expected: string][] = [
    ["select * from users where email = 'bob@x.org' and id = 42", "select * from users where email = ? and id = ?"],
    ["insert into t values ('it''s', 1.5e3, E'a', $1)", "insert into t values (?, ?, ?, $1)"],
    ["select 'never closed", "select ?"],
    ["select $body$ secret $body$, t1.c2 /* hint */ -- note\nfrom t1", "select ?, t1.c2 from t1"],
  ];

  it.each(queries)("of a query: %s", (text, expected) => {
    expect(maskedQuery(text)).toBe(expected);
  });
});
