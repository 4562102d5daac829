import { VariableHide } from "@grafana/grafana-foundation-sdk/dashboard";
import { earlier, Scope } from "./promql.ts";
import { resultOf, shown } from "./variables.ts";

/** The other run. */
export const baseline = shown.narrowed({ run: { run_id: { matches: "$baseline" } } });

/** An expression of the other run, or of the target, at the moment at which the other run was as old as this one is now. */
export const atBaseline = (expr: string) => earlier(expr, `\${shift}s`);

/** What `time()` is for the other run. */
export const baselineTime = "(time() - $shift)";

/** The run to compare with, and by how much it is shifted. Both look back thirty days, whatever time the dashboard shows. */
export function comparisonVariables() {
  const anything = new Scope({ window: "30d" });
  const start = (run: string) => {
    const metric = anything.metric("plimsoll_run_start_timestamp_seconds", { run_id: { matches: run } });
    return `max(last_over_time(${metric}[30d]))`;
  };
  const shift = `round(${start("$run_id")} - ${start("$baseline")})`;
  return [
    resultOf(
      "baseline",
      `count by (run_id) (last_over_time(${anything.metric("plimsoll_run_info")}[30d]))`,
      '/run_id="([^"]+)"/',
    )
      .label("Baseline")
      .description("The run to compare with, of the last thirty days."),
    // An offset of nothing is none that Prometheus takes: a run beside itself is a second late.
    resultOf("shift", `${shift} + (${shift} == bool 0)`, "/ (-?\\d+) /")
      .label("Shift")
      .description("Seconds from the start of the baseline to the start of the run.")
      .hide(VariableHide.HideVariable),
  ];
}
