import { TooltipDisplayMode, VisibilityMode, VizTooltipOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import * as colours from "./colours.ts";
import { legend } from "./legend.ts";
import { type Frame, type Query, ranges } from "./query.ts";
import { datasource } from "./variables.ts";

export interface Timeline extends Frame {
  query: Query;
  /** What 1 is called, and its colour; 0 is always drawn as broken. */
  one: { text: string; colour: string };
  zero: string;
}

/** A lane for each series of a query whose values are 0 or 1. */
export function timeline({ title, description, at, query, one, zero }: Timeline): PanelBuilder {
  return new PanelBuilder()
    .title(title)
    .description(description)
    .gridPos(at)
    .datasource(datasource)
    .targets(ranges([query]))
    .mappings([
      {
        type: MappingType.ValueToText,
        options: {
          "0": { text: zero, color: colours.broken, index: 0 },
          "1": { text: one.text, color: one.colour, index: 1 },
        },
      },
    ])
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
        { value: null, color: colours.broken },
        { value: 1, color: one.colour },
      ]),
    )
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.8)
    .spanNulls(false)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single));
}
