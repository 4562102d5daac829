import {
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { type DynamicConfigValue, FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import {
  PanelBuilder,
  SeriesMapping,
  XYSeriesConfigBuilder,
  XYShowMode,
} from "@grafana/grafana-foundation-sdk/xychart";
import { type Frame, ranges } from "./query.ts";
import { datasource } from "./variables.ts";

/** One axis: a query of exactly one series, whose name is the field's and the axis's. */
export interface Axis {
  expr: string;
  name: string;
  unit: string;
}

export interface Scatter extends Frame {
  x: Axis;
  y: Axis;
  colour: string;
}

/** One point for each moment that has both values. */
export function scatter({ title, description, at, x, y, colour }: Scatter): PanelBuilder {
  const named = (name: string) => ({ matcher: { id: "byName", options: name } });
  return (
    new PanelBuilder()
      .title(title)
      .description(description)
      .gridPos(at)
      .datasource(datasource)
      .targets(ranges([x, y].map(({ expr, name }) => ({ expr, legend: name }))))
      // The panel reads one frame: both series are joined on their time first.
      .withTransformation({ id: "joinByField", options: { byField: "Time", mode: "inner" } })
      .mapping(SeriesMapping.Manual)
      .series([
        new XYSeriesConfigBuilder()
          .name({ fixed: title })
          .frame({ matcher: { id: "byIndex", options: 0 } })
          .x(named(x.name))
          .y(named(y.name)),
      ])
      .show(XYShowMode.Points)
      .pointSize({ fixed: 6 })
      .fillOpacity(40)
      .min(0)
      .overrideByName(x.name, axis(x))
      .overrideByName(y.name, [
        ...axis(y),
        { id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor: colour } },
      ])
      .legend(new VizLegendOptionsBuilder().showLegend(false))
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single))
  );
}

function axis({ name, unit }: Axis): DynamicConfigValue[] {
  return [
    { id: "unit", value: unit },
    { id: "custom.axisLabel", value: name },
  ];
}
