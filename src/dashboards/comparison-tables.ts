import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Row } from "./board.ts";
import { atBaseline, baseline, baselineTime } from "./comparison-variables.ts";
import { last, type Scope } from "./promql.ts";
import { type Column, requestLink, table } from "./table.ts";
import { shown } from "./variables.ts";

/** Figures since the start of a run, from cumulative counters: they say what the run's summary says. */
function figures(scope: Scope, now: string, by: readonly string[]) {
  const labels = by.join(", ");
  const started = last(scope.metric("plimsoll_run_start_timestamp_seconds"));
  const ended = last(scope.metric("plimsoll_run_end_timestamp_seconds"));
  const seconds = `max by (run_id) ((${ended} or ${started} * 0 + ${now}) - ${started})`;
  const requests = `sum by (${labels}) (${last(scope.metric("plimsoll_requests_total"))})`;
  const failed = `sum by (${labels}) (${last(scope.metric("plimsoll_requests_total", { outcome: "failure" }))})`;
  const buckets = `sum by (${labels}, le) (${last(scope.buckets("plimsoll_response_time_seconds"))})`;
  const quantile = (q: number) => `histogram_quantile(${q}, ${buckets})`;
  return {
    requests,
    rate: `${requests} / on (run_id) group_left () (${seconds})`,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    failed: `(${failed} or 0 * ${requests}) / (${requests} > 0)`,
  };
}

type Figure = keyof ReturnType<typeof figures>;

const columns: { figure: Figure; legend: string; unit: string }[] = [
  { figure: "requests", legend: "requests", unit: "short" },
  { figure: "rate", legend: "a second", unit: "reqps" },
  { figure: "p50", legend: "p50", unit: "s" },
  { figure: "p95", legend: "p95", unit: "s" },
  { figure: "p99", legend: "p99", unit: "s" },
  { figure: "failed", legend: "failed", unit: "percentunit" },
];

/** A row for each of the two runs. */
export function runsTable(at: GridPos): Row["panels"][number] {
  const run = figures(shown, "time()", ["run_id"]);
  const other = figures(baseline, baselineTime, ["run_id"]);
  return table({
    title: "Both runs",
    description:
      "Each run since its start; the baseline as far as it was when it was as old as the run is at the end of the time range.",
    at,
    by: "run_id",
    columns: columns.map(({ figure, legend, unit }) => ({
      expr: `${run[figure]} or ${atBaseline(other[figure])}`,
      legend,
      unit,
    })),
  });
}

/** A row for each request, the run's figure beside the baseline's. */
export function requestsSideBySide(at: GridPos): Row["panels"][number] {
  const by = ["run_id", "request"];
  const run = figures(shown, "time()", by);
  const other = figures(baseline, baselineTime, by);
  // Rows are merged by what is left of the labels: the request.
  const bare = (expr: string) => `label_replace(${expr}, "run_id", "", "", "")`;
  const pair = ({ figure, legend, unit }: (typeof columns)[number]): Column[] => [
    { expr: bare(run[figure]), legend, unit },
    { expr: bare(atBaseline(other[figure])), legend: `${legend} before`, unit },
  ];
  return table({
    title: "Requests of both runs",
    description:
      "Each request's figures since the start of the run, beside the baseline's at the same age. `times`: the run's p95 against the baseline's.",
    at,
    by: "request",
    link: requestLink,
    columns: [
      {
        expr: `${bare(run.p95)} / (${bare(atBaseline(other.p95))} > 0)`,
        legend: "times",
        unit: "none",
      },
      ...columns.flatMap(pair),
    ],
  });
}
