import { Scope } from "../dashboards/promql.ts";
import { targetLabel, targetName } from "../sinks/prometheus-labels.ts";
import { durationText } from "../verdict/quantity.ts";
import type { Operator } from "../verdict/threshold.ts";
import type { Aim } from "./objective.ts";
import { type AlertRule, literal } from "./rule.ts";
import type { Windows } from "./windows.ts";

const against: Record<Operator, string> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==" };

/**
 * The alert for a limit of a threshold on the target, or why there is none. It looks at what runs of the scenario see of
 * it, over the threshold's own window, or a short one: rules know no run's beginning.
 */
export function targetAlert(aim: Aim, scenario: string, windows: Windows): AlertRule | { why: string } {
  const { threshold, level, limit } = aim;
  const measured = measuredOf(aim, windows);
  if (typeof measured !== "string") return measured;
  const ofRun = new Scope({ run: { scenario }, window: "" });
  const run = ofRun.metric("plimsoll_run_info");
  const { forMs, afterMs } = threshold;
  const started = ofRun.metric("plimsoll_run_start_timestamp_seconds");
  const grace = afterMs === undefined ? "" : `\nand on (run_id) time() - ${started} >= ${afterMs / 1000}`;
  const slope = threshold.aggregation.kind === "slope";
  // A whole window has to be there: what a start takes says nothing of the time after it.
  const whole = slope ? `\nand ignoring (run_id) ${selectorOf(aim)} offset ${slopeWindow(aim, windows)}` : "";
  return {
    alert: "TargetThresholdBroken",
    expr: `${measured} * on (job, instance) group_left (run_id) ${run} ${against[limit.operator]} ${limit.value}${whole}${grace}`,
    ...(forMs === undefined ? {} : { for: durationText(forMs) }),
    labels: {
      severity: level === "critical" ? "critical" : "warning",
      domain: "target",
      level,
      threshold: literal(threshold.expression),
    },
    annotations: {
      summary: `{{ $labels.target }} breaks ${literal(threshold.expression)}`,
      description: descriptionOf(aim),
    },
  };
}

/** In the unit of its name, where it is of that. */
function descriptionOf({ threshold: { metric, aggregation }, level, limit }: Aim): string {
  const own = !["rate", "slope", "changes"].includes(aggregation.kind);
  const unit = units.find(({ ends }) => own && metric.endsWith(ends));
  const value = unit?.shown ?? "{{ $value | humanize }}";
  return `{{ $labels.source }} shows ${value} in run {{ $labels.run_id }}; ${level} is ${limit.operator} ${limit.text}.`;
}

const units = [
  { ends: "_ratio", shown: "{{ $value | humanizePercentage }}" },
  { ends: "_seconds", shown: "{{ $value | humanizeDuration }}" },
  { ends: "_bytes", shown: "{{ $value | humanize1024 }}B" },
];

/** As `/metrics` shows it. */
function selectorOf({ threshold: { metric, filters } }: Aim): string {
  const name = targetName(metric);
  const matchers = Object.entries(filters).map(([label, value]) => {
    return `${label === "source" ? label : targetLabel(label)}=${JSON.stringify(value)}`;
  });
  return matchers.length === 0 ? name : `${name}{${matchers.join(",")}}`;
}

function slopeWindow({ threshold: { overMs } }: Aim, windows: Windows): string {
  return overMs === undefined ? (windows.page[0]?.long ?? "") : durationText(overMs);
}

/** The figure of a threshold in PromQL, of each series. */
function measuredOf(aim: Aim, windows: Windows): string | { why: string } {
  const { threshold, limit } = aim;
  const { aggregation, overMs, forMs, during } = threshold;
  if (during !== undefined) return { why: "it is of a part of the load, which rules do not know" };
  const window = overMs === undefined ? (windows.page[0]?.short ?? "") : durationText(overMs);
  const range = `${selectorOf(aim)}[${window}]`;
  // With `for` alone the newest look is judged, as in a run.
  const newest = overMs === undefined && forMs !== undefined;
  switch (aggregation.kind) {
    case "last":
      return selectorOf(aim);
    case "quantile":
      return newest ? selectorOf(aim) : `quantile_over_time(${aggregation.q}, ${range})`;
    case "avg":
    case "min":
    case "max":
      if (newest) return selectorOf(aim);
      return `${aggregation.kind}_over_time(${range})`;
    case "rate":
      return `rate(${range})`;
    case "slope":
      return `deriv(${selectorOf(aim)}[${slopeWindow(aim, windows)}])`;
    case "count":
    case "changes": {
      // None in the whole run is none in each window of it; any other number is of a time that rules do not know.
      const none = (limit.value === 0 && ["==", "<="].includes(limit.operator)) || overMs !== undefined;
      if (!none) return { why: "it counts over the whole run: with `over 5m` it would have a window" };
      return aggregation.kind === "count" ? `increase(${range})` : `changes(${range})`;
    }
    case "ratio":
      return { why: "a target's metric has no ratio" };
  }
}
