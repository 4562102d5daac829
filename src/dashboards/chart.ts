import {
  AxisPlacement,
  GraphDrawStyle,
  LineInterpolation,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { type DynamicConfigValue, FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import * as colours from "./colours.ts";
import { legend } from "./legend.ts";
import { type Frame, type Query, ranges, refId } from "./query.ts";
import { datasource, shown } from "./variables.ts";

/** A query of a chart and how its series are drawn. */
export interface Line extends Query {
  colour: string;
  /** The query has more than one series: they are told apart by shades of the colour. */
  several?: true;
  /** `plain` if left out. */
  look?: keyof typeof looks;
  /** Draws it against the right axis, in this unit. */
  right?: string;
}

const looks = {
  plain: [],
  strong: [property("custom.lineWidth", 2), property("custom.fillOpacity", 8)],
  dashed: [property("custom.lineStyle", { fill: "dash", dash: [8, 6] })],
  steps: [property("custom.lineInterpolation", LineInterpolation.StepAfter)],
  bars: [property("custom.drawStyle", GraphDrawStyle.Bars), property("custom.fillOpacity", 50)],
  stacked: [property("custom.stacking", { mode: "normal", group: "A" }), property("custom.fillOpacity", 40)],
} satisfies Record<string, DynamicConfigValue[]>;

export interface Chart extends Frame {
  unit: string;
  /** The axis goes at least so far. */
  atLeast?: number;
  lines: Line[];
  limits?: Limits[];
}

/** Functions of a threshold that give a value on the metric's own axis. */
export const levels = "p[0-9.]+|avg|min|max|last";

/** The limits of the plan's thresholds about certain metrics; both are regular expressions. */
export interface Limits {
  /** Functions whose value has the axis's unit: not the slope of bytes on an axis of bytes. */
  functions: string;
  /** As thresholds name them: without `target_`. */
  metrics: string;
  /** What limits of a share are a share of, on the axis: a query of one series. */
  share?: string;
  /** Draws them against the right axis, in this unit. */
  right?: string;
}

/** Series over time. A gap in the data is a gap in the line. */
export function chart({ title, description, at, unit, atLeast, lines, limits = [] }: Chart): PanelBuilder {
  const queries: Query[] = [...lines, ...limits.map(limitsOf)];
  const panel = new PanelBuilder()
    .title(title)
    .description(description)
    .gridPos(at)
    .datasource(datasource)
    .targets(ranges(queries))
    .unit(unit)
    .min(0)
    .lineWidth(1)
    .fillOpacity(0)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (atLeast !== undefined) panel.axisSoftMax(atLeast);
  lines.forEach(({ colour, several, look = "plain", right }, index) => {
    const mode = several ? FieldColorModeId.Shades : FieldColorModeId.Fixed;
    panel.overrideByQuery(refId(index), [
      property("color", { mode, fixedColor: colour }),
      ...looks[look],
      ...axis(right),
    ]);
  });
  limits.forEach(({ right }, index) => {
    panel.overrideByQuery(refId(lines.length + index), [...looks.dashed, ...axis(right)]);
  });
  if (limits.length > 0) {
    for (const [level, colour] of Object.entries(colours.limit)) {
      const fixed = { mode: FieldColorModeId.Fixed, fixedColor: colour };
      panel.overrideByRegexp(`/^${level}: /`, [property("color", fixed)]);
    }
  }
  return panel;
}

/** A threshold is known on /metrics by its expression as it was written. */
function limitsOf({ functions, metrics, share }: Limits): Query {
  const matches = `(${functions}) *\\( *(${metrics})[^a-z0-9_].*`;
  const limit = shown.metric("plimsoll_threshold_limit", { threshold: { matches } });
  const expr = `max by (threshold, level) (${limit})`;
  return { expr: share === undefined ? expr : `${expr} * scalar(${share})`, legend: "{{level}}: {{threshold}}" };
}

function axis(unit: string | undefined): DynamicConfigValue[] {
  return unit === undefined ? [] : [property("unit", unit), property("custom.axisPlacement", AxisPlacement.Right)];
}

function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value };
}
