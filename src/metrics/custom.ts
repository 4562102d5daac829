import type { Metric } from "./vocabulary.ts";

/**
 * - `counter`: a sum. - `gauge`: a value that is set. - `rate`: how many of some outcomes are good. - `trend`: a distribution.
 * The four of k6.
 */
export const customKinds = ["counter", "gauge", "rate", "trend"] as const;
export type CustomKind = (typeof customKinds)[number];

/** A metric of the scenario's own, which its code records. Its unit is the name's suffix: `_seconds`, `_bytes`. */
export interface CustomMetric {
  name: string;
  kind: CustomKind;
}

/** So many a scenario may have: each is a family on `/metrics`. */
export const MOST_CUSTOM_METRICS = 100;

/** What it is called in snapshots and on `/metrics`: no name of ours can be mistaken for it. */
export function exportedName({ name, kind }: CustomMetric): `plimsoll_custom_${string}` {
  const counted = kind === "counter" || kind === "rate";
  return `plimsoll_custom_${name}${counted && !name.endsWith("_total") ? "_total" : ""}`;
}

/** What is wrong with a name, for people; undefined if it can be a metric's (Prometheus, OpenMetrics). */
export function customNameProblem({ name, kind }: CustomMetric): string | undefined {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name))
    return "a name of at most 64 lower-case letters, digits and _, with a letter first";
  if (/_(count|sum|bucket|created|info)$/.test(name))
    return "a name without _count, _sum, _bucket, _created or _info at its end";
  if (name.endsWith("_total") && kind !== "counter") return "a name without _total at its end: that is a counter's";
  return undefined;
}

/** As the vocabulary would have it. */
export function customFamily({ name, kind }: CustomMetric): Metric {
  const help = `The scenario's own ${kind} ${name}.`;
  switch (kind) {
    case "counter":
      return { type: "counter", help, labels: ["scenario"] };
    case "gauge":
      return { type: "gauge", help, labels: ["scenario", "worker"] };
    case "rate":
      return { type: "counter", help, labels: ["scenario", "result"] };
    case "trend":
      return { type: "histogram", help, labels: ["scenario"] };
  }
}
