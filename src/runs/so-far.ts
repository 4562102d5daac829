import { formatLike } from "../verdict/quantity.ts";
import type { Standing } from "./standing.ts";
import type { SummaryThreshold } from "./summary.ts";

/** Whether a run that goes on keeps its limits, in words: what somebody who opens the page has come to see. */
export interface SoFar {
  /** `good` only where a limit was judged and none is broken. */
  tone: "good" | "warn" | "bad" | "plain";
  /** Two or three words. */
  short: string;
  /** One sentence. */
  says: string;
  /** What is broken, critical limits first, and what has no data; each as a verdict would say it. */
  lines: string[];
}

export function soFar({ thresholds, totals }: Pick<Standing, "thresholds" | "totals">): SoFar {
  if (thresholds.length === 0) return withoutLimits(totals.failures);
  const critical = thresholds.filter(({ state, level }) => state === "broken" && level === "critical");
  const failing = new Set(critical.map(({ expression }) => expression));
  const missed = thresholds.filter(
    ({ state, level, expression }) => state === "broken" && level === "target" && !failing.has(expression),
  );
  const silent = thresholds.filter(({ state, level }) => state === "no_data" && level === "critical");
  const lines = [...critical.map(isBroken), ...missed.map(isBroken), ...silent.map(hasNoData)];
  const holding = thresholds.filter(({ state }) => state === "ok").length;
  const beside = missed.length === 0 ? "" : `; ${count(missed.length, "target is", "targets are")} missed`;
  if (critical.length > 0) {
    const says = `${count(critical.length, "critical limit is", "critical limits are")} broken${beside}`;
    return { tone: "bad", short: `${critical.length} broken`, says, lines };
  }
  if (missed.length > 0) {
    const says = `No critical limit is broken${beside}`;
    return { tone: "warn", short: `${missed.length} missed`, says, lines };
  }
  const waiting = thresholds.length - holding;
  if (holding === 0) return { tone: "plain", short: "not judged yet", says: "No limit can be judged yet", lines };
  const rest = waiting === 0 ? "" : `; ${waiting} cannot be judged yet`;
  const says = `${count(holding, "limit holds", "limits hold")} so far${rest}`;
  return { tone: "good", short: waiting === 0 ? "all hold" : `${holding} hold`, says, lines };
}

function withoutLimits(failures: number): SoFar {
  const rule = "there are no thresholds, so that any failed request fails the run";
  if (failures === 0) return { tone: "plain", short: "none", says: `No request has failed: ${rule}`, lines: [] };
  return { tone: "bad", short: "requests failed", says: `Requests have failed: ${rule}`, lines: [] };
}

function isBroken({ expression, level, limit, value, series }: SummaryThreshold): string {
  const where = series === undefined ? "" : ` in ${series}`;
  const measured = value === null ? "" : `is ${formatLike(value, limit)}${where}, `;
  return `${expression}: ${measured}${level} is ${limit.operator} ${limit.text}`;
}

function hasNoData({ expression, reason }: SummaryThreshold): string {
  return `${expression}: ${reason ?? "no data yet"}`;
}

function count(number: number, one: string, more: string): string {
  return `${number} ${number === 1 ? one : more}`;
}
