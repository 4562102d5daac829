import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { amount, bytes, duration, rate, runTime, share } from "../../src/metrics/units.ts";
import type { Summary } from "../../src/runs/summary.ts";
import { ConsoleSink } from "../../src/sinks/console.ts";
import type { ConsoleOutput } from "../../src/sinks/console-screen.ts";
import { printSummary } from "../../src/sinks/console-summary.ts";
import { describeSink, hostileTexts } from "./conformance.ts";
import { overloadedRun, plan } from "./overloaded-run.ts";

const ESC = "\u001b";
/** How the console takes its status back: the only control characters of its own beside colours. */
const takeBack = new RegExp(`${ESC}\\[(\\d+)A\\r${ESC}\\[J`, "g");
const colour = new RegExp(`${ESC}\\[\\d+m`);

/** Keeps what is written; `shown` is what a terminal would have on it, escape sequences carried out. */
class Terminal implements ConsoleOutput {
  readonly isTTY: boolean;
  readonly columns: number;
  written = "";

  constructor({ isTTY = false, columns = 100 } = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.written += text;
  }

  get shown(): string {
    const lines: string[] = [];
    for (const token of this.written.replaceAll(takeBack, "\n\r$1\n").split("\n")) {
      if (token.startsWith("\r")) lines.splice(lines.length - 1 - Number(token));
      else lines.push(stripVTControlCharacters(token));
    }
    return lines.join("\n");
  }
}

const run = overloadedRun();

async function told(out: Terminal, options: { color?: boolean } = {}, ticks = run.ticks): Promise<void> {
  const sink = new ConsoleSink(out, options);
  sink.metricsUrl = "http://127.0.0.1:8089/metrics";
  sink.start(plan);
  for (const tick of ticks) sink.write(tick);
  await sink.stop(run.verdict);
}

describe("the console", () => {
  it("tells a run line by line where there is no terminal", async () => {
    const out = new Terminal();
    await told(out);
    printSummary(run.summary, out);
    await expect(out.written).toMatchFileSnapshot("../golden/console-plain.txt");
  });

  it("draws the status in place on a terminal, below what happened", async () => {
    const out = new Terminal({ isTTY: true });
    const sink = new ConsoleSink(out);
    sink.start(plan);
    for (const tick of run.ticks) sink.write(tick);
    await expect(out.shown).toMatchFileSnapshot("../golden/console-terminal.txt");
    await sink.stop(run.verdict);
    expect(out.shown).not.toContain("p95");
    expect(out.shown).toContain("app is down");
  });

  it("keeps every line of a redrawn status within the terminal", async () => {
    const out = new Terminal({ isTTY: true, columns: 60 });
    await told(out, { color: false });
    for (const status of out.written.split(`${ESC}[J`).slice(1)) {
      const drawn = status.split("\n").filter((line) => !line.includes(" is down"));
      for (const line of drawn) expect(stripVTControlCharacters(line).length).toBeLessThan(60);
    }
  });

  it.each([60, 80, 140])("fits its tables into %i columns", async (columns) => {
    const out = new Terminal({ isTTY: true, columns });
    printSummary(run.summary, out, { color: false });
    const [beforeVerdict = ""] = out.written.split("✗ failed");
    const tables = beforeVerdict.split("\n").filter((line) => line.startsWith("  "));
    expect(tables.length).toBeGreaterThan(15);
    for (const line of tables) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(out.written).toMatchFileSnapshot(`../golden/console-summary-${columns}.txt`);
  });

  it("has colours on a terminal alone, and none where they are not wanted", async () => {
    const outputs = [
      { out: new Terminal({ isTTY: true }), color: true, coloured: true },
      { out: new Terminal({ isTTY: true }), color: false, coloured: false },
      { out: new Terminal({ isTTY: false }), color: true, coloured: false },
    ];
    for (const { out, color, coloured } of outputs) {
      await told(out, { color });
      printSummary(run.summary, out, { color });
      expect(colour.test(out.written)).toBe(coloured);
    }
  });

  it("shows figures of the last seconds, not of the run", async () => {
    const out = new Terminal();
    await told(out);
    const line = (time: string) => out.written.split("\n").find((one) => one.trimStart().startsWith(`${time}  users`));
    expect(line("0:40")).toMatch(/p99 +170 ms .* failed +0 %/);
    expect(line("1:05")).toMatch(/p99 +1\.36 s .* failed +5 %/);
  });

  it("shows a source that is down in place of what it said before", async () => {
    const out = new Terminal();
    await told(out);
    const [down] = out.written.split("\n").filter((line) => line.includes("0:30  users"));
    expect(down).toContain("| app down");
    expect(down).not.toContain("pool");
  });
});

describe("a hostile target", () => {
  /** All that may stand in an output that is no terminal's: no control character but the line's end. */
  const harmless = (text: string) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}]/u.test(text.replaceAll("\n", ""));

  it.each(hostileTexts.map((text, number) => ({ number, text })))("cannot drive the terminal: $number", async ({
    text,
  }) => {
    const hostileSummary = JSON.parse(JSON.stringify(run.summary), (key, value) =>
      typeof value === "string" && !["state", "level", "text", "operator"].includes(key) ? text + value + text : value,
    ) as Summary;
    const target = Object.fromEntries(Object.entries(run.summary.target).map(([name, of]) => [`${name}${text}`, of]));
    const events = [{ at: 1000, kind: "source" as const, message: `${text} is down ${text}` }];
    const ticks = run.ticks.slice(0, 5).map((tick) => ({
      ...tick,
      events,
      observations: tick.observations.map((one) => ({ ...one, source: text, value: 0 })),
      thresholds: tick.thresholds.map((one) => ({ ...one, expression: text, state: "broken" as const })),
    }));
    for (const isTTY of [true, false]) {
      const out = new Terminal({ isTTY });
      const sink = new ConsoleSink(out, { color: false });
      sink.start({ ...plan, scenario: text, profile: text, target: text });
      for (const tick of ticks) sink.write(tick);
      await sink.stop({ state: "passed", warnings: [text] });
      printSummary({ ...hostileSummary, target }, out, { color: false });
      // On a terminal what redraws the status is the console's own.
      expect(harmless(out.written.replaceAll(takeBack, ""))).toBe(true);
      expect(out.written).toContain("is down");
    }
  });
});

describe("verdicts in one sentence", () => {
  const passed: Summary = { ...run.summary, totals: { ...run.summary.totals, failures: 0 }, thresholds: [] };
  const verdict: Summary["verdict"] = { state: "passed", exitCode: 0, breaches: [], reasons: [], warnings: [] };
  const cases: [Summary["verdict"], string][] = [
    [{ ...verdict, breaches: [], reasons: [], warnings: [] }, "✓ passed: all 6,500 requests succeeded   exit code 0"],
    [
      { ...verdict, breaches: [], reasons: [], warnings: ["slow"] },
      "✓ passed: all 6,500 requests succeeded, with 1 warning   exit code 0",
    ],
    [
      { ...verdict, state: "failed", exitCode: 99, breaches: ["too slow", "too many"], reasons: [], warnings: [] },
      "✗ failed: too slow   exit code 99\n  too many",
    ],
    [
      { ...verdict, state: "inconclusive", exitCode: 98, reasons: ["no request was made"], breaches: [], warnings: [] },
      "? inconclusive: no request was made   exit code 98",
    ],
    [
      { ...verdict, state: "stopped", exitCode: 105, reasons: ["stopped by SIGINT"], breaches: [], warnings: [] },
      "✗ stopped: stopped by SIGINT   exit code 105",
    ],
  ];
  it.each(cases)("%j", (of, sentence) => {
    const out = new Terminal();
    printSummary({ ...passed, verdict: of }, out);
    expect(out.written.trimEnd().endsWith(sentence)).toBe(true);
  });

  it("what was broken off at the end did not succeed", () => {
    const out = new Terminal();
    printSummary({ ...passed, totals: { ...passed.totals, failures: 3 }, verdict }, out);
    expect(out.written).toContain("✓ passed: all requests succeeded but 3 that were broken off at the end");
  });
});

describe("figures for people", () => {
  it.each([
    [duration(0), "0 s"],
    [duration(0.000_83), "830 µs"],
    [duration(0.000_9999), "1 ms"],
    [duration(0.0123), "12.3 ms"],
    [duration(0.9996), "1 s"],
    [duration(1.236), "1.24 s"],
    [duration(90), "90 s"],
    [duration(150), "2.5 min"],
    [share(0), "0 %"],
    [share(0.84), "84 %"],
    [share(0.000_01), "<0.01 %"],
    [share(0.9999), ">99.9 %"],
    [share(1), "100 %"],
    [rate(0.42), "0.42/s"],
    [rate(3141), "3.14k/s"],
    [rate(999.7), "1k/s"],
    [amount(1_240_000), "1.24M"],
    [bytes(512 * 1024 * 1024), "512 MiB"],
    [bytes(1023.9), "1 KiB"],
    [runTime(42_900), "0:42"],
    [runTime(3_905_000), "1:05:05"],
  ])("%s is %s", (shown, expected) => expect(shown).toBe(expected));
});

describeSink("ConsoleSink", () => {
  const out = new Terminal({ isTTY: true });
  return {
    sink: new ConsoleSink(out),
    counted: () => [...out.written.matchAll(/([\d,]+ requests, [\d,]+ failed)/g)].at(-1)?.[1],
  };
});
