import { stringify } from "yaml";
import { cacheHitRatio, errorRatio, requestRate } from "./measures.ts";
import { Scope } from "./promql.ts";

/**
 * First rules for Prometheus 2.42 and later. They look at every run and target that a Prometheus scrapes; `run_id` keeps
 * runs apart. Where a rule names a bucket it writes `le` as Prometheus 3 stores it: "1.0", not "1".
 */
interface Alert {
  alert: string;
  expr: string;
  /** How long it must hold; at once if left out. */
  for?: string;
  severity: "warning" | "info";
  summary: string;
  description: string;
}

interface Recording {
  record: string;
  expr: string;
}

const of = new Scope({ window: "1m" });
const byRun = ["run_id", "scenario"];

/** What other dashboards, and queries over long times, can read instead of the buckets. Named level:metric:operation. */
const recordings: Recording[] = [
  { record: "run_scenario:plimsoll_requests:rate1m", expr: requestRate(of, byRun) },
  { record: "run_scenario:plimsoll_request_failures:ratio_rate1m", expr: errorRatio(of, byRun) },
  {
    record: "run_scenario:plimsoll_response_time_seconds:p95_1m",
    expr: of.quantile(0.95, "plimsoll_response_time_seconds", byRun),
  },
];

/** Of the run and of the generator. */
const plimsollAlerts: Alert[] = [
  {
    alert: "PlimsollDown",
    // A run that ended said so in its last scrape: only one that was running until then is missed.
    expr:
      `max by (job, instance, run_id) (last_over_time(${of.metric("plimsoll_run_state", { state: "running" })}[5m])) == 1` +
      ` and on (job, instance) up{job="plimsoll"} == 0`,
    for: "15s",
    severity: "warning",
    summary: "Plimsoll on {{ $labels.instance }} vanished in the middle of run {{ $labels.run_id }}",
    description: "It was running when it was last scraped. `plimsoll report` still reads its run file.",
  },
  {
    alert: "PlimsollThresholdBroken",
    expr: `${of.metric("plimsoll_threshold_ok")} == 0`,
    for: "15s",
    severity: "warning",
    summary: "Run {{ $labels.run_id }} breaks {{ $labels.threshold }}",
    description: "The limit at level {{ $labels.level }} does not hold.",
  },
  {
    alert: "PlimsollScheduleDelay",
    expr: `${of.quantile(0.99, "plimsoll_schedule_delay_seconds", byRun)} > 0.05`,
    for: "30s",
    severity: "warning",
    summary: "Run {{ $labels.run_id }} starts its requests late",
    description: "p99 of the delay is {{ $value | humanizeDuration }}: the generator cannot keep to its schedule.",
  },
  {
    alert: "PlimsollEventLoopLag",
    expr: `${of.quantile(0.99, "plimsoll_eventloop_delay_seconds", ["run_id", "worker"])} > 0.1`,
    for: "30s",
    severity: "warning",
    summary: "Worker {{ $labels.worker }} of run {{ $labels.run_id }} lags",
    description: "p99 of its event-loop delay is {{ $value | humanizeDuration }}: its latencies include its own.",
  },
  {
    alert: "PlimsollSaturated",
    expr:
      `max by (run_id, worker) (${of.metric("plimsoll_eventloop_utilization_ratio")}) > 0.9` +
      ` or ${of.process("process_cpu_seconds_total", "rate")}` +
      ` / sum by (run_id) (${of.metric("plimsoll_worker_up")}) > 0.9`,
    for: "30s",
    severity: "warning",
    summary: "The generator of run {{ $labels.run_id }} is saturated",
    description: "It is busy for {{ $value | humanizePercentage }} of the time: what it measures is its own limit.",
  },
  {
    alert: "PlimsollSpansDropped",
    expr: `sum by (run_id) (increase(${of.metric("plimsoll_spans_total", { result: "dropped" })}[1m])) > 0`,
    for: "1m",
    severity: "info",
    summary: "Run {{ $labels.run_id }} drops spans",
    description: "The receiver of traces refuses them or is too slow. The figures are not touched by it.",
  },
  {
    alert: "PlimsollLabelOverflow",
    expr: `sum by (run_id, label) (${of.metric("plimsoll_label_overflow_total")}) > 0`,
    for: "1m",
    severity: "info",
    summary: "Run {{ $labels.run_id }} has too many values of the label {{ $labels.label }}",
    description: "The rest is counted as __other__. Give requests with values in their path a name of their own.",
  },
];

/** The source and what it told of, where it names it: `redis main`. */
const named = (label: string) => `{{ $labels.source }}{{ with $labels.${label} }} {{ . }}{{ end }}`;

const pool = "max by (target, source, pool)";
const pending = `${pool} (${of.target("db_pool_pending_requests")})`;
const inUse = `${pool} (${of.target("db_pool_connections", { state: "in_use" })})`;

/** Of the system under test. */
const targetAlerts: Alert[] = [
  {
    alert: "TargetMetricsMissing",
    expr: `${of.target("up")} == 0`,
    for: "30s",
    severity: "warning",
    summary: "The source {{ $labels.source }} of {{ $labels.target }} does not answer",
    description: "Its part of the target's health is a gap; thresholds on it cannot be judged.",
  },
  {
    alert: "TargetMetricsStale",
    // Three times the longest interval at which a source is asked unless the scenario says otherwise. A source that is
    // known to be down is TargetMetricsMissing's.
    expr: `time() - ${of.target("scrape_last_success_timestamp_seconds")} > 45 and ${of.target("up")} == 1`,
    for: "30s",
    severity: "warning",
    summary: "The source {{ $labels.source }} of {{ $labels.target }} is not asked any more",
    description: "Its last answer is {{ $value | humanizeDuration }} old.",
  },
  {
    alert: "TargetCpuSaturated",
    expr: `${of.target("cpu_utilization_ratio")} > 0.9`,
    for: "2m",
    severity: "warning",
    summary: "The CPU of {{ $labels.target }} is saturated",
    description: `${named("component")} uses {{ $value | humanizePercentage }} of what it may.`,
  },
  {
    alert: "TargetDbPoolExhausted",
    expr: `${pending} > 0` + ` or (${inUse} >= ${pool} (${of.target("db_pool_connections_max")}) unless ${pending})`,
    for: "15s",
    severity: "warning",
    summary: "A database pool of {{ $labels.target }} is exhausted",
    description: `${named("pool")}: callers wait for a connection or, where the pool does not tell, all are in use.`,
  },
  {
    alert: "TargetRestarted",
    expr: `changes(${of.target("process_start_time_seconds")}[5m]) > 0`,
    severity: "warning",
    summary: "{{ $labels.target }} restarted",
    description: `The process of ${named("component")} has a new start time.`,
  },
  {
    alert: "TargetCacheHitRatioLow",
    expr: `(${cacheHitRatio(of)}) < 0.7`,
    for: "2m",
    severity: "warning",
    summary: "A cache of {{ $labels.target }} misses often",
    description: `${named("cache")}: {{ $value | humanizePercentage }} of look-ups are hits.`,
  },
  {
    alert: "TargetQueueBacklogGrowing",
    expr: `deriv(${of.target("queue_depth")}[2m]) > 0 and ${of.target("queue_depth")} > 100`,
    for: "2m",
    severity: "warning",
    summary: "A queue of {{ $labels.target }} grows",
    description: `${named("queue")} grows by {{ $value | humanize }} messages a second: they come faster than they are worked off.`,
  },
];

const header = `# Generated by src/dashboards/generate.ts from the names that /metrics registers. Change src/dashboards/rules.ts, then
# run it again.
`;

/** `prometheus/rules/plimsoll.yml`. */
export function ruleFile(): string {
  const groups = [
    { name: "plimsoll-recordings", rules: recordings },
    { name: "plimsoll-generator", rules: plimsollAlerts.map((alert) => rule(alert, "generator")) },
    { name: "plimsoll-target", rules: targetAlerts.map((alert) => rule(alert, "target")) },
  ];
  return header + stringify({ groups }, { lineWidth: 0 });
}

/** `domain` lets Alertmanager tell the generator's trouble, which silences what it measured, from the target's. */
function rule({ alert, expr, for: held, severity, summary, description }: Alert, domain: "generator" | "target") {
  return {
    alert,
    expr,
    ...(held === undefined ? {} : { for: held }),
    labels: { severity, domain },
    annotations: { summary, description },
  };
}
