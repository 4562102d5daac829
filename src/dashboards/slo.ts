import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board } from "./board.ts";
import { chart } from "./chart.ts";
import { client } from "./colours.ts";
import { third } from "./grid.ts";
import { last, type RecordedMetric } from "./promql.ts";
import { requestsTable } from "./requests-table.ts";
import { table } from "./table.ts";
import { timeline } from "./timeline.ts";
import { labelValues, several } from "./variables.ts";

const ofRun = 'run_id=~"$run_id"';
const chosen = `${ofRun},sloth_slo=~"$slo"`;

/** What an SLO of the run is measured to be. */
const told = (name: RecordedMetric) => `${name}{${chosen}}`;
const bySlo = (expr: string) => `max by (sloth_slo) (${expr})`;
/** As shares of events: burn rates are against the budget. Two scenarios may have an SLO of one name, but not of one id. */
const ofEvents = (rate: string, budget: string) => `${rate} * on (sloth_id) group_left () ${budget}`;

const budget: RecordedMetric = "slo:error_budget:ratio";
const remaining = told("slo:period_error_budget_remaining:ratio");
const spent = told("slo:period_burn_rate:ratio");
const burning = told("slo:current_burn_rate:ratio");
const firing = `ALERTS{alertname=~"SLOErrorBudgetBurn.+",alertstate="firing",${chosen}}`;

/** The paces that alerts are about (Google's SRE workbook, "Alerting on SLOs"), against that which just spends the budget. */
const paces = [
  { factor: 1, says: "just spends the budget", colour: client.light },
  { factor: 6, says: "too fast", colour: client.alarm },
  { factor: 14.4, says: "much too fast", colour: client.strain },
];

/** What the thresholds of a scenario say as SLOs, by the rules that `plimsoll rules` writes for it. */
export function slo(): Dashboard {
  return board({
    uid: "plimsoll-slo",
    title: "SLO",
    description:
      "The error budgets of a run, and how fast it burns them. It needs the rules of the scenario: plimsoll rules FILE.",
    variables: [
      several(labelValues("slo", `slo:period_burn_rate:ratio{${ofRun}}`, "sloth_slo"))
        .label("SLO")
        .description("SLOs that the scenario's thresholds have become."),
    ],
    panels: [
      table({
        title: "Objectives",
        description:
          "What each SLO asks, what share of events was bad since the run's start, and what that leaves of the error budget: below 0 the objective is missed.",
        at: { x: 0, y: 0, w: 24, h: 7 },
        by: "sloth_slo",
        columns: [
          {
            expr: bySlo(`${last('slo:objective:ratio{sloth_slo=~"$slo"}')} and on (sloth_id) ${last(spent)}`),
            legend: "to be good",
            unit: "percentunit",
          },
          { expr: bySlo(ofEvents(last(spent), last(budget))), legend: "bad so far", unit: "percentunit" },
          { expr: bySlo(last(remaining)), legend: "budget left", unit: "percentunit" },
          { expr: bySlo(last(burning)), legend: "burn rate", unit: "short" },
        ],
      }),
      chart({
        title: "Error budget used",
        description: "Bad events since the run's start against those that may be bad: at 100 % the budget is spent.",
        at: third(0, 7),
        unit: "percentunit",
        atLeast: 1,
        lines: [{ expr: bySlo(spent), legend: "{{sloth_slo}}", colour: client.main, several: true, look: "strong" }],
      }),
      chart({
        title: "Burn rate by window",
        description:
          "How many times faster than the budget allows events were bad in each window. An alert fires where a long and a short window are both above its pace.",
        at: third(1, 7),
        unit: "short",
        lines: [
          {
            expr: `max by (sloth_slo, sloth_window) ({__name__=~"slo:sli_error:ratio_rate.+",${chosen}} / on (sloth_id) group_left () ${budget})`,
            legend: "{{sloth_slo}} in {{sloth_window}}",
            colour: client.main,
            several: true,
          },
          ...paces.map(({ factor, says, colour }) => ({
            expr: `vector(${factor})`,
            legend: `${factor} ×: ${says}`,
            colour,
            look: "dashed" as const,
          })),
        ],
      }),
      chart({
        title: "Bad events",
        description: "Share of events that were bad in the shortest window, and the share that may be.",
        at: third(2, 7),
        unit: "percentunit",
        lines: [
          {
            expr: bySlo(ofEvents(burning, budget)),
            legend: "{{sloth_slo}}",
            colour: client.alarm,
            several: true,
            look: "strong",
          },
          {
            expr: bySlo(`${budget}{sloth_slo=~"$slo"} and on (sloth_id) ${spent}`),
            legend: "{{sloth_slo}}: may be",
            colour: client.light,
            look: "dashed",
          },
        ],
      }),
      timeline({
        title: "Alerts",
        description: "Where an alert on the SLO's burn rate fires, a page or a ticket.",
        at: { x: 0, y: 15, w: 24, h: 6 },
        query: { expr: `1 - (${bySlo(firing)} or ${bySlo(`0 * ${spent}`)})`, legend: "{{sloth_slo}}" },
        one: { text: "quiet", colour: client.main },
        zero: "burns too fast",
      }),
      requestsTable({ x: 0, y: 21, w: 24, h: 10 }),
    ],
    rows: [],
  });
}
