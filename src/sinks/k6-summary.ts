import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type CustomMetric, exportedName } from "../metrics/custom.ts";
import { addHistograms, type HistogramData, mean, quantile } from "../metrics/histogram.ts";
import { metricSeries, parseSeriesName } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { PlimsollMetric } from "../metrics/vocabulary.ts";
import type { Sink, Tick } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import { ClientFigures } from "../verdict/client-figures.ts";
import { type TagsOf, tagsOf, untagged } from "../verdict/tags.ts";
import type { Threshold } from "../verdict/threshold.ts";
import type { ThresholdState, Verdict } from "../verdict/verdict.ts";

type Values = Record<string, number>;
/** True where the limit does not hold: k6's present form has it so. */
type Broken = Record<string, boolean>;

interface Check {
  name: string;
  path: string;
  id: string;
  passes: number;
  fails: number;
}

interface Group {
  name: string;
  path: string;
  id: string;
  groups: Record<string, Group>;
  checks: Record<string, Check>;
}

/**
 * Writes what `k6 run --summary-export FILE` writes, in the form that k6 2.2 still has: each metric's values flat, times in
 * milliseconds, a rate as `value`, `passes` and `fails`, a threshold `true` where it does not hold. Durations count from the
 * intended start, as in thresholds; what nothing here measures is left out. Source: k6's js/summary-wrapper.js,
 * `oldJSONSummary`.
 */
export class K6Summary implements Sink {
  readonly name = "summary export";
  readonly #path: string;
  #plan: Plan | undefined;
  #tags: TagsOf = untagged;
  #snapshot: Snapshot | undefined;
  #thresholds: readonly ThresholdState[] = [];
  #users: { value: number; min: number; max: number } | undefined;

  /** The folder that `path` names is made. */
  constructor(path: string) {
    this.#path = path;
  }

  start(plan: Plan): void {
    this.#plan = plan;
    this.#tags = tagsOf(plan.loads);
    mkdirSync(dirname(this.#path), { recursive: true });
  }

  write({ snapshot, thresholds, phase = "load" }: Tick): void {
    if (phase !== "load") return;
    this.#snapshot = snapshot;
    this.#thresholds = thresholds;
    const value = gauge(snapshot, "plimsoll_users");
    const { min, max } = this.#users ?? { min: value, max: value };
    this.#users = { value, min: Math.min(min, value), max: Math.max(max, value) };
  }

  async stop(_verdict: Verdict): Promise<void> {
    if (this.#plan === undefined) return;
    writeFileSync(this.#path, `${JSON.stringify(this.#summary(this.#plan), null, 4)}\n`);
  }

  #summary(plan: Plan) {
    const snapshot = this.#snapshot ?? { ...nothing };
    const metrics = new Map<string, Values & { thresholds?: Broken }>(
      Object.entries(this.#metrics(plan, snapshot)).filter(([, values]) => values !== undefined) as [string, Values][],
    );
    for (const threshold of plan.thresholds) {
      const states = this.#thresholds.filter(
        ({ expression, level }) => expression === threshold.expression && level === "critical",
      );
      for (const state of states) {
        const { metric, expression } = named(threshold);
        const values: Values & { thresholds?: Broken } =
          metrics.get(metric) ?? this.#valuesOf(plan, snapshot, threshold, state);
        metrics.set(metric, {
          ...values,
          thresholds: { ...values.thresholds, [expression]: state.state !== "ok" },
        } as Values & { thresholds: Broken });
      }
    }
    return {
      root_group: rootGroup(snapshot),
      metrics: Object.fromEntries([...metrics].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  #metrics(plan: Plan, snapshot: Snapshot): Record<string, Values | undefined> {
    const figures = new ClientFigures(snapshot, plan.bounds, this.#tags);
    const read = (metric: string, filters: Record<string, string> = {}) =>
      figures.read({ ...anything, metric, filters });
    const { at } = snapshot;
    const requests = read("requests").part;
    const failed = read("errors").part;
    const checks = read("checks");
    const dropped = total(snapshot, "plimsoll_dropped_iterations_total");
    const groups = histogram(snapshot, "plimsoll_group_duration_seconds");
    const phase = (name: string) =>
      histogram(snapshot, "plimsoll_request_phase_duration_seconds", ({ phase: one }) => one === name);
    return {
      http_reqs: counter(requests, at),
      http_req_duration: trend(read("latency").times),
      "http_req_duration{expected_response:true}": trend(read("latency", { outcome: "success" }).times),
      http_req_failed: requests === 0 ? undefined : rate(failed, requests),
      http_req_connecting: trend(ofEach(phase("connect"), phase("wait"))),
      http_req_tls_handshaking: trend(ofEach(phase("tls"), phase("wait"))),
      http_req_sending: trend(phase("send")),
      http_req_waiting: trend(phase("wait")),
      http_req_receiving: trend(phase("receive")),
      iterations: counter(total(snapshot, "plimsoll_iterations_total"), at),
      iteration_duration: trend(histogram(snapshot, "plimsoll_iteration_duration_seconds")),
      dropped_iterations: dropped === 0 ? undefined : counter(dropped, at),
      data_sent: counter(bytes(snapshot, "bytesOut"), at),
      data_received: counter(bytes(snapshot, "bytesIn"), at),
      vus: this.#users,
      vus_max: sameAlways(gauge(snapshot, "plimsoll_users_max")),
      checks: checks.whole === 0 ? undefined : rate(checks.part, checks.whole),
      group_duration: trend(groups),
      ...Object.fromEntries((plan.metrics ?? []).map((metric) => [metric.name, own(metric, snapshot)])),
    };
  }

  /** Of a metric that only a threshold asks for: a part of ours, or one of the target's. */
  #valuesOf(plan: Plan, snapshot: Snapshot, threshold: Threshold, { value }: ThresholdState): Values {
    const figures = new ClientFigures(snapshot, plan.bounds, this.#tags);
    const measured = value === undefined ? {} : { value };
    if (threshold.subject !== "client" || threshold.custom !== undefined) return measured;
    const { part, whole, times } = figures.read(threshold);
    switch (k6Names[threshold.metric]) {
      case "http_req_duration":
        return trend(times) ?? measured;
      case "http_req_failed":
        return whole === 0 ? measured : rate(part ?? 0, whole);
      case "http_reqs":
        return counter(part ?? 0, snapshot.at);
      default:
        return trend(times) ?? measured;
    }
  }
}

const nothing: Snapshot = {
  worker: "",
  sequence: 0,
  at: 0,
  full: true,
  series: [],
  counters: {},
  gauges: {},
  histograms: {},
};

/** What `ClientFigures` asks for beside metric and labels. */
const anything: Threshold = {
  expression: "",
  aggregation: { kind: "count" },
  subject: "client",
  metric: "",
  filters: {},
};

/** Our metrics and tags by k6's names. */
const k6Names: Record<string, string> = {
  latency: "http_req_duration",
  errors: "http_req_failed",
  requests: "http_reqs",
  iterations: "iterations",
  dropped: "dropped_iterations",
  checks: "checks",
};
/** By the part of an exchange. */
const k6Parts: Record<string, string> = {
  connect: "http_req_connecting",
  tls: "http_req_tls_handshaking",
  send: "http_req_sending",
  wait: "http_req_waiting",
  receive: "http_req_receiving",
};
const k6Tags: Record<string, (value: string) => string> = {
  request: (value) => `name:${value}`,
  task: (value) => `group:::${value}`,
  outcome: (value) => `expected_response:${value === "success"}`,
};

/** Under which of k6's metrics a threshold stands, and as which expression: one that is written in k6's way as it was written. */
function named({ expression, metric, filters }: Threshold): { metric: string; expression: string } {
  const [, key, text] = /^([\w.]+\s*(?:\{.*\})?): (.*)$/s.exec(expression) ?? [];
  if (key !== undefined && text !== undefined) return { metric: key.replaceAll(/\s/g, ""), expression: text };
  const part = metric === "phase" ? k6Parts[filters["phase"] ?? ""] : undefined;
  if (part !== undefined) return { metric: part, expression };
  const labels = Object.entries(filters).map(([label, value]) => k6Tags[label]?.(value) ?? `${label}:${value}`);
  const name = k6Names[metric] ?? metric;
  return { metric: labels.length === 0 ? name : `${name}{${labels.join(",")}}`, expression };
}

function trend(times: HistogramData | undefined): Values | undefined {
  if (times === undefined || times.count === 0) return undefined;
  // Below a microsecond a histogram tells nothing apart: what took no time is 0.
  const ms = (seconds = 0) => (seconds < 1e-6 ? 0 : seconds * 1000);
  return {
    avg: ms(mean(times)),
    min: ms(times.min),
    med: ms(quantile(times, 0.5)),
    max: ms(times.max),
    "p(90)": ms(quantile(times, 0.9)),
    "p(95)": ms(quantile(times, 0.95)),
  };
}

function counter(count: number, ms: number): Values {
  return { count, rate: ms > 0 ? count / (ms / 1000) : 0 };
}

function rate(passes: number, whole: number): Values {
  return { passes, fails: whole - passes, value: passes / whole };
}

function sameAlways(value: number): Values {
  return { value, min: value, max: value };
}

/** A metric of the scenario's own; a trend's values have their own unit. */
function own(metric: CustomMetric, snapshot: Snapshot): Values | undefined {
  const name = exportedName(metric);
  const counts = metricSeries(snapshot.counters, name);
  switch (metric.kind) {
    case "counter":
      return counter(sum(counts), snapshot.at);
    case "rate": {
      const whole = sum(counts);
      return whole === 0 ? undefined : rate(sum(counts.filter(([one]) => one.includes('result="true"'))), whole);
    }
    case "gauge": {
      const values = metricSeries(snapshot.gauges, name).map(([, value]) => value);
      const value = values.at(-1);
      return value === undefined ? undefined : { value, min: Math.min(...values), max: Math.max(...values) };
    }
    case "trend": {
      const values = trend(metricSeries(snapshot.histograms, name)[0]?.[1]);
      if (values === undefined || metric.name.endsWith("_seconds")) return values;
      return Object.fromEntries(Object.entries(values).map(([what, value]) => [what, value / 1000]));
    }
  }
}

function sum(values: readonly [string, number][]): number {
  return values.reduce((all, [, value]) => all + value, 0);
}

function total({ counters }: Snapshot, metric: PlimsollMetric): number {
  return sum(metricSeries(counters, metric));
}

/** As k6 counts what only a new connection needs: 0 for each request that had one already. */
function ofEach(times: HistogramData | undefined, requests: HistogramData | undefined): HistogramData | undefined {
  if (requests === undefined) return undefined;
  const count = requests.count - (times?.count ?? 0);
  if (count <= 0) return times;
  const classic = new Float64Array(requests.classic.length);
  classic[0] = count;
  const none = { count, sum: 0, min: 0, max: 0, from: 0, counts: Float64Array.of(count), classic };
  return times === undefined ? none : addHistograms(times, none);
}

/** Of bodies. */
function bytes({ series }: Snapshot, way: "bytesIn" | "bytesOut"): number {
  return series.reduce((all, one) => all + one[way], 0);
}

function gauge({ gauges }: Snapshot, metric: PlimsollMetric): number {
  return sum(metricSeries(gauges, metric));
}

function histogram(
  { histograms }: Snapshot,
  metric: PlimsollMetric,
  isWanted: (labels: Record<string, string>) => boolean = () => true,
): HistogramData | undefined {
  const [first, ...more] = metricSeries(histograms, metric)
    .filter(([name]) => isWanted(parseSeriesName(name).labels))
    .map(([, data]) => data);
  return first === undefined ? undefined : more.reduce(addHistograms, first);
}

function rootGroup(snapshot: Snapshot): Group {
  const groups = metricSeries(snapshot.histograms, "plimsoll_group_duration_seconds").map(
    ([name]) => parseSeriesName(name).labels["group"] ?? "",
  );
  const checks = new Map<string, Check>();
  for (const [series, count] of metricSeries(snapshot.counters, "plimsoll_checks_total")) {
    const { check: name = "", outcome } = parseSeriesName(series).labels;
    const { passes, fails } = checks.get(name) ?? { passes: 0, fails: 0 };
    const counted = outcome === "success" ? { passes: passes + count, fails } : { passes, fails: fails + count };
    checks.set(name, { ...identity(name, `::${name}`), ...counted });
  }
  return {
    ...identity("", ""),
    groups: Object.fromEntries(
      groups.map((name): [string, Group] => [name, { ...identity(name, `::${name}`), groups: {}, checks: {} }]),
    ),
    checks: Object.fromEntries(checks),
  };
}

/** As in k6, whose ids are MD5 of the path. */
function identity(name: string, path: string): { name: string; path: string; id: string } {
  return { name, path, id: createHash("md5").update(path).digest("hex") };
}
