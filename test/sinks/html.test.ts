import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type ChartSpec, yTicks } from "../../src/runs/charts.ts";
import { compacted } from "../../src/runs/view.ts";
import { ViewSink } from "../../src/runs/view-sink.ts";
import { htmlReport } from "../../src/sinks/html.ts";
import { overloadedRun, plan } from "./overloaded-run.ts";

async function reported(change: (text: string) => string = (text) => text) {
  const { ticks, verdict, summary } = overloadedRun();
  const trust = { trusted: true, reasons: [], cpu: 0.2, lag: 0.001, delay: 0 };
  const sink = new ViewSink(() => ({ target: summary.target, trust }));
  sink.start(plan);
  for (const tick of ticks) sink.write(tick);
  await sink.stop(verdict);
  const shown = sink.shown();
  if (shown === undefined) throw new Error("the run has ticks");
  const told = { summary, shown, damage: ["cut off at 0:59"] };
  return { told, hostile: JSON.parse(change(JSON.stringify(told))) as typeof told };
}

const page = { script: 'const end = "</script>";', style: "body { color: red }" };

describe("the HTML report", () => {
  it("says the verdict first, then charts and tables, and what the file has lost", async () => {
    const { told } = await reported();
    const html = htmlReport(told, undefined);
    const order = [
      "cut off at 0:59",
      "The run failed",
      "Requests a second",
      "Response time",
      "DB pool utilization",
      "<h2>Thresholds",
      "Request statistics",
      "<h2>Failures",
    ];
    const places = order.map((text) => html.indexOf(text));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(html).toContain("max(db_pool_utilization_ratio) &#60; 90%: was 100%");
    // Without the page's files there is nothing to run.
    expect(html).not.toContain("<script");
  });

  it("draws each chart, with its limits and in words for those who cannot see it", async () => {
    const { told } = await reported();
    const charts = htmlReport(told, undefined).match(/<svg.*?<\/svg>/gs) ?? [];
    expect(charts.length).toBeGreaterThan(6);
    const latency = charts.find((chart) => chart.includes('aria-label="Response time.'));
    expect(latency).toContain("p95: 1.");
    expect(latency?.match(/stroke-dasharray="6 3"/g)?.length).toBe(2);
    expect(charts.every((chart) => !/NaN|Infinity|undefined/.test(chart))).toBe(true);
  });

  it("lets run the page's script and no other, whatever a target said", async () => {
    const evil = `</script><script>alert(1)</script><img src=x onerror=alert(2)><!--<script>`;
    const { hostile } = await reported((text) =>
      text
        .replaceAll("503 Service Unavailable", JSON.stringify(evil).slice(1, -1))
        .replaceAll("orders/:id", JSON.stringify(evil).slice(1, -1)),
    );
    const html = htmlReport(hostile, page);
    expect(html.match(/<script[^>]*>/g)).toEqual([
      '<script type="application/json" id="run">',
      '<script type="module">',
    ]);
    expect(html.match(/<\/script>/g)?.length).toBe(2);
    expect(html).not.toMatch(/<img/);
    const script = /<script type="module">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    const hash = createHash("sha256").update(script).digest("base64");
    expect(html).toContain(`default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`);
    // What stands in the script means what it did.
    expect(new Function(`${script} return end;`)()).toBe("</script>");
    const data = /id="run">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    expect(JSON.parse(data)).toEqual({ ...hostile.shown, view: compacted(hostile.shown.view, 1200) });
  });
});

describe("an axis", () => {
  it.each([
    ["rate", 0, 402, [0, 200, 400]],
    ["latency_seconds", 0, 1.57, [0, 0.5, 1, 1.5]],
    ["memory_used_bytes", 0, 300 * 2 ** 20, [0, 128, 256].map((mebibytes) => mebibytes * 2 ** 20)],
    ["users", -3, 3, [-2, 0, 2]],
  ])("of %s from %d to %d has round values", (unit, low, high, ticks) => {
    const spec: ChartSpec = { id: "", title: "", unit, lines: [], limits: [], left: 0 };
    expect(yTicks(spec, [low, high])).toEqual(ticks);
  });
});
