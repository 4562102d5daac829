import type { Dashboard, GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Board, board, type Row } from "./board.ts";
import { chart } from "./chart.ts";
import { broken, client, server } from "./colours.ts";
import { figure } from "./figure.ts";
import { cacheHitRatio, errorRatio, failureRates, requestRate } from "./measures.ts";
import { type Axis, scatter } from "./scatter.ts";
import { timeline } from "./timeline.ts";
import { shown } from "./variables.ts";

const run = ["run_id"];
const p95 = shown.quantile(0.95, "plimsoll_response_time_seconds");
/** Two sources may tell of the same thing: each has its own line. */
const ofTarget = "by (target, source";

/** The last value of each series within the dashboard's time range: a run that has ended is still shown. */
const last = (selector: string) => `last_over_time(${selector}[$__range])`;

/** Functions of a threshold that give a value on the metric's own axis. */
const levels = "p[0-9.]+|avg|min|max|last";

const left = (y: number): GridPos => ({ x: 0, y, w: 12, h: 8 });
const right = (y: number): GridPos => ({ x: 12, y, w: 12, h: 8 });
const third = (n: number, y: number): GridPos => ({ x: 8 * n, y, w: 8, h: 8 });
const sixth = (n: number): GridPos => ({ x: 4 * n, y: 0, w: 4, h: 4 });

/** The figures of the run so far, from cumulative counters: they say what the run's summary says. */
function figures(): Board["panels"] {
  const failed = `sum by (run_id) (${last(shown.metric("plimsoll_requests_total", { outcome: "failure" }))})`;
  const all = `sum by (run_id) (${last(shown.metric("plimsoll_requests_total"))})`;
  const buckets = last(shown.buckets("plimsoll_response_time_seconds"));
  return [
    figure({
      title: "Run",
      description: "The state the run is in; at its end, its verdict.",
      at: sixth(0),
      query: { expr: `${last(shown.metric("plimsoll_run_state"))} == 1`, legend: "{{state}}" },
      unit: "none",
      steps: [{ value: null, color: client.main }],
      names: {
        running: client.main,
        stopping: client.light,
        passed: server.main,
        failed: broken,
        stopped: client.alarm,
        inconclusive: client.alarm,
      },
    }),
    figure({
      title: "Users",
      description: "Users that were active last.",
      at: sixth(1),
      query: { expr: `sum by (run_id) (${last(shown.metric("plimsoll_users"))})`, legend: "users" },
      unit: "short",
      steps: [{ value: null, color: client.main }],
    }),
    figure({
      title: "Requests",
      description: "Requests that ended, since the run's start.",
      at: sixth(2),
      query: { expr: all, legend: "requests" },
      unit: "short",
      steps: [{ value: null, color: client.main }],
    }),
    figure({
      title: "p95 of the run",
      description:
        "95th percentile of the response time of all requests since the run's start, failed ones too. Prometheus interpolates within a bucket; the report has the exact value.",
      at: sixth(3),
      query: { expr: `histogram_quantile(0.95, sum by (run_id, le) (${buckets}))`, legend: "p95" },
      unit: "s",
      steps: [{ value: null, color: client.main }],
    }),
    figure({
      title: "Errors of the run",
      description: "Share of requests that failed, since the run's start.",
      at: sixth(4),
      query: { expr: `(${failed} or 0 * ${all}) / (${all} > 0)`, legend: "errors" },
      unit: "percentunit",
      steps: [
        { value: null, color: client.main },
        { value: 0.000001, color: client.alarm },
      ],
    }),
    figure({
      title: "Thresholds broken",
      description: "Limits of the plan that do not hold. A threshold without data is in neither count.",
      at: sixth(5),
      query: { expr: `sum by (run_id) (1 - ${last(shown.metric("plimsoll_threshold_ok"))})`, legend: "broken" },
      unit: "short",
      steps: [
        { value: null, color: client.main },
        { value: 1, color: broken },
      ],
    }),
  ];
}

/** The left column: what the load is and what it gets. */
function clientCharts(y: number): Row["panels"] {
  const succeeded = shown.rate("plimsoll_requests_total", { outcome: "success" });
  return [
    chart({
      title: "Throughput",
      description:
        "Requests that ended a second, and those of them that succeeded: the gap between the lines is failures.",
      at: left(y),
      unit: "reqps",
      lines: [
        { expr: requestRate(shown, run), legend: "requests", colour: client.main, look: "strong" },
        { expr: `sum by (run_id) (${succeeded})`, legend: "succeeded", colour: client.light },
      ],
      limits: { functions: "rate", metrics: "requests" },
    }),
    chart({
      title: "Response time",
      description:
        "From the moment a request should have started to its last byte, all requests. Points are traces: click one to open it. Dashed: the plan's limits.",
      at: left(y + 8),
      unit: "s",
      lines: [
        { expr: p95, legend: "p95", colour: client.main, look: "strong", exemplars: true },
        { expr: shown.quantile(0.5, "plimsoll_response_time_seconds"), legend: "p50", colour: client.light },
        { expr: shown.quantile(0.99, "plimsoll_response_time_seconds"), legend: "p99", colour: client.alarm },
      ],
      limits: { functions: levels, metrics: "latency|service" },
    }),
    chart({
      title: "Errors",
      description:
        "Failed requests a second by kind of failure or status code, and their share of all requests (right axis).",
      at: left(y + 16),
      unit: "reqps",
      lines: [
        {
          expr: failureRates(shown),
          legend: "{{error_type}}",
          colour: client.alarm,
          several: true,
          look: "stacked",
        },
        {
          expr: errorRatio(shown, run),
          legend: "share of requests",
          colour: client.strain,
          look: "strong",
          right: "percentunit",
        },
      ],
      limits: { functions: "ratio", metrics: "errors", right: "percentunit" },
    }),
    chart({
      title: "Users and requests in flight",
      description: "Users that are active, how many the plan reaches, and requests under way.",
      at: left(y + 24),
      unit: "short",
      lines: [
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_users")})`,
          legend: "users",
          colour: client.main,
          look: "steps",
        },
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_inflight_requests")})`,
          legend: "in flight",
          colour: client.alarm,
          look: "strong",
        },
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_users_max")})`,
          legend: "users planned",
          colour: client.light,
          look: "dashed",
        },
      ],
    }),
    timeline({
      title: "Thresholds",
      description: "Each limit of the plan: holds or is broken. No lane while there is no data to judge.",
      at: left(y + 32),
      query: {
        expr: `min by (threshold, level) (${shown.metric("plimsoll_threshold_ok")})`,
        legend: "{{level}}: {{threshold}}",
      },
      one: { text: "holds", colour: client.main },
      zero: "broken",
    }),
  ];
}

/** The right column: what the server says of itself at the same moments. */
function serverCharts(y: number): Row["panels"] {
  const inUse = shown.target("db_pool_connections", { state: "in_use" });
  return [
    chart({
      title: "CPU",
      description:
        "CPU used against what the component may use. A source that does not know its limit counts one core as all.",
      at: right(y),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: `max ${ofTarget}, component) (${shown.target("cpu_utilization_ratio")})`,
          legend: "{{source}} {{component}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: { functions: levels, metrics: "cpu_utilization_ratio" },
    }),
    chart({
      title: "Database pool",
      description:
        "Connections in use against what the pool may have, and callers that wait for one. Callers that wait are the pool's queue: they show up as response time on the left.",
      at: right(y + 8),
      unit: "short",
      lines: [
        {
          expr: `sum ${ofTarget}, pool) (${inUse})`,
          legend: "{{source}} {{pool}} in use",
          colour: server.main,
          several: true,
          look: "strong",
        },
        {
          expr: `sum ${ofTarget}, pool) (${shown.target("db_pool_connections_max")})`,
          legend: "{{source}} {{pool}} max",
          colour: server.quiet,
          look: "dashed",
        },
        {
          expr: `sum ${ofTarget}, pool) (${shown.target("db_pool_pending_requests")})`,
          legend: "{{source}} {{pool}} waiting",
          colour: server.strong,
          look: "bars",
        },
      ],
      limits: { functions: levels, metrics: "db_pool_connections|db_pool_pending_requests|db_pool_overflow" },
    }),
    chart({
      title: "Cache",
      description: "Hits against look-ups of the same interval, and keys evicted a second (right axis).",
      at: right(y + 16),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: cacheHitRatio(shown),
          legend: "{{source}} {{cache}} hit ratio",
          colour: server.main,
          several: true,
          look: "strong",
        },
        {
          expr: `sum ${ofTarget}, cache) (${shown.targetRate("cache_evictions_total")})`,
          legend: "{{source}} {{cache}} evictions",
          colour: server.quiet,
          look: "dashed",
          right: "ops",
        },
      ],
      limits: { functions: levels, metrics: "cache_hit_ratio" },
    }),
    chart({
      title: "Queue depth",
      description:
        "Messages that wait. One that grows while throughput stands still is work that the service has put off.",
      at: right(y + 24),
      unit: "short",
      lines: [
        {
          expr: `sum ${ofTarget}, queue) (${shown.target("queue_depth")})`,
          legend: "{{source}} {{queue}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: { functions: levels, metrics: "queue_depth" },
    }),
    chart({
      title: "Memory",
      description: "Memory in use. Watch for one that does not come back when the load goes.",
      at: right(y + 32),
      unit: "bytes",
      lines: [
        {
          expr: `max ${ofTarget}, component) (${shown.target("memory_used_bytes")})`,
          legend: "{{source}} {{component}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: { functions: levels, metrics: "memory_used_bytes" },
    }),
  ];
}

/** Load against its cost, with time left out: where a line bends, something has run out. */
function scatters(y: number): Row["panels"] {
  const throughput: Axis = { expr: requestRate(shown, run), name: "throughput", unit: "reqps" };
  const latency: Axis = { expr: p95, name: "p95 response time", unit: "s" };
  const cpu = `max by (target) (${shown.target("cpu_utilization_ratio")})`;
  // Two sources may tell of the same pool: it is not counted twice.
  const inUse = shown.target("db_pool_connections", { state: "in_use" });
  const pool = `max by (target) (sum by (target, source) (${inUse}))`;
  return [
    scatter({
      title: "Throughput × CPU",
      description:
        "A point a moment. A straight line: each request costs the same. Flat at the top: the CPU is what limits.",
      at: third(0, y),
      x: throughput,
      y: { expr: cpu, name: "CPU", unit: "percentunit" },
      colour: server.main,
    }),
    scatter({
      title: "Throughput × p95",
      description:
        "A point a moment. Where response time rises and throughput does not, the service is past its load line: that is the knee.",
      at: third(1, y),
      x: throughput,
      y: latency,
      colour: client.main,
    }),
    scatter({
      title: "Pool in use × p95",
      description:
        "A point a moment. Response time that shoots up at the pool's maximum says that the pool is what limits.",
      at: third(2, y),
      x: { expr: pool, name: "connections in use", unit: "short" },
      y: latency,
      colour: client.main,
    }),
  ];
}

/** Can the generator be trusted? What it sends, how late it is, what it has left. */
function generatorCharts(y: number): Row["panels"] {
  const busy = shown.metric("plimsoll_eventloop_utilization_ratio");
  const byWorker = shown.quantile(0.99, "plimsoll_eventloop_delay_seconds", ["run_id", "worker"]);
  return [
    chart({
      title: "Event loops",
      description: "Share of the time that each worker's event loop is busy. Above 0.9 the generator measures itself.",
      at: third(0, y),
      unit: "percentunit",
      atLeast: 1,
      lines: [{ expr: `max by (worker) (${busy})`, legend: "worker {{worker}}", colour: client.main, several: true }],
    }),
    chart({
      title: "Lateness",
      description:
        "p99 of how late users and iterations started, and how late each worker's event loop ran a timer; iterations that were not started at all (right axis).",
      at: third(1, y),
      unit: "s",
      lines: [
        {
          expr: shown.quantile(0.99, "plimsoll_schedule_delay_seconds"),
          legend: "starts",
          colour: client.alarm,
          look: "strong",
        },
        {
          expr: `sum by (run_id) (${shown.rate("plimsoll_dropped_iterations_total")})`,
          legend: "not started",
          colour: client.strain,
          look: "bars",
          right: "ops",
        },
        { expr: byWorker, legend: "worker {{worker}}", colour: client.main, several: true },
      ],
    }),
    chart({
      title: "CPU and workers",
      description: "Cores that the generator's process uses, against the workers that are up: a worker is one thread.",
      at: third(2, y),
      unit: "short",
      lines: [
        {
          expr: shown.process("process_cpu_seconds_total", "rate"),
          legend: "cores",
          colour: client.main,
          look: "strong",
        },
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_worker_up")})`,
          legend: "workers up",
          colour: client.light,
          look: "dashed",
        },
      ],
    }),
    chart({
      title: "Memory",
      description: "Resident memory of the generator's process.",
      at: third(0, y + 8),
      unit: "bytes",
      lines: [
        {
          expr: shown.process("process_resident_memory_bytes"),
          legend: "resident",
          colour: client.main,
          look: "strong",
        },
      ],
    }),
    chart({
      title: "Network",
      description: "Bytes of request bodies sent and of response bodies received, a second.",
      at: third(1, y + 8),
      unit: "Bps",
      lines: [
        {
          expr: `sum by (run_id) (${shown.rate("plimsoll_received_bytes_total")})`,
          legend: "received",
          colour: client.main,
        },
        { expr: `sum by (run_id) (${shown.rate("plimsoll_sent_bytes_total")})`, legend: "sent", colour: client.alarm },
      ],
    }),
    chart({
      title: "Spans",
      description:
        "Spans a second by what became of them. Dropped ones are missing in the trace store, not in the figures.",
      at: third(2, y + 8),
      unit: "ops",
      lines: [
        {
          expr: `sum by (result) (${shown.rate("plimsoll_spans_total")})`,
          legend: "{{result}}",
          colour: client.main,
          several: true,
          look: "stacked",
        },
      ],
    }),
  ];
}

/** The flagship: what the load does on the left, what the server does at the same moment on the right. */
export function loadVsServer(): Dashboard {
  return board({
    uid: "plimsoll-load-vs-server",
    title: "Load vs server",
    description:
      "What the load does and what the server does, on one time axis: where the service's load line lies, and why.",
    panels: figures(),
    rows: [
      {
        title: "Load (left) and server $target (right)",
        y: 4,
        repeat: "target",
        panels: [
          ...clientCharts(5),
          ...serverCharts(5),
          timeline({
            title: "Sources",
            description: "Whether each source of the target's health answers. While one is down, its lines have a gap.",
            at: { x: 0, y: 45, w: 24, h: 5 },
            query: {
              expr: `min by (target, source, kind) (${shown.target("up")})`,
              legend: "{{source}} ({{kind}})",
            },
            one: { text: "up", colour: server.main },
            zero: "down",
          }),
          ...scatters(50),
        ],
      },
      { title: "Generator health", y: 58, collapsed: true, panels: generatorCharts(59) },
    ],
  });
}
