import { mean, sampleVariance } from "simple-statistics";
import { studentCdf, studentQuantile } from "../verdict/student.ts";
import type { RequestFigures, Summary } from "./summary.ts";

/** What became of one figure between two groups of runs. */
export interface Difference {
  /** `all requests`, `GET /api/list`, or a target series. */
  of: string;
  /** `p95`, `failed`, `rate`, or `mean` of a target series. */
  figure: string;
  /** The unit's name, as metrics' names end: `latency_seconds`, `ratio`, `rate`, or the metric itself. */
  unit: string;
  /** The groups' means: geometric for what is compared by its ratio. */
  before: number;
  after: number;
  /** Relative (0.1: a tenth more), or absolute for shares of failures. */
  change: number;
  relative: boolean;
  /** Where the change lies with 95 % confidence; null with one run on a side. */
  interval: [low: number, high: number] | null;
  /**
   * `unknown`: one run on a side says nothing of how much runs differ by themselves. `unclear`: it may be nothing or it may
   * be something. Target series are neither better nor worse: they `rose` or `fell`.
   */
  verdict: "worse" | "better" | "rose" | "fell" | "same" | "unclear" | "unknown";
}

export interface Comparison {
  before: RunName[];
  after: RunName[];
  differences: Difference[];
  /** What makes the groups hard to compare, for people. */
  remarks: string[];
}

export interface RunName {
  id: string;
  scenario: string;
  profile: string;
  start: number;
  labels: Record<string, string>;
}

/** A change that is smaller matters to nobody: relative; of failures, in shares of all requests. */
export interface Least {
  relative: number;
  failures: number;
}

export const DEFAULT_LEAST: Least = { relative: 0.05, failures: 0.001 };

/** Of all changes that are called one, this share may be none. */
const FALSE_DISCOVERIES = 0.05;
/** Histograms give a quantile to within 0.55 %, so that equal runs do not look surer than they are. */
const RESOLUTION = 0.003;
/** A percentile of fewer requests is one of them. */
const REQUESTS_FOR: Record<string, number> = { p50: 20, p95: 200, p99: 1000 };

/** One figure in each run of a group that has it. */
interface Sample {
  of: string;
  figure: string;
  unit: string;
  value: number;
}

/**
 * Compares two groups of runs, figure by figure. Runs are the sample: what one run says ten thousand times is said once.
 * Latencies, rates and the target's means are compared by the ratio of their means (Welch's test on logarithms), shares of
 * failures by their difference. A change is called one when it exceeds the least effect, with false discoveries held to 5 %
 * over all figures.
 *
 * Sources: Welch, "The generalization of 'Student's' problem" (1947); Benjamini and Hochberg, "Controlling the false
 * discovery rate" (1995).
 */
export function compareRuns(
  before: readonly Summary[],
  after: readonly Summary[],
  least: Least = DEFAULT_LEAST,
): Comparison {
  const [a, b] = [before, after].map((group) => bySubject(group.flatMap(samplesOf)));
  const pairs = [...(a ?? [])].flatMap(([key, ofA]) => {
    const ofB = b?.get(key);
    return ofB === undefined ? [] : [{ ofA, ofB }];
  });
  const tested = pairs.map(({ ofA, ofB }) => test(ofA, ofB, least));
  const called = discoveries(tested.map(({ p }) => p));
  return {
    before: before.map(nameOf),
    after: after.map(nameOf),
    differences: tested.map(({ difference }, i) =>
      called.has(i) ? { ...difference, verdict: callOf(difference) } : difference,
    ),
    remarks: remarksOf(before, after),
  };
}

/** True where a client's figure became worse. */
export function hasRegression({ differences }: Comparison): boolean {
  return differences.some(({ verdict }) => verdict === "worse");
}

function nameOf({ run: { id, scenario, profile, start, labels } }: Summary): RunName {
  return { id, scenario, profile, start, labels };
}

function samplesOf({ totals, requests, target, run }: Summary): Sample[] {
  const named = requests.map(({ method, name, user, ...figures }) => ({ of: `${method} ${name} (${user})`, figures }));
  const seconds = run.end - run.start;
  return [
    ...requestSamples("all requests", totals),
    // One alone is all of them.
    ...(named.length > 1 ? named.flatMap(({ of, figures }) => requestSamples(of, figures)) : []),
    ...Object.entries(target).flatMap(([of, { mean: value, first, last }]): Sample[] => {
      const metric = of.replace(/\{.*$/s, "");
      if (/^(up|scrape\w*)$|_timestamp_seconds$|_start_time_seconds$/.test(metric)) return [];
      if (!metric.endsWith("_total")) return [{ of, figure: "mean", unit: metric, value }];
      // A counter that went back says nothing of its rate.
      return last < first || seconds <= 0
        ? []
        : [{ of, figure: "rate", unit: "rate", value: (last - first) / seconds }];
    }),
  ];
}

function requestSamples(of: string, { requests, failures, rate, latency }: RequestFigures): Sample[] {
  if (requests === 0) return [];
  const times = latency === null ? [] : (["mean", "p50", "p95", "p99"] as const);
  return [
    { of, figure: "rate", unit: "rate", value: rate },
    { of, figure: "failed", unit: "failed_ratio", value: failures / requests },
    ...times
      .filter((figure) => requests >= (REQUESTS_FOR[figure] ?? 1))
      .map((figure) => ({ of, figure, unit: "latency_seconds", value: latency?.[figure] ?? 0 })),
  ];
}

function bySubject(samples: readonly Sample[]): Map<string, Sample[]> {
  return Map.groupBy(samples, ({ of, figure }) => `${of}\n${figure}`);
}

function test(ofA: Sample[], ofB: Sample[], least: Least): { difference: Difference; p: number } {
  const [{ of, figure, unit } = { of: "", figure: "", unit: "" }] = ofA;
  const relative = figure !== "failed" && [...ofA, ...ofB].every(({ value }) => value > 0);
  const scale = (value: number) => (relative ? Math.log(value) : value);
  const [a, b] = [ofA, ofB].map((group) => group.map(({ value }) => scale(value))) as [number[], number[]];
  const [meanA, meanB] = [mean(a), mean(b)];
  const unscale = (value: number) => (relative ? Math.exp(value) : value);
  const asChange = (value: number) => (relative ? Math.expm1(value) : value);
  const enough = relative
    ? Math.log1p(least.relative)
    : figure === "failed"
      ? least.failures
      : Number.POSITIVE_INFINITY;
  const common = {
    of,
    figure,
    unit,
    before: unscale(meanA),
    after: unscale(meanB),
    change: asChange(meanB - meanA),
    relative,
  };
  if (a.length < 2 || b.length < 2) return { difference: { ...common, interval: null, verdict: "unknown" }, p: 1 };
  const { error, freedom } = welch(a, b, relative ? RESOLUTION : 0);
  const reach = error * studentQuantile(0.975, freedom);
  const [low, high] = [meanB - meanA - reach, meanB - meanA + reach];
  const beyond = Math.abs(meanB - meanA) - enough;
  // Both sides are looked at, so that either counts half.
  const p = Number.isFinite(beyond) ? Math.min(1, 2 * (1 - cdf(beyond, error, freedom))) : 1;
  const within = low > -enough && high < enough;
  const verdict = within ? "same" : "unclear";
  return { difference: { ...common, interval: [asChange(low), asChange(high)], verdict }, p };
}

function cdf(value: number, error: number, freedom: number): number {
  if (error === 0) return value > 0 ? 1 : 0;
  return studentCdf(value / error, freedom);
}

/** The standard error of a difference of means, and its degrees of freedom. */
function welch(a: readonly number[], b: readonly number[], resolution: number): { error: number; freedom: number } {
  const part = (values: readonly number[]) => (sampleVariance([...values]) + resolution ** 2) / values.length;
  const [ofA, ofB] = [part(a), part(b)];
  const error = Math.sqrt(ofA + ofB);
  const freedom = error === 0 ? 1 : (ofA + ofB) ** 2 / (ofA ** 2 / (a.length - 1) + ofB ** 2 / (b.length - 1));
  return { error, freedom };
}

/** Which of many tests may be called discoveries. */
function discoveries(ps: readonly number[]): Set<number> {
  const sorted = ps.map((p, i) => ({ p, i })).toSorted((a, b) => a.p - b.p);
  const last = sorted.findLastIndex(({ p }, rank) => p <= ((rank + 1) / sorted.length) * FALSE_DISCOVERIES);
  return new Set(sorted.slice(0, last + 1).map(({ i }) => i));
}

function callOf({ of, figure, change }: Difference): Difference["verdict"] {
  const rose = change > 0;
  const ofClient = of === "all requests" || /^[A-Z]+ /.test(of);
  if (!ofClient) return rose ? "rose" : "fell";
  return rose === (figure === "rate") ? "better" : "worse";
}

function remarksOf(before: readonly Summary[], after: readonly Summary[]): string[] {
  const all = [...before, ...after];
  const kinds = new Set(all.map(({ run }) => `${run.scenario} ${run.profile}`));
  const remarks: string[] = [];
  if (before.length < 2 || after.length < 2) {
    remarks.push(
      "One run on a side cannot show how much runs differ by themselves, so nothing is called better or worse: compare groups of three runs or more.",
    );
  }
  if (kinds.size > 1) remarks.push(`These are runs of different loads: ${[...kinds].join(", ")}.`);
  const doubtful = all.filter(({ generator, verdict }) => !generator.trusted || verdict.state === "stopped");
  if (doubtful.length > 0) {
    remarks.push(`Stopped, or limited by the generator: ${doubtful.map(({ run }) => run.id).join(", ")}.`);
  }
  return remarks;
}
