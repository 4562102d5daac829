import { describe, expect, it } from "vitest";
import {
  type DashboardJson,
  dashboardNames,
  drawnPanels,
  type PanelJson,
  readDashboard,
  type TargetJson,
} from "./dashboard.ts";
import { rules } from "./lint.ts";

describe("dashboards hold to the conventions", () => {
  it("finds the dashboards", () => expect(dashboardNames).toContain("load-vs-server"));

  for (const name of dashboardNames) {
    const dashboard = readDashboard(name);
    it.each(rules)(`${name}: $name`, ({ offenders }) => expect(offenders(dashboard)).toEqual([]));
  }
});

/** Each way to break a rule, and the rule that must notice. */
const breakages: [rule: string, breakIt: (dashboard: DashboardJson) => void][] = [
  ["the uid is fixed and begins with plimsoll-", (d) => (d.uid = "abc")],
  ["the id is left to Grafana", (d) => (d.id = 7)],
  ["it is tagged plimsoll", (d) => (d.tags = [])],
  ["it cannot be edited", (d) => (d.editable = true)],
  ["the crosshair is shared", (d) => (d.graphTooltip = 0)],
  ["it refreshes every 5 s in the browser's time", (d) => (d.timezone = "utc")],
  ["it is classic JSON", (d) => (d.schemaVersion = 36)],
  ["it says what it is for", (d) => (d.description = "")],
  ["the four variables come first, in their order", (d) => d.templating.list.reverse()],
  ["variables say what they are", (d) => (variable(d, "target").description = "")],
  ["the newest run comes first", (d) => (variable(d, "run_id").sort = 1)],
  ["scenario and target may be several, and are all at first", (d) => delete variable(d, "target").current],
  ["variables follow the time range", (d) => (variable(d, "run_id").refresh = 1)],
  ["it links to the others with variables and time, in sight", (d) => (d.links = [])],
  ["stages are marked at the time that the metric names", (d) => delete d.annotations.list[0]?.useValueForTime],
  ["a chart of response times shows exemplars", (d) => (query(d, "Response time").exemplar = false)],
  ["panels and rows have ids of their own", (d) => Object.assign(panel(d, "Generator health"), { id: 0 })],
  ["panels lie on the grid and on no other", (d) => (panel(d, "CPU").gridPos.x = 6)],
  ["a folded row holds its panels, an open one none", (d) => (panel(d, "Generator health").panels = [])],
  ["everything asks the data source that was chosen", (d) => (query(d, "CPU").datasource.uid = "prometheus")],
  ["a panel has a title and says what it shows", (d) => delete panel(d, "CPU").description],
  [
    "a panel has queries, each with its own refId and a name for its series",
    (d) => (query(d, "CPU").legendFormat = ""),
  ],
  ["values have a unit", (d) => delete panel(d, "CPU").fieldConfig?.defaults.unit],
  ["values have a unit", (d) => config(d, "Throughput × CPU").overrides.pop()],
  [
    "thresholds are explicit where Grafana's own would colour",
    (d) => delete panel(d, "Run").fieldConfig?.defaults.thresholds,
  ],
  ["a gap in the data is a gap in the panel", (d) => (config(d, "CPU").defaults.custom = {})],
  ["a panel says which Grafana it is for", (d) => delete panel(d, "Throughput × CPU").pluginVersion],
  [
    "an xychart maps its series by hand, from the first frame",
    (d) => delete panel(d, "Throughput × p95").options?.series?.[0]?.frame,
  ],
  ["an xychart or trend joins its queries on time first", (d) => delete panel(d, "Throughput × p95").transformations],
  ["a table merges instant queries and hides their time", (d) => (panel(d, "Requests").type = "table")],
  [
    "a request in a table leads to its dashboard, with run and time",
    (d) => config(d, "Requests by name").overrides.pop(),
  ],
  ["the left column is the client's, the right one the server's", (d) => (panel(d, "CPU").gridPos.x = 0)],
  ["the client is blue and orange, the server green and grey", (d) => recolour(panel(d, "CPU"), "blue")],
  ["the client is blue and orange, the server green and grey", (d) => recolour(panel(d, "Throughput"), "green")],
  ["each query of a chart has a colour", (d) => (config(d, "Errors").overrides = [])],
  ["every metric is one that /metrics has", (d) => rewrite(d, "plimsoll_users{", "plimsoll_vus{")],
  ["every metric is one that /metrics has", (d) => rewrite(d, "target_queue_depth", "target_queue_length")],
  [
    "every plimsoll_* selector is narrowed to the run, and to the scenario where it has one",
    (d) => rewrite(d, ',scenario=~"$scenario"', ""),
  ],
  [
    "every target_* selector is narrowed to the target, and to no run",
    (d) => rewrite(d, 'target=~"$target"', 'source="app"'),
  ],
  ["ranges are $__rate_interval, $__range or the reader's $ago", (d) => rewrite(d, "[$__rate_interval]", "[1m]")],
  ["buckets are summed by run before a quantile is taken", (d) => rewrite(d, "sum by (run_id, le)", "sum by (le)")],
  ["percentiles are never averaged", (d) => rewrite(d, "histogram_quantile", "avg by (run_id) (histogram_quantile")],
  ["le is written as Prometheus 3 stores it", (d) => rewrite(d, 'outcome="failure"', 'le="1"')],
];

describe("each rule notices", () => {
  it.each(breakages)("%s", (name, breakIt) => {
    const dashboard = readDashboard("load-vs-server");
    breakIt(dashboard);
    expect(rules.find((rule) => rule.name === name)?.offenders(dashboard)).not.toEqual([]);
  });

  it("has been broken, every one", () => {
    expect(rules.map(({ name }) => name).filter((name) => !breakages.some(([broken]) => broken === name))).toEqual([]);
  });
});

function variable({ templating }: DashboardJson, name: string) {
  return templating.list.find((one) => one.name === name) ?? never();
}

function panel(dashboard: DashboardJson, title: string): PanelJson {
  return [...drawnPanels(dashboard), ...dashboard.panels].find((one) => one.title === title) ?? never();
}

function config(dashboard: DashboardJson, title: string) {
  return panel(dashboard, title).fieldConfig ?? never();
}

function query(dashboard: DashboardJson, title: string): TargetJson {
  return panel(dashboard, title).targets?.[0] ?? never();
}

function targets(dashboard: DashboardJson): TargetJson[] {
  return drawnPanels(dashboard).flatMap((one) => one.targets ?? []);
}

function rewrite(dashboard: DashboardJson, from: string, to: string): void {
  for (const target of targets(dashboard)) target.expr = target.expr.replaceAll(from, to);
}

function recolour({ fieldConfig }: PanelJson, fixedColor: string): void {
  for (const property of fieldConfig?.overrides[0]?.properties ?? []) {
    if (property.id === "color") property.value = { mode: "fixed", fixedColor };
  }
}

function never(): never {
  throw new Error("the dashboard has changed: break something that it has");
}
