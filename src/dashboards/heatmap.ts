import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { buckets, type Frame, type Query } from "./query.ts";
import { datasource } from "./variables.ts";

export interface Heatmap extends Frame {
  /** A series for each `le`, which is its legend. */
  query: Query;
  unit: string;
  /** Grafana's name of a scale of colours. */
  scheme: string;
}

/** How often each bucket of a histogram was met, over time. */
export function heatmap({ title, description, at, query, unit, scheme }: Heatmap): PanelBuilder {
  return new PanelBuilder()
    .title(title)
    .description(description)
    .gridPos(at)
    .datasource(datasource)
    .targets(buckets(query))
    .unit(unit)
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme(scheme).steps(64))
    .yAxis(new YAxisConfigBuilder().unit(unit));
}
