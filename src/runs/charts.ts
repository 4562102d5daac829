import { bytes, metricValue, rate } from "../metrics/units.ts";
import { targetMetric } from "../metrics/vocabulary.ts";
import type { Limit, Threshold } from "../verdict/threshold.ts";
import type { Column, RunView } from "./view.ts";

/** What one chart shows; every chart of a run has the same time axis. */
export interface ChartSpec {
  id: string;
  title: string;
  /** A metric's name, whose ending gives the unit. */
  unit: string;
  lines: { label: string; values: Column }[];
  /** Limits of thresholds on what is shown; `text` as in `critical < 500ms`. */
  limits: { value: number; level: "target" | "critical"; text: string }[];
  /** Lines that were left out: more than can be told apart. */
  left: number;
}

/** As many colours as can be told apart. */
const MOST_LINES = 8;

/** The load: what was asked, and how it was answered. */
export function loadCharts(view: RunView): ChartSpec[] {
  const { load, errors } = view;
  const limits = (metric: string, kinds: readonly string[]) => limitsOf(view, "client", metric, kinds);
  const charts: ChartSpec[] = [
    {
      id: "rate",
      title: "Requests a second",
      unit: "rate",
      lines: [
        { label: "all", values: load.rate },
        { label: "failed", values: load.failures },
      ],
      limits: limits("requests", ["rate"]),
      left: 0,
    },
    {
      id: "latency",
      title: "Response time",
      unit: "latency_seconds",
      lines: [
        { label: "p50", values: load.p50 },
        { label: "p95", values: load.p95 },
        { label: "p99", values: load.p99 },
      ],
      limits: limits("latency", ["quantile"]),
      left: 0,
    },
    {
      id: "users",
      title: "Users",
      unit: "users",
      lines: [{ label: "users", values: load.users }],
      limits: [],
      left: 0,
    },
  ];
  const kinds = Object.entries(errors).map(([label, values]) => ({ label, values }));
  const failed = [{ label: "failed", values: load.failures }];
  const lines = kinds.length === 0 ? failed : kinds;
  charts.push({ id: "errors", title: "Failures a second, by kind", unit: "rate", limits: [], ...fewest(lines) });
  return charts;
}

/** What comes first on the page, after what has a limit; the rest follows by name. */
const order = ["cpu", "memory", "db_pool", "db_connections", "cache", "queue", "workers", "db", "http"];

/** What a chart says nothing of: whether sources answer, and moments of time. */
const untold = /^up$|_timestamp_seconds$|_start_time_seconds$/;

/** The target's health: a chart for each metric, together with its maximum where it has one. */
export function targetCharts(view: RunView): ChartSpec[] {
  const families = new Map<string, TargetLine[]>();
  for (const { metric, labels, values } of Object.values(view.target)) {
    if (untold.test(metric)) continue;
    const family = metric.replace(/_max$/, "").replace(/_limit_bytes$/, "_used_bytes");
    const lines = families.get(family) ?? [];
    families.set(family, lines);
    lines.push({ labels, isLimit: metric !== family, values });
  }
  const asked = new Set(view.run.thresholds.filter(({ subject }) => subject === "target").map(({ metric }) => metric));
  const rank = (family: string) => {
    if (asked.has(family)) return -1;
    const at = order.findIndex((prefix) => family.startsWith(prefix));
    return at === -1 ? order.length : at;
  };
  return [...families]
    .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
    .map(([family, lines]) => ({
      id: `target-${family}`,
      title: titleOf(family),
      unit: unitOf(family),
      limits: limitsOf(view, "target", family, ["avg", "min", "max", "last", "quantile"]),
      ...fewest(told(lines)),
    }));
}

interface TargetLine {
  labels: Record<string, string>;
  /** It is the most that the others can be. */
  isLimit: boolean;
  values: Column;
}

/** Lines of one chart, each named by what tells it from the others; one that is alone by all that it is. */
function told(lines: readonly TargetLine[]): ChartSpec["lines"] {
  const names = [...new Set(lines.flatMap(({ labels }) => Object.keys(labels)))];
  const differing = names.filter((name) => new Set(lines.map(({ labels }) => labels[name] ?? "")).size > 1);
  const telling = lines.length === 1 ? names : differing;
  return lines.map(({ labels, isLimit, values }) => {
    const words = telling.map((name) => labels[name] ?? "").filter((word) => word !== "");
    if (isLimit) words.push("limit");
    return { label: words.join(" ") || (labels["source"] ?? ""), values };
  });
}

/** What a chart's values are in; a counter's are its increase a second: of bytes, or a share of the time. */
function unitOf(family: string): string {
  if (!family.endsWith("_total")) return family;
  if (family.endsWith("_bytes_total")) return "byte_rate";
  return family.endsWith("_seconds_total") ? "time_ratio" : "rate";
}

/** More charts at once are not looked at. */
const MOST_OPEN = 8;

/** The charts that are open at first: those that are not at zero all the time, as many as can be looked at. */
export function folded(charts: readonly ChartSpec[]): { open: ChartSpec[]; more: ChartSpec[] } {
  const shows = ({ lines }: ChartSpec) =>
    lines.some(({ values }) => values.some((value) => value !== null && value !== 0));
  const open = charts.filter(shows).slice(0, MOST_OPEN);
  return { open, more: charts.filter((chart) => !open.includes(chart)) };
}

/** Words that are written otherwise than a metric's name has them. */
const spellings: Record<string, string> = {
  cpu: "CPU",
  db: "DB",
  http: "HTTP",
  llm: "LLM",
  gc: "GC",
  fds: "file descriptors",
  eventloop: "event-loop",
  io: "I/O",
};

/** The metric's own words: `db_pool_connections` as "DB pool connections". */
function titleOf(family: string): string {
  const words = family
    .replace(/_seconds_total$/, "_time")
    .replace(/_total$/, "_a_second")
    .replace(/_(ratio|bytes|seconds)(?=$|_a_second$)/, "")
    .split("_")
    .map((word) => spellings[word] ?? word)
    .join(" ");
  const known = targetMetric(family) ? "" : " (own)";
  return words.charAt(0).toUpperCase() + words.slice(1) + known;
}

/** The lines that reach highest, where there are too many. */
function fewest(lines: ChartSpec["lines"]): Pick<ChartSpec, "lines" | "left"> {
  const peak = ({ values }: { values: Column }) =>
    values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const shown = lines.length <= MOST_LINES ? lines : lines.toSorted((a, b) => peak(b) - peak(a)).slice(0, MOST_LINES);
  return { lines: shown, left: lines.length - shown.length };
}

function limitsOf(
  { run }: RunView,
  subject: Threshold["subject"],
  metric: string,
  kinds: readonly string[],
): ChartSpec["limits"] {
  return (
    run.thresholds
      .filter((one) => one.subject === subject && one.metric === metric && kinds.includes(one.aggregation.kind))
      // The client's charts show all requests: a limit of some of them is none of theirs.
      .filter(({ filters }) => subject === "target" || Object.keys(filters).length === 0)
      .flatMap(({ aggregation, target, critical }) => {
        const of = aggregation.kind === "quantile" ? `p${Number((aggregation.q * 100).toFixed(4))} ` : "";
        const limit = (level: "target" | "critical", one: Limit | undefined) =>
          one === undefined ? [] : [{ value: one.value, level, text: `${of}${level} ${one.operator} ${one.text}` }];
        return [...limit("target", target), ...limit("critical", critical)];
      })
  );
}

/** How a chart's values are shown. */
export function shownIn(unit: string): (value: number) => string {
  if (unit === "rate") return rate;
  if (unit === "byte_rate") return (value) => `${bytes(value)}/s`;
  return (value) => metricValue(unit, value);
}

/** Whose round values are powers of two. */
export function isOfBytes(unit: string): boolean {
  return unit.endsWith("_bytes") || unit === "byte_rate";
}

/** What the y axis spans: a limit that the values are far below would flatten them; one within reach is in view. */
export function yRange({ limits }: ChartSpec, least: number | null, most: number | null): [low: number, high: number] {
  const top = most ?? 1;
  const within = limits.map(({ value }) => value).filter((value) => value <= top * 2);
  const high = Math.max(top, ...within);
  return [Math.min(0, least ?? 0), high === 0 ? 1 : high * 1.08];
}

/** Round values across the y axis: steps of 1, 2 or 5 times a power of ten; of a power of two for bytes. */
export function yTicks({ unit }: ChartSpec, [low, high]: readonly [low: number, high: number]): number[] {
  const rough = (high - low) / 4;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = isOfBytes(unit)
    ? 2 ** Math.ceil(Math.log2(rough))
    : ([1, 2, 5].find((times) => times * ten >= rough) ?? 10) * ten;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** The last value of a line and its highest, for those who cannot see the chart. */
export function inWords({ title, lines, unit }: ChartSpec): string {
  const show = shownIn(unit);
  const told = lines.map(({ label, values }) => {
    const seen = values.filter((value) => value !== null);
    const last = seen.at(-1);
    if (last === undefined) return `${label}: no data`;
    const most = seen.reduce((a, b) => Math.max(a, b));
    return `${label}: ${show(last)} now, ${show(most)} at most`;
  });
  return `${title}. ${told.join("; ")}.`;
}
