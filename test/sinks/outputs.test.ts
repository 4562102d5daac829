import { describe, expect, it } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { annotations } from "../../src/sinks/annotations.ts";
import { junitXml } from "../../src/sinks/junit.ts";
import { markdown } from "../../src/sinks/markdown.ts";
import { overloadedRun } from "./overloaded-run.ts";

const { summary } = overloadedRun();

/** What a target may say in the hope that somebody renders it. */
const hostile = "]]>\"'<script>alert(1)</script>\u0000\u001b[31m | ![x](http://evil) ::error::x\n::warning::y";

function saying(text: string): Summary {
  const [first] = summary.thresholds;
  if (first === undefined) throw new Error("the example has thresholds");
  return {
    ...summary,
    run: { ...summary.run, scenario: text, labels: { [text]: text } },
    verdict: { ...summary.verdict, breaches: [text], reasons: [text], warnings: [text] },
    thresholds: [{ ...first, expression: text, series: text, state: "broken" }],
    requests: summary.requests.map((one) => ({ ...one, name: text })),
    findings: [{ kind: "sign", claim: text, severity: "warning", evidence: [] }],
  };
}

describe("JUnit", () => {
  it("has a test case for each limit: critical ones fail, what was not judged is an error", async () => {
    await expect(junitXml(summary)).toMatchFileSnapshot("../golden/junit.xml");
  });

  it("says what failed where the scenario has no thresholds", () => {
    const none = { ...summary, thresholds: [], verdict: { ...summary.verdict, reasons: [] } };
    const good = junitXml({ ...none, totals: { ...none.totals, failures: 0 } });
    expect(good).toContain('tests="1" failures="0" errors="0"');
    expect(good).toContain('name="no request fails"');
    expect(junitXml({ ...none, totals: { ...none.totals, failures: 3 } })).toContain(
      'tests="1" failures="1" errors="0"',
    );
  });

  it("stays XML whatever is in it", () => {
    const xml = junitXml(saying(hostile));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML has no way to write
    expect(xml).not.toMatch(/<script|[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    const tags = xml.replace(/<\?[^>]*\?>/, "").match(/<[^>]*>/g) ?? [];
    expect(tags.filter((tag) => !/^<\/?[a-z-]+( [a-z]+="[^"<]*")*\/?>$/.test(tag))).toEqual([]);
  });
});

describe("Markdown", () => {
  it("says verdict, thresholds and requests", async () => {
    await expect(markdown(summary)).toMatchFileSnapshot("../golden/summary.md");
  });

  it("renders nothing that a target says", () => {
    const text = markdown(saying(hostile));
    expect(text).not.toMatch(/(?<!\\)<script/);
    expect(text).not.toMatch(/(?<!\\)!\[|(?<!\\)\]\(/);
    // A row is a row: as many cells as its head has.
    const rows = text.split("\n").filter((line) => line.startsWith("|"));
    const cells = rows.map((row) => row.split(/(?<!\\)\|/).length);
    expect(new Set(cells)).toEqual(new Set([8, 11]));
  });
});

describe("GitHub annotations", () => {
  it("are an error for each breach and a warning for each warning, a line each", () => {
    const lines = annotations(saying(hostile)).trimEnd().split("\n");
    expect(lines.map((line) => line.slice(0, line.indexOf(" ")))).toEqual(["::error", "::error", "::warning"]);
    expect(
      lines.every((line) => line.startsWith("::") && line.includes("%0A%3A%3Awarning") && line.split("::").length > 2),
    ).toBe(true);
  });
});
