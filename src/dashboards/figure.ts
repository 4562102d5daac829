import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorModeId,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { type Frame, instants, type Query } from "./query.ts";
import { datasource } from "./variables.ts";

export interface Figure extends Frame {
  query: Query;
  unit: string;
  /** From low to high, the first from null. There is no default: Grafana's own makes everything above 80 red. */
  steps: Threshold[];
  /** Shows the series' name instead of its value, each in its colour. */
  names?: Record<string, string>;
}

/** One large value, as it stands at the end of the time range. */
export function figure({ title, description, at, query, unit, steps, names }: Figure): PanelBuilder {
  const panel = new PanelBuilder()
    .title(title)
    .description(description)
    .gridPos(at)
    .datasource(datasource)
    .targets(instants([query]))
    .unit(unit)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .noValue("no data")
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(names === undefined ? BigValueTextMode.Value : BigValueTextMode.Name)
    .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(["lastNotNull"]));
  for (const [name, fixedColor] of Object.entries(names ?? {})) {
    panel.overrideByName(name, [{ id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor } }]);
  }
  return panel;
}
