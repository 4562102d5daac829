import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program } from "../services.ts";
import { dashboardNames, readDashboard } from "./dashboard.ts";
import { type Expression, expressions, labelQueries, type VariableValues } from "./expressions.ts";

const values: VariableValues = {
  run_id: "20261121T101500Z-shop-light-3f2a",
  scenario: "all",
  target: ["10.0.0.1:8000"],
  range: "900s",
  rateInterval: "20s",
};
const dashboard = readDashboard("load-vs-server");

function find(all: Expression[], panel: string): Expression | undefined {
  return all.find((one) => one.panel === panel);
}

it("resolves variables as Grafana does", () => {
  const all = expressions(dashboard, values);
  expect(find(all, "Throughput")?.expr).toBe(
    'sum by (run_id) (rate(plimsoll_requests_total{run_id=~"20261121T101500Z-shop-light-3f2a",scenario=~".*"}[20s]))',
  );
  expect(find(all, "Queue depth")?.expr).toContain('target_queue_depth{target=~"10\\\\.0\\\\.0\\\\.1:8000"}');
  expect(find(all, "Run")).toMatchObject({ instant: true, expr: expect.stringContaining("[900s]") });
  expect(find(all, "annotation Stages")?.expr).toContain("plimsoll_stage_start_timestamp_seconds");
  expect(all.filter(({ expr }) => expr.includes("$"))).toEqual([]);

  const two = expressions(dashboard, { ...values, scenario: ["shop", "search"] });
  expect(find(two, "Throughput")?.expr).toContain('scenario=~"(shop|search)"');
});

it("has the queries of folded rows, and knows limits from data", () => {
  const all = expressions(dashboard, values);
  expect(find(all, "Event loops")).toBeDefined();
  expect(all.filter(({ panel }) => panel === "Response time").map(({ limits }) => limits)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

it("says where the variables' values come from", () => {
  expect(labelQueries(dashboard, values)).toEqual([
    { variable: "run_id", selector: "plimsoll_run_info", label: "run_id" },
    { variable: "scenario", selector: `plimsoll_run_info{run_id=~"${values.run_id}"}`, label: "scenario" },
    { variable: "target", selector: "target_up", label: "target" },
  ]);
});

it("takes what only some dashboards have as it is at first, or as it is chosen", () => {
  const request = (chosen: VariableValues) => find(expressions(readDashboard("requests"), chosen), "Throughput")?.expr;
  expect(request(values)).toContain('request=~".*"');
  expect(request({ ...values, own: { request: ["GET /a?b=1"] } })).toContain('request=~"GET /a\\\\?b=1"');
  const soak = readDashboard("soak");
  const before = (chosen: VariableValues) =>
    expressions(soak, chosen).find(({ panel, refId }) => panel === "Drift by request" && refId === "B");
  expect(before(values)?.expr).toContain("[20s] offset 1h");
  expect(before({ ...values, own: { ago: "5m" } })?.expr).toContain("[20s] offset 5m");
});

it("refuses a variable that nobody defines", () => {
  const [panel] = dashboard.panels;
  const [target] = panel?.targets ?? [];
  if (panel === undefined || target === undefined) throw new Error("expected a first panel with a query");
  const broken = { ...dashboard, panels: [{ ...panel, targets: [{ ...target, expr: 'up{job="$job"}' }] }] };
  expect(() => expressions(broken, values)).toThrow('$job in "up{job="$job"}" is no variable');
});

const promtool = program("promtool");
if (promtool !== undefined) {
  const own = { baseline: values.run_id, shift: "-60" };
  it.each(dashboardNames)("%s is PromQL that Prometheus 2.42 reads, every one", (name) => {
    const rules = expressions(readDashboard(name), { ...values, own }).map(({ expr }, index) => ({
      record: `query:${index}`,
      expr,
    }));
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-expressions-"));
    try {
      writeFileSync(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "queries", rules }] }));
      const said = execFileSync(promtool, ["check", "rules", join(folder, "rules.yml")], { encoding: "utf8" });
      expect(said).toContain(`${rules.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
