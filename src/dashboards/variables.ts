import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { Scope } from "./promql.ts";

/** Whatever Prometheus the reader chose. */
export const datasource = { type: "prometheus", uid: "$datasource" };

/** What a dashboard shows: one run, the scenarios and targets that its variables choose. */
export const shown = new Scope({
  run: { run_id: { matches: "$run_id" }, scenario: { matches: "$scenario" } },
  target: { target: { matches: "$target" } },
  window: "$__rate_interval",
});

/** Selectors of the variables themselves, which cannot refer to one another freely. */
const anything = new Scope({ window: "$__rate_interval" });

/** The four variables that every dashboard has, in the order in which they depend on one another. */
export function commonVariables() {
  return [
    new DatasourceVariableBuilder("datasource")
      .label("Data source")
      .description("The Prometheus that scrapes Plimsoll.")
      .type("prometheus"),
    labelValues("run_id", anything.metric("plimsoll_run_info"))
      .label("Run")
      .description("One run. Ids begin with the time of the start: the newest comes first.")
      .sort(VariableSort.AlphabeticalDesc),
    several(labelValues("scenario", anything.metric("plimsoll_run_info", { run_id: { matches: "$run_id" } })))
      .label("Scenario")
      .description("Scenarios of the run."),
    several(labelValues("target", anything.target("up")))
      .label("Target")
      .description("Systems under test, by what their sources carry as label target. Each has its own row."),
  ];
}

/** A variable whose values are those of a label, which has its name unless another is given. */
export function labelValues(name: string, selector: string, label = name): QueryVariableBuilder {
  return queried(name, 1, `label_values(${selector}, ${label})`).sort(VariableSort.AlphabeticalAsc);
}

/**
 * A variable whose values are what a regular expression finds in the series that an expression gives, as Grafana writes
 * them: name, labels, value, milliseconds. The last by the alphabet comes first.
 */
export function resultOf(name: string, expr: string, regex: string): QueryVariableBuilder {
  return queried(name, 3, `query_result(${expr})`).regex(regex).sort(VariableSort.AlphabeticalDesc);
}

/** `kind` is that of Grafana's editor, which shows the query so. */
function queried(name: string, kind: number, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(datasource)
    .definition(query)
    .query({ qryType: kind, query, refId: `variable-${name}` })
    .refresh(VariableRefresh.OnTimeRangeChanged);
}

/** Any number of its values, all at first: without `current`, Grafana would choose the first one. */
export function several(variable: QueryVariableBuilder): QueryVariableBuilder {
  return variable
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ text: ["All"], value: ["$__all"] });
}
