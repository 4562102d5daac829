import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { datasource } from "./variables.ts";

/** What every panel says of itself. `description` is what the reader gets behind the panel's (i). */
export interface Frame {
  title: string;
  description: string;
  at: GridPos;
}

export interface Query {
  expr: string;
  /** The series' name, `{{label}}` filled in. */
  legend: string;
  /** Shows the traces that Prometheus keeps beside the buckets of `expr`. */
  exemplars?: true;
}

/** Queries over the dashboard's time range, with refIds A, B, … in order. */
export function ranges(queries: readonly Query[]): DataqueryBuilder[] {
  return queries.map((query, index) => dataquery(query, refId(index)).range());
}

/** One value at the end of the dashboard's time range. */
export function instants(queries: readonly Query[]): DataqueryBuilder[] {
  return queries.map((query, index) => dataquery(query, refId(index)).instant());
}

/** One value of each series at the end of the time range, as rows of a table. */
export function rows(queries: readonly Query[]): DataqueryBuilder[] {
  return instants(queries).map((query) => query.format(PromQueryFormat.Table));
}

/** Buckets over the time range, as a heatmap takes them. */
export function buckets(query: Query): DataqueryBuilder[] {
  return ranges([query]).map((one) => one.format(PromQueryFormat.Heatmap));
}

export function refId(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function dataquery({ expr, legend, exemplars }: Query, id: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(id)
    .datasource(datasource)
    .expr(expr)
    .legendFormat(legend)
    .format(PromQueryFormat.TimeSeries)
    .exemplar(exemplars === true);
}
