import { expect, it } from "vitest";
import { targetMetrics } from "../../src/metrics/vocabulary.ts";
import { drawnPanels, readDashboard } from "./dashboard.ts";
import { metricNames } from "./promql.ts";

const dashboard = readDashboard("target");
const shown = drawnPanels(dashboard).flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricNames(expr)));

it("the dashboard of the target shows everything that a source can tell", () => {
  const told = Object.keys(targetMetrics).filter((name) => !/^(scrape|scrapes)_|^process_start/.test(name));
  expect(told.filter((name) => !shown.includes(`target_${name}`))).toEqual([]);
});

it("its parts are folded, a row for each source that tells of one", () => {
  const rows = dashboard.panels.filter(({ type }) => type === "row");
  expect(rows.map(({ repeat, collapsed }) => [repeat, collapsed])).toEqual(
    ["host", "service", "database", "cache", "queue"].map((variable) => [variable, true]),
  );
  for (const { repeat, panels = [] } of rows) {
    const narrowed = `source=~"$${repeat}"`;
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const others = exprs.filter((expr) => expr.includes("target_") && !expr.includes(narrowed));
    expect(others).toEqual([]);
  }
});
