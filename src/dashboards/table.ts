import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { type Frame, type Query, refId, rows } from "./query.ts";
import { datasource } from "./variables.ts";

/** A column of values; its query's legend is its head. */
export interface Column extends Query {
  unit: string;
}

/** To another dashboard, about the row's value, the same run and the same time. */
export interface Link {
  title: string;
  uid: string;
  /** The other dashboard's variable that is to be the value. */
  variable: string;
}

/** From a request's name to the dashboard of that request. */
export const requestLink: Link = { title: "Look at this request", uid: "plimsoll-requests", variable: "request" };

export interface Table extends Frame {
  /** The label whose values are the rows. */
  by: string;
  /** Where a click on such a value leads. */
  link?: Link;
  columns: Column[];
}

/** A row for each value of a label, as it stands at the end of the time range. */
export function table({ title, description, at, by, link, columns }: Table): PanelBuilder {
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
        excludeByName: { Time: true, run_id: by !== "run_id" },
        indexByName: Object.fromEntries(order),
        renameByName: Object.fromEntries(values),
      },
    });
  for (const { legend, unit } of columns) panel.overrideByName(legend, [{ id: "unit", value: unit }]);
  if (link !== undefined)
    panel.overrideByName(by, [{ id: "links", value: [{ title: link.title, url: address(link) }] }]);
  return panel;
}

/** A request's name may hold anything, `&` too: Grafana encodes it. */
function address({ uid, variable }: Link): string {
  const kept = ["datasource", "run_id", "scenario", "target"].map((name) => `\${${name}:queryparam}`);
  return `/d/${uid}?${[...kept, `var-${variable}=\${__value.raw:percentencode}`, `\${__url_time_range}`].join("&")}`;
}
