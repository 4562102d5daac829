import fc from "fast-check";
import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { seriesName } from "../../src/metrics/observation.ts";
import { PrometheusText, readSeries, type TextSample, textLimits } from "../../src/target/prometheus-text.ts";

const all = (_name: string) => true;

function parse(text: string | Buffer, format: "text" | "openmetrics" = "text", wanted = all) {
  const page = new PrometheusText(wanted, format);
  page.write(Buffer.from(text));
  return page.end();
}

function samples(text: string, format: "text" | "openmetrics" = "text"): [series: string, value: number][] {
  const result = parse(text, format);
  if (!Array.isArray(result)) throw new Error(`line ${result.line}: ${result.problem}`);
  return result.map(({ name, labels, value }) => [seriesName(name, labels), value]);
}

describe("Prometheus text", () => {
  it.each<[name: string, line: string, series: string, value: number]>([
    ["a bare one", "up 1", "up", 1],
    ["labels", 'a{b="1",c="2"} 3', 'a{b="1",c="2"}', 3],
    ["a comma at the end", 'a{b="1",} 3', 'a{b="1"}', 3],
    ["no labels in braces", "a{} 3", "a", 3],
    ["spaces everywhere", ' a { b = "1" , c = "2" }   3   ', 'a{b="1",c="2"}', 3],
    ["tabs", 'a\t{b="1"}\t3', 'a{b="1"}', 3],
    ["a timestamp", "a 3 1700000000000", "a", 3],
    ["a negative timestamp", "a 3 -5", "a", 3],
    ["a Windows line end", "a 3\r", "a", 3],
    ["escapes", 'a{b="\\\\ \\" \\n"} 3', 'a{b="\\\\ \\" \\n"}', 3],
    ["a backslash that escapes nothing", 'a{b="C:\\dir"} 3', 'a{b="C:\\\\dir"}', 3],
    ["braces and commas in a value", 'a{b="},{=\\"# "} 3', 'a{b="},{=\\"# "}', 3],
    ["other scripts", 'a{b="Grüße 🚢"} 3', 'a{b="Grüße 🚢"}', 3],
    ["a name in quotes", '{"my.name",b="1"} 3', 'my.name{b="1"}', 3],
    ["a label's name in quotes", 'a{"b.c"="1"} 3', 'a{b.c="1"}', 3],
    ["a label named as of an object", 'a{__proto__="1",constructor="2"} 3', 'a{__proto__="1",constructor="2"}', 3],
    ["colons", "job:a:rate5m 3", "job:a:rate5m", 3],
    ["an exponent", "a 1.5e+06", "a", 1.5e6],
    ["a point before", "a .5", "a", 0.5],
    ["a point behind", "a 5.", "a", 5],
    ["a sign", "a -0.25", "a", -0.25],
    ["NaN", "a NaN", "a", Number.NaN],
    ["infinity", "a +Inf", "a", Number.POSITIVE_INFINITY],
    ["minus infinity", "a -Inf", "a", Number.NEGATIVE_INFINITY],
    ["infinity in lower case", "a inf", "a", Number.POSITIVE_INFINITY],
    ["an exemplar", 'a_total 3 # {trace_id="4bf9",x="#"} 0.5 1700000000.5', "a_total", 3],
    ["an exemplar after a timestamp", 'a_total 3 1700 # {trace_id="4bf9"} 0.5', "a_total", 3],
  ])("reads %s", (_, line, series, value) => {
    expect(samples(`${line}\n`)).toEqual([[series, value]]);
    expect(samples(line)).toEqual([[series, value]]);
  });

  it.each<[name: string, page: string, line: number, problem: string]>([
    ["a web page", "\n<!doctype html>", 2, "<!doctype"],
    ["JSON", '{"status":"ok"}', 1, "expected"],
    ["one word", "OK", 1, "number"],
    ["no value", "up 1\nup{}", 2, "expected a number after up"],
    ["words for a value", "up down", 1, '"down"'],
    ["an open brace", 'a{b="1" 3', 1, '","'],
    ["an open quote", 'a{b="1} 3', 1, "label b"],
    ["a label without a value", "a{b} 3", 1, "label b"],
    ["a label twice", 'a{b="1",b="2"} 3', 1, "twice"],
    ["a name with a dash", "a-b 3", 1, "expected"],
    ["two values", "a 1 2 3", 1, "end of the line"],
    ["a date for a timestamp", "a 1 2026-11-21", 1, "timestamp"],
    ["a hexadecimal number", "a 0x10", 1, "0x10"],
    ["a line without end", `a{b="${"x".repeat(textLimits.lineLength)}"} 1`, 1, "characters"],
    ["too many lines", "a 1\n".repeat(textLimits.lines + 1), textLimits.lines + 1, "200000 lines"],
  ])("says which line is wrong: %s", (_, page, line, problem) => {
    expect(parse(page)).toEqual({ line, problem: expect.stringContaining(problem) });
  });

  it("keeps only what is wanted, and reads the other lines over", () => {
    const page = 'a 1\nb{broken 2\n# TYPE a gauge\na{x="1"} 2\naa 3\n';
    expect(parse(page, "text", (name) => name === "a")).toEqual([
      { name: "a", labels: {}, value: 1 },
      { name: "a", labels: { x: "1" }, value: 2 },
    ]);
  });

  it("takes an OpenMetrics page to its # EOF, and notices one that was cut off", () => {
    const page = '# TYPE a counter\n# UNIT a seconds\na_total{b="1"} 3 # {trace_id="4bf9"} 1\na_created 1.7e9\n';
    expect(samples(`${page}# EOF\n`, "openmetrics")).toEqual([
      ['a_total{b="1"}', 3],
      ["a_created", 1.7e9],
    ]);
    expect(samples(`${page}# EOF`, "openmetrics")).toHaveLength(2);
    expect(parse(page, "openmetrics")).toMatchObject({ problem: expect.stringContaining("cut off") });
    expect(parse(`${page}# EOF\nb 1\n`, "openmetrics")).toMatchObject({ line: 6 });
  });

  it("stops at its limit of bytes, piece by piece", () => {
    const page = new PrometheusText(all);
    const piece = Buffer.from(`${"#".repeat(9_999)}\n`);
    let taken = 0;
    while (page.write(piece)) taken += piece.length;
    expect(taken).toBe(textLimits.bytes);
    expect(page.end()).toMatchObject({ problem: expect.stringContaining("20 MB") });
  });

  it("reads what prom-client writes", async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    new Counter({ name: "calls_total", help: 'a "help"\nof two', labelNames: ["to"], registers: [registry] })
      .labels('a\\b"c\nd')
      .inc(7);
    new Gauge({ name: "level", help: "l", registers: [registry] }).set(Number.NaN);
    const histogram = new Histogram({ name: "took_seconds", help: "t", buckets: [1, 2], registers: [registry] });
    histogram.observe(1.5);
    const read = new Map(samples(await registry.metrics()));
    expect(read.get('calls_total{to="a\\\\b\\"c\\nd"}')).toBe(7);
    expect(read.get("level")).toBeNaN();
    expect(read.get('took_seconds_bucket{le="2"}')).toBe(1);
    expect(read.get('took_seconds_bucket{le="+Inf"}')).toBe(1);
    expect(read.get("took_seconds_sum")).toBe(1.5);
    expect(read.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  });

  it("reads what prom-client writes as OpenMetrics, exemplars and all", async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const took = new Histogram({
      name: "took_seconds",
      help: "t",
      buckets: [1, 2],
      enableExemplars: true,
      registers: [registry],
    });
    took.observe({ value: 1.5, exemplarLabels: { trace_id: "4bf92f3577b34da6" } });
    const text = await registry.metrics();
    expect(text).toContain("# {trace_id=");
    const read = samples(text, "openmetrics").map(([series, value]) => `${series} ${value}`);
    expect(read).toEqual([
      'took_seconds_bucket{le="1"} 0',
      'took_seconds_bucket{le="2"} 1',
      'took_seconds_bucket{le="+Inf"} 1',
      "took_seconds_sum 1.5",
      "took_seconds_count 1",
    ]);
  });

  const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
  const sample: fc.Arbitrary<TextSample> = fc.record({
    name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,12}$/),
    labels: fc.dictionary(labelName, fc.string({ unit: "grapheme" }), { maxKeys: 4 }),
    // JavaScript writes -0 as 0.
    value: fc.double().map((value) => value + 0),
  });

  it("reads back whatever is written, however it is cut into pieces", () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (written, size) => {
        const text = written.map(({ name, labels, value }) => {
          const number = String(value).replace("Infinity", "Inf");
          return `${seriesName(name, labels)} ${number}\n`;
        });
        const bytes = Buffer.from(text.join(""));
        const page = new PrometheusText(all);
        for (let i = 0; i < bytes.length; i += size) page.write(bytes.subarray(i, i + size));
        const read = page.end();
        const plain = (list: TextSample[]) => list.map(({ name, labels, value }) => [seriesName(name, labels), value]);
        expect(Array.isArray(read) && plain(read)).toEqual(plain(written));
      }),
    );
  });

  it("gives samples or a problem with its line, whatever it is fed", () => {
    const piece = fc.oneof(
      fc.constantFrom("a", "{", "}", '"', "\\", "=", ",", " ", "\n", "#", "1", ".", "e", "NaN", "\r", "# EOF\n", "\t"),
      fc.string({ unit: "binary", maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.boolean(), (pieces, open) => {
        const text = pieces.join("");
        const result = parse(text, open ? "openmetrics" : "text");
        if (Array.isArray(result)) {
          for (const { name, value } of result) expect([typeof name, typeof value]).toEqual(["string", "number"]);
        } else {
          expect(result.problem).not.toBe("");
          expect(result.line).toBeLessThanOrEqual(text.split("\n").length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads a selector within a text", () => {
    expect(readSeries('rate(a{b="1"})', 5)).toEqual({ name: "a", labels: { b: "1" }, end: 13 });
    expect(readSeries("a + b", 0)).toEqual({ name: "a", labels: {}, end: 1 });
    expect(readSeries("+", 0)).toMatchObject({ offset: 0 });
  });
});
