import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { type Frame, type Query, refId, rows } from "./query.ts";
import { datasource } from "./variables.ts";

/** A column of values; its query's legend is its head. */
export interface Column extends Query {
  unit: string;
}

export interface Table extends Frame {
  /** The label whose values are the rows. */
  by: string;
  columns: Column[];
}

/** A row for each value of a label of a run, as it stands at the end of the time range. */
export function table({ title, description, at, by, columns }: Table): PanelBuilder {
  const values = columns.map(({ legend }, index) => [`Value #${refId(index)}`, legend]);
  const order = [by, ...values.map(([value]) => value)].map((name, index) => [name, index]);
  const panel = new PanelBuilder()
    .title(title)
    .description(description)
    .gridPos(at)
    .datasource(datasource)
    .targets(rows(columns))
    .unit("short")
    .noValue("")
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true, run_id: true },
        indexByName: Object.fromEntries(order),
        renameByName: Object.fromEntries(values),
      },
    });
  for (const { legend, unit } of columns) panel.overrideByName(legend, [{ id: "unit", value: unit }]);
  return panel;
}
