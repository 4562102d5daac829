import { LABEL_LIMIT, OTHER } from "../metrics/aggregator.ts";

export type Labels = Readonly<Record<string, string>>;

/** `a="1",b="2"` as Prometheus's text format writes labels, in the order given. */
export function labelText(labels: Labels): string {
  let text = "";
  for (const name in labels) {
    if (text !== "") text += ",";
    text += `${name}="${escapeLabelValue(labels[name] ?? "")}"`;
  }
  return text;
}

function escapeLabelValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n") : value;
}

/** A number as both formats write it. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

/**
 * The label `le` of a bound: the float form of OpenMetrics as Go prints it ("1.0", "0.25", "1e-05"). Prometheus 2 keeps
 * `le` as it is written and Prometheus 3 normalises it to this form, so that only this one matches in both.
 */
export function boundText(bound: number): string {
  if (!Number.isFinite(bound)) return numberText(bound);
  if (bound !== 0 && Math.abs(bound) < 1e-4) return bound.toExponential().replace(/e-(\d)$/, "e-0$1");
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

/** Any text as a metric name behind the prefix `target_`. Colons are for recording rules and go too. */
export function targetName(metric: string): string {
  return `target_${metric.replace(/[^a-zA-Z0-9_]/g, "_")}`;
}

/** Names that Prometheus, the text format or `target_*` itself gives a meaning. */
const takenLabels = new Set(["job", "instance", "le", "quantile", "target", "source"]);

/** Any text as a label name; a name that is taken becomes `exported_…`, as Prometheus does with its own. */
export function targetLabel(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=[0-9]|$)/, "_");
  return takenLabels.has(clean) || clean.startsWith("__") ? `exported_${clean}` : clean;
}

/** Lets 200 values of each label through and makes one of the rest, visibly. First come, first served. */
export class LabelBounds {
  readonly #values = new Map<string, Set<string>>();
  /** How often each label's limit was met. */
  readonly overflows = new Map<string, number>();

  bound(label: string, value: string): string {
    let values = this.#values.get(label);
    if (values === undefined) {
      values = new Set();
      this.#values.set(label, values);
    }
    if (values.has(value) || value === OTHER) return value;
    if (values.size >= LABEL_LIMIT) {
      this.overflows.set(label, (this.overflows.get(label) ?? 0) + 1);
      return OTHER;
    }
    values.add(value);
    return value;
  }
}
