import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, it, onTestFinished } from "vitest";
import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import type { Tick } from "../../src/runs/sink.ts";
import { CsvSink } from "../../src/sinks/csv.ts";
import { csvRow } from "../../src/sinks/csv-text.ts";
import { ExampleWorker, plan } from "../runs/example-run.ts";
import { describeSink, hostileTexts } from "./conformance.ts";

function files() {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-csv-"));
  const prefix = join(folder, "deep", "run");
  const text = (name: string) => readFileSync(`${prefix}_${name}.csv`, "utf8");
  return { prefix, text, remove: () => rmSync(folder, { recursive: true }) };
}

describeSink("CSV", () => {
  const { prefix, text, remove } = files();
  const counted = () => [text("stats"), text("failures")].map((one) => one.split("\r\n"));
  return { sink: new CsvSink(prefix, { fullHistory: true }), counted, dispose: remove };
});

/** Locust 2.46's own lists, in its order. */
const percentiles = ["50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"];
const headers: Record<string, string> = {
  stats: `Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,${percentiles}`,
  stats_history: `Timestamp,User Count,Type,Name,Requests/s,Failures/s,${percentiles},Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,Total Min Response Time,Total Max Response Time,Total Average Content Size`,
  failures: "Method,Name,Error,Occurrences,First Seen,Last Seen",
  exceptions: "Count,Message,Traceback,Nodes",
};

/** Three seconds: ten requests each to list, one of them failing in the second, and one slow one to create. */
function ticks(): Tick[] {
  const worker = new ExampleWorker("0");
  const sum = new SnapshotSum();
  return [1000, 2000, 3000].map((at) => {
    for (let i = 0; i < 10; i++) worker.request("list", at, 20);
    if (at === 2000) worker.request("list", at, 30, { failure: { kind: "status", detail: "=cmd|' /C calc'!A0" } });
    if (at === 3000) worker.request("create", at, 1500);
    worker.gauges(7);
    sum.take(worker.snapshot(at));
    return { snapshot: sum.total(at), observations: [], events: [], thresholds: [] };
  });
}

async function written(fullHistory: boolean) {
  const { prefix, text, remove } = files();
  onTestFinished(remove);
  const sink = new CsvSink(prefix, { fullHistory });
  sink.start(plan);
  for (const tick of ticks()) sink.write(tick);
  await sink.stop({ state: "passed", warnings: [] });
  const rows = (name: string) => parse(text(name), { columns: true }) as Record<string, string>[];
  return { text, rows };
}

describe("the four files", () => {
  it.each(Object.entries(headers))("%s has Locust's header and line ends", async (name, header) => {
    const { text } = await written(false);
    const [first, ...rest] = text(name).split("\r\n");
    expect(first).toBe(header);
    expect(rest.at(-1)).toBe("");
    expect(text(name).replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it("stats: a row for each name, then the sum", async () => {
    const { rows } = await written(false);
    const [create, list, total, ...more] = rows("stats");
    expect(more).toEqual([]);
    expect(create).toMatchObject({
      Type: "GET",
      Name: "/api/create",
      "Request Count": "1",
      "Median Response Time": "1500",
    });
    expect(list).toMatchObject({ Name: "/api/list", "Request Count": "31", "Failure Count": "1", "50%": "20" });
    expect(Number(list?.["Requests/s"])).toBeCloseTo(31 / 3, 6);
    expect(total).toMatchObject({ Type: "", Name: "Aggregated", "Request Count": "32", "Failure Count": "1" });
    expect(total).toMatchObject({ "100%": "1500", "Average Content Size": "512" });
    expect(Number(total?.["Average Response Time"])).toBeCloseTo((30 * 20 + 30 + 1500) / 32, 6);
    expect([Number(total?.["Min Response Time"]), Number(total?.["Max Response Time"])]).toEqual([20, 1500]);
  });

  it("history: a row a second of the sum; with full history of each name, with the percentiles of the last seconds", async () => {
    const short = (await written(false)).rows("stats_history");
    const start = plan.startedAt / 1000;
    expect(short.map((row) => Number(row["Timestamp"]))).toEqual([start + 1, start + 2, start + 3]);
    expect(short.map((row) => row["Total Request Count"])).toEqual(["10", "21", "32"]);
    expect(short[0]).toMatchObject({ "User Count": "7", Name: "Aggregated", "Requests/s": "10.000000" });
    const full = (await written(true)).rows("stats_history");
    expect(full.map((row) => row["Name"])).toEqual([
      "/api/list",
      "Aggregated",
      "/api/list",
      "Aggregated",
      "/api/create",
      "/api/list",
      "Aggregated",
    ]);
  });

  it("failures: when first and last; nothing that a spreadsheet would run", async () => {
    const { rows } = await written(false);
    const [failure, ...more] = rows("failures");
    expect(more).toEqual([]);
    expect(failure).toEqual({
      Method: "GET",
      Name: "/api/list",
      Error: "503: =cmd|' /C calc'!A0",
      Occurrences: "1",
      "First Seen": "2026-11-21T10:15:02Z",
      "Last Seen": "2026-11-21T10:15:02Z",
    });
  });

  it("without a request there is the sum alone, N/A where there is nothing to tell", async () => {
    const { prefix, text, remove } = files();
    onTestFinished(remove);
    const sink = new CsvSink(prefix, { fullHistory: false });
    sink.start(plan);
    await sink.stop({ state: "passed", warnings: [] });
    const [total, ...more] = parse(text("stats"), { columns: true }) as Record<string, string>[];
    expect(more).toEqual([]);
    expect(total).toMatchObject({ Name: "Aggregated", "Request Count": "0", "50%": "N/A", "100%": "N/A" });
  });
});

describe("a row", () => {
  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u202e=1"])("%j is text, not a formula", (text) => {
    const [[cell = ""] = []] = parse(csvRow([text])) as string[][];
    expect(cell).toMatch(/^'/);
  });

  it.each([...hostileTexts, 'a "b", c'])("%j comes back on one line", (text) => {
    const row = csvRow(["GET", text, 5]);
    expect(row.indexOf("\r\n")).toBe(row.length - 2);
    const [cells, ...more] = parse(row) as string[][];
    expect(more).toEqual([]);
    expect(cells).toHaveLength(3);
  });

  it("leaves numbers as they are", () => {
    expect(csvRow([-1.5, 0, 1e-7])).toBe("-1.5,0,1e-7\r\n");
  });
});
