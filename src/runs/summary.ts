import type { BreachEvidence } from "../metrics/exhibit.ts";
import { addHistograms, type HistogramData, mean, quantile } from "../metrics/histogram.ts";
import { metricSeries } from "../metrics/observation.ts";
import { addSeries, requestCount, type SeriesData, type Snapshot } from "../metrics/snapshot.ts";
import type { PlimsollMetric } from "../metrics/vocabulary.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Analysis } from "../verdict/findings/analysis.ts";
import type { Finding, LoadLine, SignSeen } from "../verdict/findings/finding.ts";
import type { RecoveryFigures } from "../verdict/recovery.ts";
import type { TargetFigures } from "../verdict/target-statistics.ts";
import type { Limit } from "../verdict/threshold.ts";
import type { TrustResult } from "../verdict/trust.ts";
import { exitCode, type ThresholdState, type Verdict } from "../verdict/verdict.ts";

/** Rises when a program that reads the version before could be misled. */
export const SUMMARY_VERSION = 1;

/**
 * What programs read of a run (`--summary FILE`): `summary-schema.ts` is its JSON Schema. Times in
 * seconds, moments in Unix seconds, rates a second, shares 0 to 1. What was not measured is null, never 0.
 */
export interface Summary {
  version: typeof SUMMARY_VERSION;
  run: {
    id: string;
    scenario: string;
    profile: string;
    start: number;
    end: number;
    labels: Record<string, string>;
    /** There was no load: the target was only watched. */
    watchOnly?: true;
    /** The load was changed by a search for the load line. */
    search?: true;
  };
  verdict: {
    state: Verdict["state"];
    exitCode: number;
    /** Critical limits that were broken. */
    breaches: string[];
    /** Why a run was stopped or is inconclusive. */
    reasons: string[];
    warnings: string[];
  };
  totals: RequestFigures & {
    /** Tasks that ran to their end. */
    iterations: number;
    /** Iterations planned but not started. */
    dropped: number;
  };
  requests: SummaryRequest[];
  /** By series name, its source among the labels. */
  target: Record<string, TargetFigures>;
  /** What ended iterations and was no failed request, the most frequent first. */
  exceptions: SummaryException[];
  /** How the target came back after the load, where it was watched then. */
  recovery?: RecoveryFigures;
  /** What the sources and the load had to show when limits broke, where they had something. */
  evidence?: SummaryEvidence[];
  thresholds: SummaryThreshold[];
  /** What the run means; while it goes on what gave way, and nothing else yet. */
  findings: Finding[];
  /** The warning signs of load-testing guides, each seen, not seen or not known. */
  signs: SignSeen[];
  loadLine?: LoadLine;
  generator: {
    /** The busiest worker's mean event-loop utilisation. */
    cpu: number;
    /** The worst worker's p99 of event-loop delay. */
    lag: number;
    dropped: number;
    trusted: boolean;
  };
}

/** Of all requests, failed ones too: `latency` from the intended start, `service` from the real one. */
export interface RequestFigures {
  requests: number;
  failures: number;
  rate: number;
  latency: LatencyFigures | null;
  service: LatencyFigures | null;
}

export interface LatencyFigures {
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
}

export interface SummaryRequest extends RequestFigures {
  /** User class. */
  user: string;
  task: string;
  name: string;
  method: string;
  /** Status code to requests; `none` counts those without a response. */
  statuses: Record<string, number>;
  errors: SummaryError[];
}

/** `first` and `last` are seconds since the run's start. */
export interface SummaryError {
  /** Failure kind, or status code. */
  type: string;
  detail: string;
  count: number;
  first: number;
  last: number;
}

/** `first` and `last` are seconds since the run's start. */
export interface SummaryException {
  user: string;
  task: string;
  message: string;
  /** The stack of the first; empty where it has none. */
  traceback: string;
  count: number;
  first: number;
  last: number;
}

export interface SummaryEvidence {
  /** Seconds since the run's start. */
  at: number;
  thresholds: string[];
  level: BreachEvidence["level"];
  shown: { source: string; title: string; lines: string[] }[];
}

export interface SummaryThreshold {
  expression: string;
  level: ThresholdState["level"];
  /** In base units, with the text that the scenario wrote. */
  limit: Limit;
  /** In the limit's base unit; null without data. */
  value: number | null;
  state: ThresholdState["state"];
  /** The target series that counted, where there is one. */
  series?: string;
  /** Why there is no answer, for people. */
  reason?: string;
  /** Of a limit over time: the seconds of the run at which it was first broken and last. */
  broken?: { from: number; until: number };
  /** The second of the run at which it ended the load. */
  aborted?: number;
}

/** All that a summary is made of. */
export interface SummaryInput {
  plan: Plan;
  /** The last one. */
  snapshot: Snapshot;
  states: readonly ThresholdState[];
  verdict: Verdict;
  target: Record<string, TargetFigures>;
  trust: TrustResult;
  /** Of a run that has ended. */
  analysis?: Analysis | undefined;
  /** The run's milliseconds; the last snapshot's where it is not given. */
  endedAt?: number;
  /** Where the target was watched after the load. */
  recovery?: RecoveryFigures | undefined;
  /** What was shown when limits broke. */
  evidence?: readonly BreachEvidence[];
}

export function summarise({ verdict, ...input }: SummaryInput): Summary {
  const { runId, scenario, profile, labels, startedAt } = input.plan;
  const start = startedAt / 1000;
  const end = start + (input.endedAt ?? input.snapshot.at) / 1000;
  return {
    version: SUMMARY_VERSION,
    run: {
      id: runId,
      scenario,
      profile,
      start,
      end,
      labels,
      ...(input.plan.watchMs === undefined ? {} : { watchOnly: true }),
      ...(input.plan.search === undefined ? {} : { search: true }),
    },
    verdict: summariseVerdict(verdict),
    ...summariseFigures(input),
    ...(input.recovery === undefined ? {} : { recovery: input.recovery }),
    ...summariseEvidence(input.evidence ?? []),
  };
}

function summariseEvidence(all: readonly BreachEvidence[]): Pick<Summary, "evidence"> {
  if (all.length === 0) return {};
  return {
    evidence: all.map(({ at, thresholds, level, exhibits }) => ({
      at: at / 1000,
      thresholds,
      level,
      shown: exhibits.map(({ source, title, lines }) => ({ source, title, lines })),
    })),
  };
}

export function summariseVerdict(verdict: Verdict): Summary["verdict"] {
  return {
    state: verdict.state,
    exitCode: exitCode(verdict),
    breaches: verdict.state === "failed" ? verdict.breaches : [],
    reasons: "reasons" in verdict ? verdict.reasons : [],
    warnings: verdict.warnings,
  };
}

/** What a summary says beside the run's name and its verdict: it can be asked for while the run goes on. */
export function summariseFigures({
  snapshot,
  states,
  target,
  trust,
  ...given
}: Omit<SummaryInput, "verdict" | "plan">): Omit<Summary, "version" | "run" | "verdict"> {
  const seconds = (given.endedAt ?? snapshot.at) / 1000;
  const dropped = counted(snapshot, "plimsoll_dropped_iterations_total");
  const [first, ...rest] = snapshot.series;
  return {
    totals: {
      ...(first === undefined ? noRequests : figuresOf(rest.reduce(addSeries, first), seconds)),
      iterations: counted(snapshot, "plimsoll_iterations_total"),
      dropped,
    },
    requests: snapshot.series.map((series) => requestOf(series, seconds)),
    target,
    exceptions: (snapshot.exceptions ?? [])
      .map(({ firstAt, lastAt, ...one }) => ({ ...one, first: firstAt / 1000, last: lastAt / 1000 }))
      .sort((a, b) => b.count - a.count),
    thresholds: states.map(thresholdOf),
    findings: given.analysis?.findings ?? [],
    signs: given.analysis?.signs ?? [],
    ...(given.analysis?.loadLine === undefined ? {} : { loadLine: given.analysis.loadLine }),
    generator: { cpu: trust.cpu, lag: trust.lag, dropped, trusted: trust.trusted },
  };
}

const noRequests: RequestFigures = { requests: 0, failures: 0, rate: 0, latency: null, service: null };

function requestOf(series: SeriesData, seconds: number): SummaryRequest {
  const { user, task, request, method } = series.key;
  const statuses = Object.entries(series.statuses).map(([status, { success, failure }]): [string, number] => [
    status === "" ? "none" : status,
    success + failure,
  ]);
  return {
    user,
    task,
    name: request,
    method,
    ...figuresOf(series, seconds),
    statuses: Object.fromEntries(statuses),
    errors: series.details
      .map(({ type, detail, count, firstAt, lastAt }) => ({
        type,
        detail,
        count,
        first: firstAt / 1000,
        last: lastAt / 1000,
      }))
      .sort((a, b) => b.count - a.count),
  };
}

function figuresOf(series: SeriesData, seconds: number): RequestFigures {
  const requests = requestCount(series);
  return {
    requests,
    failures: series.failure.response.count,
    rate: seconds > 0 ? requests / seconds : 0,
    latency: latencyOf(addHistograms(series.success.response, series.failure.response)),
    service: latencyOf(addHistograms(series.success.service, series.failure.service)),
  };
}

function latencyOf(data: HistogramData): LatencyFigures | null {
  const average = mean(data);
  if (average === undefined) return null;
  const at = (q: number) => quantile(data, q) ?? data.max;
  return {
    min: data.min,
    mean: average,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: data.max,
  };
}

function thresholdOf(threshold: ThresholdState): SummaryThreshold {
  const { expression, level, limit, value, state, series, reason, broken, abortedMs } = threshold;
  return {
    expression,
    level,
    limit,
    value: value ?? null,
    state,
    ...(broken === undefined ? {} : { broken: { from: broken.fromMs / 1000, until: broken.untilMs / 1000 } }),
    ...(abortedMs === undefined ? {} : { aborted: abortedMs / 1000 }),
    ...(series === undefined ? {} : { series }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function counted({ counters }: Snapshot, metric: PlimsollMetric): number {
  return metricSeries(counters, metric).reduce((sum, [, value]) => sum + value, 0);
}
