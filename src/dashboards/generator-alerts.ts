import { type Alert, scraped as of } from "./alert.ts";
import { Scope } from "./promql.ts";

const byRun = ["run_id", "scenario"];
/** A soak is looked at by ten minutes, and against the hour before. */
const long = new Scope({ window: "10m" });
const anHourAgo = (expr: string) => `(${expr.replaceAll("[10m]", "[10m] offset 1h")})`;
const p95 = long.quantile(0.95, "plimsoll_response_time_seconds", byRun);
const rate = `sum by (run_id, scenario) (${long.rate("plimsoll_requests_total")})`;
const sum = (expr: string) => `sum by (run_id, scenario) (${expr})`;
const dropped = sum(of.rate("plimsoll_dropped_iterations_total"));
const done = sum(of.rate("plimsoll_iterations_total"));
const wanted = sum(`avg_over_time(${of.metric("plimsoll_arrival_rate_target")}[1m])`);

/** Of the run and of the generator. */
export const generatorAlerts: Alert[] = [
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
    alert: "PlimsollDroppedIterations",
    expr: `${dropped} / ((${done} + ${dropped}) > 0) > 0.01`,
    for: "30s",
    severity: "warning",
    summary: "Run {{ $labels.run_id }} starts less than it planned",
    description: "{{ $value | humanizePercentage }} of what was planned found no free user, or no row of a feed.",
  },
  {
    alert: "PlimsollArrivalRateShortfall",
    expr: `${done} / (${wanted} > 0) < 0.95`,
    for: "1m",
    severity: "warning",
    summary: "Run {{ $labels.run_id }} does less than it wants",
    description: "{{ $value | humanizePercentage }} of the arrivals that the plan wants come to an end.",
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
    alert: "PlimsollMemoryHigh",
    // A thread of Node's has about so much to itself.
    expr: `${of.process("process_resident_memory_bytes")} / sum by (run_id) (${of.metric("plimsoll_worker_up")} + 1) > 2e9`,
    for: "1m",
    severity: "info",
    summary: "The generator of run {{ $labels.run_id }} holds much memory",
    description:
      "{{ $value | humanize1024 }}B for each of its threads: large bodies that are captured, or many values of expect.unique.",
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
  {
    alert: "SoakLatencyDrift",
    expr:
      `${p95} / ${anHourAgo(p95)} > 1.3` +
      ` and ${rate} / ${anHourAgo(rate)} > 0.9 and ${rate} / ${anHourAgo(rate)} < 1.1`,
    for: "10m",
    severity: "warning",
    summary: "Run {{ $labels.run_id }} gets slower answers than an hour ago",
    description: "p95 is {{ $value | humanize }} times what it was an hour ago, under the same load.",
  },
];
