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
  const query = `label_values(${selector}, ${label})`;
  return new QueryVariableBuilder(name)
    .datasource(datasource)
    .definition(query)
    .query({ qryType: 1, query, refId: `variable-${name}` })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** Any number of its values, all at first: without `current`, Grafana would choose the first one. */
export function several(variable: QueryVariableBuilder): QueryVariableBuilder {
  return variable
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ text: ["All"], value: ["$__all"] });
}
