import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  type RowPanel,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import * as colours from "./colours.ts";
import { commonVariables, datasource, shown } from "./variables.ts";

/** A band of panels below a title. */
export interface Row {
  title: string;
  /** The row's own line on the grid; its panels lie below it. */
  y: number;
  /** Draws it and its panels once for each value of this variable. */
  repeat?: string;
  /** Folded: its panels are queried only once it is opened. */
  collapsed?: true;
  panels: Builder<Panel>[];
}

export interface Board {
  /** `plimsoll-…`: links and bookmarks hold on to it. */
  uid: string;
  title: string;
  description: string;
  /** Of its own, after the four that all have. */
  variables?: Builder<VariableModel>[];
  /** Where its time range begins at first, such as `now-6h`; fifteen minutes ago if left out. */
  from?: string;
  /** Panels above the first row. */
  panels: Builder<Panel>[];
  rows: Row[];
}

/**
 * The Grafana whose panels these are. An xychart without it is taken for one of before 11.1, whose migration drops its
 * series.
 */
const pluginVersion = "12.2.0";

/** A dashboard as classic JSON, with the variables, the stage marks and the conventions that all of Plimsoll's share. */
export function board({ uid, title, description, variables = [], from = "now-15m", panels, rows }: Board): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(["plimsoll"])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh("5s")
    .time({ from, to: "now" })
    .timezone("browser")
    .variables([...commonVariables(), ...variables])
    .annotation(stageMarks())
    .link(
      new DashboardLinkBuilder("Plimsoll")
        .type(DashboardLinkType.Dashboards)
        .tags(["plimsoll"])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .build();
  dashboard.panels = numbered([...panels.map((panel) => panel.build()), ...rows.flatMap(rowPanels)]);
  return withoutNoise(dashboard);
}

/** Exact, because the value is the time; marks that look for changes of the stage would depend on the query's step. */
function stageMarks(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Stages")
    .datasource(datasource)
    .enable(true)
    .iconColor(colours.mark)
    .expr(`max by (stage) (${shown.metric("plimsoll_stage_start_timestamp_seconds")}) * 1000`)
    .step("5s")
    .titleFormat("Stage {{stage}}")
    .tagKeys("stage")
    .useValueForTime(true);
}

/** An open row's panels follow it, a folded row's are inside it. */
function rowPanels({ title, y, repeat, collapsed, panels }: Row): (Panel | RowPanel)[] {
  const built = panels.map((panel) => panel.build());
  const row: RowPanel = {
    type: "row",
    title,
    id: 0,
    gridPos: { x: 0, y, w: 24, h: 1 },
    collapsed: collapsed === true,
    panels: collapsed ? built : [],
    ...(repeat === undefined ? {} : { repeat }),
  };
  return collapsed ? [row] : [row, ...built];
}

/** Gives panels and rows their ids, by their order. */
function numbered(panels: (Panel | RowPanel)[]): (Panel | RowPanel)[] {
  let id = 0;
  const number = (panel: Panel | RowPanel): Panel | RowPanel => {
    const own = ++id;
    if ("collapsed" in panel) return { ...panel, id: own, panels: panel.panels.map((inner) => number(inner) as Panel) };
    return { ...panel, id: own, pluginVersion };
  };
  return panels.map(number);
}

/** Takes out what the SDK puts in unasked: settings of other kinds of variables, and a menu that hides link and marks. */
function withoutNoise(dashboard: Dashboard): Dashboard {
  for (const variable of dashboard.templating?.list ?? []) {
    delete variable.auto;
    delete variable.auto_min;
    delete variable.auto_count;
  }
  for (const annotation of dashboard.annotations?.list ?? []) delete annotation.placement;
  for (const link of dashboard.links ?? []) delete link.placement;
  return dashboard;
}
