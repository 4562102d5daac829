import type { RecordedMetric } from "../dashboards/promql.ts";
import { rounded, type Sum } from "./indicator.ts";
import type { Objective } from "./objective.ts";
import { type AlertRule, type Group, literal, type RecordingRule } from "./rule.ts";
import { allWindows, type Burn, type Windows } from "./windows.ts";

/** One error in 20 requests is no trend: with fewer events in the short window no alert fires. */
const FEWEST_EVENTS = 20;

/** By run: what a run of yesterday counted is not today's. */
const counted =
  (how: "rate" | "increase", window: string): Sum =>
  (selector) =>
    `sum by (run_id) (${how}(${selector}[${window}]))`;
const ofTheRun: Sum = (selector) => `sum by (run_id) (${selector})`;

type Severity = "page" | "ticket";

/**
 * The groups of one SLO, with the names and labels of Sloth's recordings (sloth.dev), so that its dashboards fit: the share
 * of bad events in each window, what the SLO asks, and alerts where the error budget burns too fast in two windows at once.
 */
export function objectiveGroups(objective: Objective, windows: Windows): Group[] {
  const id = idOf(objective);
  const rules = severitiesOf(objective).flatMap((severity) => alertOf(objective, severity, windows));
  return [
    { name: `plimsoll-slo-sli-recordings-${id}`, comment: descriptionOf(objective), rules: shares(objective, windows) },
    { name: `plimsoll-slo-meta-recordings-${id}`, rules: meta(objective, windows) },
    ...(rules.length === 0 ? [] : [{ name: `plimsoll-slo-alerts-${id}`, rules }]),
  ];
}

/** Which alerts an SLO does not have, and why; for people. */
export function missingAlerts(objective: Objective, windows: Windows): string | undefined {
  const missing = severitiesOf(objective).filter((severity) => alertOf(objective, severity, windows).length === 0);
  if (missing.length === 0) return undefined;
  const factor = Math.min(...missing.flatMap((severity) => windows[severity].map((burn) => burn.factor)));
  const share = percentOf(budgetOf(objective));
  return `no alert for a ${missing.join(" or a ")}: ${share} may be bad, and ${factor} times that is more than there is`;
}

/** For people. */
export function descriptionOf({ threshold, indicator }: Objective): string {
  return `${threshold.expression}: ${percentOf(indicator.objective)} have to be good. Bad are ${indicator.bad}.`;
}

export function idOf({ service, name }: Objective): string {
  return `${service}-${name}`;
}

/** A missed target is a warning of a run: nobody is called for it. */
export function severitiesOf({ level }: Objective): Severity[] {
  return level === "critical" ? ["page", "ticket"] : ["ticket"];
}

/** `99.9 %` */
function percentOf(share: number): string {
  return `${rounded(share * 100)} %`;
}

function labelsOf(objective: Objective): Record<string, string> {
  return { sloth_id: idOf(objective), sloth_service: objective.service, sloth_slo: objective.name };
}

function recorded(name: string, objective: Objective): string {
  return `${name}{sloth_id=${JSON.stringify(idOf(objective))}}`;
}

function shares(objective: Objective, windows: Windows): RecordingRule[] {
  return allWindows(windows).map((window) => ({
    record: `slo:sli_error:ratio_rate${window}`,
    expr: objective.indicator.failedShare(counted("rate", window)),
    labels: { ...labelsOf(objective), sloth_window: window },
  }));
}

function meta(objective: Objective, windows: Windows): (RecordingRule & { record: RecordedMetric })[] {
  const { objective: good } = objective.indicator;
  const labels = labelsOf(objective);
  const [shortest] = allWindows(windows);
  const current = recorded(`slo:sli_error:ratio_rate${shortest}`, objective);
  const budget = recorded("slo:error_budget:ratio", objective);
  return [
    { record: "slo:objective:ratio", expr: `vector(${good})`, labels },
    { record: "slo:error_budget:ratio", expr: `vector(${budgetOf(objective)})`, labels },
    { record: "slo:time_period:days", expr: `vector(${windows.days})`, labels },
    {
      record: "slo:current_burn_rate:ratio",
      expr: `${current} / on (sloth_id, sloth_service, sloth_slo) group_left () ${budget}`,
      labels,
    },
    {
      // A run's counters begin with it: what they say is all that it has spent, however long the windows are.
      record: "slo:period_burn_rate:ratio",
      expr: `${objective.indicator.failedShare(ofTheRun)} / ${budgetOf(objective)}`,
      labels,
    },
    {
      record: "slo:period_error_budget_remaining:ratio",
      expr: `1 - ${recorded("slo:period_burn_rate:ratio", objective)}`,
      labels,
    },
    {
      record: "sloth_slo_info",
      expr: "vector(1)",
      labels: {
        ...labels,
        sloth_mode: "plimsoll",
        sloth_objective: String(rounded(good * 100)),
        sloth_spec: "prometheus/v1",
        level: objective.level,
        threshold: literal(objective.threshold.expression),
      },
    },
  ];
}

function budgetOf({ indicator }: Objective): number {
  return rounded(1 - indicator.objective);
}

/** None where no share of bad events could be so large. */
function alertOf(objective: Objective, severity: Severity, windows: Windows): AlertRule[] {
  const { threshold, level, indicator } = objective;
  const budget = budgetOf(objective);
  const burns: readonly Burn[] = windows[severity];
  const possible = burns.filter(({ factor }) => factor * budget < 1);
  if (possible.length === 0) return [];
  const rule = {
    alert: severity === "page" ? "SLOErrorBudgetBurnFast" : "SLOErrorBudgetBurnSlow",
    expr: possible.map((burn) => burning(objective, burn)).join("\nor\n"),
    labels: {
      ...labelsOf(objective),
      sloth_severity: severity,
      severity,
      domain: "slo",
      level,
      threshold: literal(threshold.expression),
    },
    annotations: {
      summary: `Run {{ $labels.run_id }} burns the error budget of ${literal(threshold.expression)}`,
      description: `{{ $value | humanizePercentage }} are ${indicator.bad}; ${percentOf(budget)} may be.`,
    },
  };
  return [rule];
}

/** The value is the share of bad events in the short window. */
function burning(objective: Objective, { long, short, factor }: Burn): string {
  const limit = `${factor} * ${budgetOf(objective)}`;
  const burns = (window: string) =>
    `max without (sloth_window) (${recorded(`slo:sli_error:ratio_rate${window}`, objective)} > ${limit})`;
  const events = `${objective.indicator.all(counted("increase", short))} >= ${FEWEST_EVENTS}`;
  return `(\n  ${burns(short)}\n  and ${burns(long)}\n  and on (run_id) ${events}\n)`;
}
