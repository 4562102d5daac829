import { metricSeries, seriesName } from "../metrics/observation.ts";
import { requestCount, type Snapshot, type TaskException } from "../metrics/snapshot.ts";
import { errorBias } from "./error-bias.ts";
import { whenBroken } from "./limit-watch.ts";
import { durationText, formatLike } from "./quantity.ts";
import type { Limit } from "./threshold.ts";
import { ownFailures, type TrustResult } from "./trust.ts";
import { duplicateBreaches, uniqueDoubts } from "./unique-values.ts";

/**
 * How one limit of a threshold stands. `no_data`: nothing was measured; `few_samples`: too little to tell; neither is
 * ever a pass.
 */
export interface ThresholdState {
  expression: string;
  level: "target" | "critical";
  limit: Limit;
  /** In the limit's base unit; absent without data. */
  value?: number;
  state: "ok" | "broken" | "no_data" | "few_samples";
  /** The series that counted, where several matched: the worst. */
  series?: string;
  /** Why there is no answer, for people. */
  reason?: string;
  /** Of a limit over time: when it was first broken and when last, the run's milliseconds; also where it holds again. */
  broken?: { fromMs: number; untilMs: number };
  /** When it ended the load, the run's milliseconds. */
  abortedMs?: number;
}

export type Verdict =
  | { state: "passed"; warnings: string[] }
  /** `cause`: nothing but exceptions made it fail. */
  | { state: "failed"; breaches: string[]; warnings: string[]; cause?: "exception" }
  | { state: "stopped" | "inconclusive"; reasons: string[]; warnings: string[] };

/** What a run's end is judged by. */
export interface Evidence {
  /** The judge's last word on each limit. */
  states: readonly ThresholdState[];
  trust: TrustResult;
  /** Who stopped the run before its end, such as `SIGINT`. */
  stoppedBy?: string | undefined;
  /** The last one. */
  snapshot: Snapshot;
  /** Without thresholds any failed request fails the run. */
  hasThresholds: boolean;
  /** A run that only watched its target has no requests. */
  watchOnly?: boolean;
  /** Why it does not show what it was meant to (`doubt.ts`). */
  doubts?: readonly string[];
  /** Why there was no load: nothing can be said of the target then. */
  notRun?: string | undefined;
  /** What else people should know. */
  warnings?: readonly string[];
}

/**
 * The verdict: failed before stopped before inconclusive before passed. What was seen to be broken stays broken, whoever
 * stopped the run and however busy the generator was; but nothing passes on figures that may be the generator's own, on
 * no requests, or on a critical limit that could not be judged. Requests that the generator itself failed or broke off
 * count for nothing here. A run whose code threw has not passed.
 */
export function decide(evidence: Evidence): Verdict {
  const { states, trust, stoppedBy, snapshot, hasThresholds, watchOnly = false, notRun } = evidence;
  if (notRun !== undefined) {
    const told = [...(evidence.warnings ?? [])];
    if (stoppedBy === undefined) return { state: "inconclusive", reasons: [notRun], warnings: told };
    return { state: "stopped", reasons: [`stopped by ${stoppedBy} before its end`], warnings: [notRun, ...told] };
  }
  const broken = states.filter(({ level, state }) => level === "critical" && state === "broken");
  // First what ended the load: what came after was judged on a load that was no longer the plan's.
  const breaches = broken.toSorted((a, b) => abortTime(a) - abortTime(b)).map(breach);
  const requests = snapshot.series.reduce((sum, one) => sum + requestCount(one) - ownFailures(one), 0);
  const failures = snapshot.series.reduce((sum, one) => sum + one.failure.response.count - ownFailures(one), 0);
  if (!hasThresholds && failures > 0) {
    breaches.push(`${failures} of ${requests} requests failed, and the scenario has no thresholds that admit it`);
  }
  breaches.push(...duplicateBreaches(snapshot));
  const checks = metricSeries(snapshot.counters, "plimsoll_checks_total");
  const failedChecks = sum(checks.filter(([name]) => name.includes('outcome="failure"')));
  if (!hasThresholds && failedChecks > 0) {
    breaches.push(`${failedChecks} of ${sum(checks)} checks failed, and the scenario has no thresholds that admit it`);
  }
  const unanswered = states.filter(({ level, state }) => level === "critical" && isUnanswered(state)).map(unknown);
  const thrown = (snapshot.exceptions ?? []).map(exception);
  const doubts = [
    ...(!watchOnly && requests === 0 && thrown.length === 0 ? ["no request came to its end"] : []),
    ...unanswered,
    ...uniqueDoubts(snapshot),
    ...trust.reasons,
    ...(evidence.doubts ?? []),
  ];
  const warnings = [
    ...targetWarnings(states),
    ...feedWarnings(snapshot),
    ...errorBias(snapshot),
    ...(evidence.warnings ?? []),
  ];
  if (breaches.length > 0) {
    const own = trust.reasons.map((reason) => `the figures may be the generator's own: ${reason}`);
    const doubted = [...own, ...(evidence.doubts ?? [])];
    return { state: "failed", breaches, warnings: [...warnings, ...thrown, ...unanswered, ...doubted] };
  }
  if (stoppedBy !== undefined) {
    return {
      state: "stopped",
      reasons: [`stopped by ${stoppedBy} before its end`],
      warnings: [...warnings, ...thrown, ...doubts],
    };
  }
  if (doubts.length > 0) return { state: "inconclusive", reasons: doubts, warnings: [...warnings, ...thrown] };
  if (thrown.length > 0) return { state: "failed", breaches: thrown, warnings, cause: "exception" };
  return { state: "passed", warnings };
}

/**
 * The exit code of a finished run: 0 passed, 99 failed (k6's), 105 stopped from outside (k6's), 98 inconclusive, 107 the
 * scenario's code threw (k6's).
 */
export function exitCode(verdict: Verdict): number {
  if (verdict.state === "failed" && verdict.cause === "exception") return 107;
  return { passed: 0, failed: 99, stopped: 105, inconclusive: 98 }[verdict.state];
}

/** A missed target, or one that could not be judged, is a warning; one whose critical limit says the same is not told twice. */
function targetWarnings(states: readonly ThresholdState[]): string[] {
  const told = new Set(
    states.filter(({ level, state }) => level === "critical" && state !== "ok").map(({ expression }) => expression),
  );
  return states
    .filter(({ level, expression }) => level === "target" && !told.has(expression))
    .flatMap((state) => {
      if (state.state === "broken") return [breach(state)];
      return isUnanswered(state.state) ? [unknown(state)] : [];
    });
}

function abortTime({ abortedMs = Number.MAX_VALUE }: ThresholdState): number {
  return abortedMs;
}

/** Less was asked of the target than was planned; what was asked is judged all the same. */
function feedWarnings({ counters }: Snapshot): string[] {
  const count = counters[seriesName("plimsoll_dropped_iterations_total", { reason: "feed_exhausted" })] ?? 0;
  if (count === 0) return [];
  const what = count === 1 ? "1 user or iteration" : `${count} users or iterations`;
  return [`${what} did not start: a feed with order: unique had no row left (add rows, or take another order)`];
}

function isUnanswered(state: ThresholdState["state"]): boolean {
  return state === "no_data" || state === "few_samples";
}

function breach({ expression, level, limit, value, series, broken, abortedMs }: ThresholdState): string {
  const measured = value === undefined ? "unknown" : formatLike(value, limit);
  const where = series === undefined ? "" : ` in ${series}`;
  const when = broken === undefined ? "" : ` ${whenBroken(broken)}`;
  const what = `${expression}: was ${measured}${where}${when}, ${level} is ${limit.operator} ${limit.text}`;
  return abortedMs === undefined ? what : `aborted at ${durationText(Math.round(abortedMs / 100) * 100)} by ${what}`;
}

function sum(counts: readonly (readonly [name: string, count: number])[]): number {
  return counts.reduce((total, [, count]) => total + count, 0);
}

function exception({ user, task, message, count }: TaskException): string {
  const times = count === 1 ? "once" : `${count} times`;
  return `task ${task} of ${user} broke off ${times}: ${message}`;
}

function unknown({ expression, reason }: ThresholdState): string {
  return `${expression}: ${reason ?? "no answer"}`;
}
