import type { PlimsollMetric } from "./vocabulary.ts";

/**
 * One value of the target's health. `metric` is a name of the vocabulary without its prefix `target_`
 * (`db_pool_connections`); a `counter` is the source's own running total, which may restart lower.
 */
export interface Observation {
  /** The name under `watch:` in the scenario. */
  source: string;
  metric: string;
  labels: Record<string, string>;
  type: "gauge" | "counter";
  value: number;
  /** The run's milliseconds at the middle of the request that fetched it: a source's own clock is never trusted. */
  at: number;
}

/** `metric{a="1",b="2"}`, labels sorted: the one spelling under which a target series is kept and shown. */
export function seriesName(metric: string, labels: Record<string, string>): string {
  const names = Object.keys(labels);
  if (names.length === 0) return metric;
  if (names.length > 1) names.sort();
  let text = "";
  for (const name of names) text += `${text === "" ? "{" : ","}${name}="${escapeLabel(labels[name] ?? "")}"`;
  return `${metric}${text}}`;
}

function escapeLabel(value: string): string {
  // Several thousand series a second are named, and hardly a value needs it.
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Takes apart what `seriesName` wrote. */
export function parseSeriesName(text: string): { metric: string; labels: Record<string, string> } {
  const brace = text.indexOf("{");
  if (brace < 0) return { metric: text, labels: {} };
  const labels: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.slice(brace).matchAll(/[{,]([^={,]+)="((?:[^"\\]|\\.)*)"/gs)) {
    labels[name] = value.replace(/\\(.)/gs, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return { metric: text.slice(0, brace), labels };
}

/** The series of one metric among values kept by `seriesName`. */
export function metricSeries<T>(
  values: Record<string, T>,
  metric: PlimsollMetric | `plimsoll_custom_${string}`,
): [name: string, value: T][] {
  return Object.entries(values).filter(([name]) => name === metric || name.startsWith(`${metric}{`));
}
