import * as colours from "../../src/dashboards/colours.ts";
import { type PlimsollMetric, plimsollMetrics } from "../../src/metrics/vocabulary.ts";
import { type DashboardJson, drawnPanels, type PanelJson } from "./dashboard.ts";
import { queryText } from "./expressions.ts";
import { isServed, metricNames, ranges, selectors } from "./promql.ts";

/** A convention or a trap: what of a dashboard offends against it. */
export interface Rule {
  name: string;
  offenders(dashboard: DashboardJson): string[];
}

const clientColours: string[] = Object.values(colours.client);
const serverColours: string[] = Object.values(colours.server);
const limitColours: string[] = Object.values(colours.limit);

/** A rule about each panel that draws something. */
function panels(name: string, offends: (panel: PanelJson) => boolean): Rule {
  return {
    name,
    offenders: (dashboard) =>
      drawnPanels(dashboard)
        .filter(offends)
        .map(({ title }) => title),
  };
}

/** A rule about the text of each query, the annotations' included. */
function queries(name: string, offends: (expr: string) => boolean): Rule {
  return {
    name,
    offenders: (dashboard) =>
      [...drawnPanels(dashboard).flatMap(({ targets = [] }) => targets), ...dashboard.annotations.list]
        .map(({ expr }) => expr)
        .filter(offends),
  };
}

function dashboards(name: string, holds: (dashboard: DashboardJson) => boolean): Rule {
  return { name, offenders: (dashboard) => (holds(dashboard) ? [] : [dashboard.title]) };
}

function variable({ templating }: DashboardJson, name: string) {
  return templating.list.find((one) => one.name === name);
}

function isOf(side: "plimsoll_" | "target_", expr: string): boolean {
  return metricNames(expr).some((name) => name.startsWith(side));
}

/** Colours that a panel gives to series and states, with the queries of those that belong to one. */
function colouring({ targets = [], fieldConfig }: PanelJson): { colour: string; expr?: string | undefined }[] {
  return (fieldConfig?.overrides ?? []).flatMap(({ matcher, properties }) =>
    properties
      .filter(({ id }) => id === "color")
      .map(({ value }) => ({
        colour: (value as { fixedColor: string }).fixedColor,
        expr: targets.find(({ refId, legendFormat }) => [refId, legendFormat].includes(matcher.options))?.expr,
      })),
  );
}

function overlap(a: PanelJson["gridPos"], b: PanelJson["gridPos"]): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

export const rules: Rule[] = [
  dashboards("the uid is fixed and begins with plimsoll-", ({ uid }) => /^plimsoll-[a-z-]+$/.test(uid)),
  dashboards("the id is left to Grafana", ({ id }) => id === undefined || id === null),
  dashboards("it is tagged plimsoll", ({ tags }) => tags.includes("plimsoll")),
  dashboards("it cannot be edited", ({ editable }) => editable === false),
  dashboards("the crosshair is shared", ({ graphTooltip }) => graphTooltip === 1),
  dashboards(
    "it refreshes every 5 s in the browser's time",
    ({ refresh, timezone }) => `${refresh} ${timezone}` === "5s browser",
  ),
  dashboards("it is classic JSON", ({ schemaVersion }) => schemaVersion === 41 || schemaVersion === 42),
  dashboards("it says what it is for", ({ description }) => /\.$/.test(description)),
  dashboards("the four variables come first, in their order", ({ templating }) =>
    /^datasource run_id scenario target\b/.test(templating.list.map(({ name }) => name).join(" ")),
  ),
  dashboards("variables say what they are", ({ templating }) =>
    templating.list.every(({ label, description }) => label !== "" && /\.$/.test(description)),
  ),
  dashboards("the newest run comes first", (dashboard) => {
    const run = variable(dashboard, "run_id");
    return run?.sort === 2 && queryText(run) === "label_values(plimsoll_run_info, run_id)";
  }),
  dashboards("scenario and target may be several, and are all at first", (dashboard) =>
    ["scenario", "target"].every((name) => {
      const { multi, includeAll, allValue, current } = variable(dashboard, name) ?? {};
      return multi === true && includeAll === true && allValue === ".*" && String(current?.value) === "$__all";
    }),
  ),
  dashboards("variables follow the time range", ({ templating }) =>
    templating.list.filter(({ type }) => type === "query").every(({ refresh }) => refresh === 2),
  ),
  dashboards("it links to the others with variables and time, in sight", ({ links }) =>
    links.some(
      ({ type, tags, includeVars, keepTime, placement }) =>
        type === "dashboards" && tags.includes("plimsoll") && includeVars && keepTime && placement === undefined,
    ),
  ),
  dashboards("stages are marked at the time that the metric names", ({ annotations }) =>
    annotations.list.some(
      ({ expr, enable, useValueForTime }) =>
        enable &&
        useValueForTime === true &&
        /^max by \(stage\) \(plimsoll_stage_start_timestamp_seconds\{.*\}\) \* 1000$/.test(expr),
    ),
  ),
  {
    name: "panels and rows have ids of their own",
    offenders: ({ panels }) => {
      const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
      return all
        .filter(({ id }) => !(id > 0) || all.filter((other) => other.id === id).length > 1)
        .map(({ title }) => title);
    },
  },
  {
    name: "panels lie on the grid and on no other",
    offenders: (dashboard) => {
      const all = [...drawnPanels(dashboard), ...dashboard.panels.filter(({ type }) => type === "row")];
      return all
        .filter(
          ({ gridPos }) => gridPos.x + gridPos.w > 24 || all.filter((one) => overlap(one.gridPos, gridPos)).length > 1,
        )
        .map(({ title }) => title);
    },
  },
  {
    name: "a folded row holds its panels, an open one none",
    offenders: ({ panels }) =>
      panels
        .filter(({ type, collapsed, panels: inner = [] }) => type === "row" && collapsed !== inner.length > 0)
        .map(({ title }) => title),
  },
  {
    name: "everything asks the data source that was chosen",
    offenders: (dashboard) => [
      ...drawnPanels(dashboard)
        .filter(({ datasource, targets = [] }) =>
          [datasource, ...targets.map((one) => one.datasource)].some((one) => one?.uid !== "$datasource"),
        )
        .map(({ title }) => title),
      ...dashboard.annotations.list
        .filter(({ datasource }) => datasource.uid !== "$datasource")
        .map(({ name }) => name),
      ...dashboard.templating.list
        .filter(({ type, datasource }) => type === "query" && datasource?.uid !== "$datasource")
        .map(({ name }) => name),
    ],
  },

  panels(
    "a panel has a title and says what it shows",
    ({ title, description }) => title === "" || !/\.$/.test(description ?? ""),
  ),
  panels("a panel has queries, each with its own refId and a name for its series", ({ targets = [] }) => {
    const refIds = new Set(targets.map(({ refId }) => refId));
    return targets.length === 0 || refIds.size !== targets.length || targets.some(({ legendFormat }) => !legendFormat);
  }),
  panels("values have a unit", ({ type, fieldConfig, targets = [] }) => {
    if (type === "state-timeline") return false;
    const overridden = (fieldConfig?.overrides ?? []).filter(({ properties }) =>
      properties.some(({ id }) => id === "unit"),
    );
    const named = overridden.map(({ matcher }) => matcher.options);
    const units = targets.every(({ legendFormat }) => named.includes(legendFormat));
    return fieldConfig?.defaults.unit === undefined && !units;
  }),
  panels(
    "thresholds are explicit where Grafana's own would colour",
    ({ type, fieldConfig }) =>
      ["stat", "gauge", "bargauge", "status-history", "state-timeline"].includes(type) &&
      !(fieldConfig?.defaults.thresholds?.steps[0]?.value === null),
  ),
  panels(
    "a gap in the data is a gap in the panel",
    ({ type, fieldConfig }) =>
      ["timeseries", "state-timeline"].includes(type) && fieldConfig?.defaults.custom?.["spanNulls"] !== false,
  ),
  panels(
    "a panel says which Grafana it is for",
    ({ pluginVersion }) => !/^1[2-9]\.\d+\.\d+$/.test(pluginVersion ?? ""),
  ),
  panels(
    "an xychart maps its series by hand, from the first frame",
    ({ type, options }) =>
      type === "xychart" &&
      !(
        options?.mapping === "manual" &&
        options.series?.length === 1 &&
        options.series.every(({ frame }) => frame?.matcher.id === "byIndex" && frame.matcher.options === 0)
      ),
  ),
  panels("an xychart or trend joins its queries on time first", ({ type, transformations }) => {
    const [first] = transformations ?? [];
    const joins = first?.id === "joinByField" && first.options["byField"] === "Time";
    return ["xychart", "trend"].includes(type) && !joins;
  }),
  panels("a table merges instant queries and hides their time", ({ type, targets = [], transformations = [] }) => {
    const ids = transformations.map(({ id }) => id);
    const shaped = ids.includes("merge") && ids.includes("organize");
    return type === "table" && !(shaped && targets.every(({ instant, format }) => instant && format === "table"));
  }),
  panels("a chart of response times shows exemplars", ({ type, targets = [] }) => {
    const ofBuckets = targets.filter(({ expr }) => expr.includes("plimsoll_response_time_seconds_bucket"));
    return type === "timeseries" && ofBuckets.length > 0 && !ofBuckets.some(({ exemplar }) => exemplar);
  }),
  panels("a request in a table leads to its dashboard, with run and time", ({ type, targets = [], fieldConfig }) => {
    if (type !== "table" || !targets.some(({ expr }) => /by \([^)]*\brequest\b/.test(expr))) return false;
    const links = (fieldConfig?.overrides ?? [])
      .filter(({ matcher }) => matcher.options === "request")
      .flatMap(({ properties }) => properties.filter(({ id }) => id === "links"));
    const parts = [
      "/d/plimsoll-requests?",
      `\${run_id:queryparam}`,
      `var-request=\${__value.raw:percentencode}`,
      `\${__url_time_range}`,
    ];
    return !links.some(({ value }) => parts.every((part) => JSON.stringify(value).includes(part)));
  }),
  panels("the left column is the client's, the right one the server's", ({ type, gridPos, targets = [] }) => {
    if (type !== "timeseries" || gridPos.w !== 12) return false;
    const data = targets.map(({ expr }) => expr).filter((expr) => !expr.includes("plimsoll_threshold_"));
    const side = gridPos.x === 0 ? "plimsoll_" : "target_";
    return !data.every((expr) => isOf(side, expr) && !isOf(side === "plimsoll_" ? "target_" : "plimsoll_", expr));
  }),
  panels(
    "the client is blue and orange, the server green and grey",
    (panel) =>
      panel.type !== "stat" &&
      colouring(panel).some(({ colour, expr }) => {
        if (expr === undefined || expr.includes("plimsoll_threshold_limit")) return !limitColours.includes(colour);
        return !(isOf("target_", expr) ? serverColours : clientColours).includes(colour);
      }),
  ),
  panels("each query of a chart has a colour", (panel) => {
    if (panel.type !== "timeseries") return false;
    const coloured = colouring(panel).map(({ expr }) => expr);
    const data = (panel.targets ?? []).filter(({ expr }) => !expr.includes("plimsoll_threshold_limit"));
    return !data.every(({ expr }) => coloured.includes(expr));
  }),

  queries("every metric is one that /metrics has", (expr) => !metricNames(expr).every(isServed)),
  queries("every plimsoll_* selector is narrowed to the run, and to the scenario where it has one", (expr) =>
    selectors(expr)
      .filter(({ name }) => name.startsWith("plimsoll_"))
      .some(({ name, matchers }) => {
        const family = name.replace(/_(bucket|sum|count)$/, "") as PlimsollMetric;
        const hasScenario = (plimsollMetrics[family].labels as readonly string[]).includes("scenario");
        return (
          !/run_id=~"\$(run_id|baseline)"/.test(matchers) ||
          (hasScenario && !matchers.includes('scenario=~"$scenario"'))
        );
      }),
  ),
  queries("every target_* selector is narrowed to the target, and to no run", (expr) =>
    selectors(expr)
      .filter(({ name }) => name.startsWith("target_"))
      .some(({ matchers }) => !matchers.includes('target=~"$target"') || matchers.includes("run_id")),
  ),
  queries("ranges are $__rate_interval, $__range or the reader's $ago", (expr) =>
    ranges(expr).some((range) => !["$__rate_interval", "$__range", "$ago"].includes(range)),
  ),
  queries(
    "buckets are summed by run before a quantile is taken",
    (expr) =>
      // A heatmap shows the buckets themselves.
      expr.includes("histogram_quantile") &&
      !/histogram_quantile\([\d.]+, sum by \(run_id, (\w+, )?le\) \((rate|increase|last_over_time)\(/.test(expr),
  ),
  queries("percentiles are never averaged", (expr) =>
    /\b(avg|sum|min|max)\b[^(]*\([^(]*\)?\s*\(?histogram_quantile/.test(expr),
  ),
  queries("le is written as Prometheus 3 stores it", (expr) => /\ble=~?"\d+"/.test(expr)),
];
