import { metricValue, rate } from "../metrics/units.ts";
import { targetMetric } from "../metrics/vocabulary.ts";
import type { Threshold } from "../verdict/threshold.ts";
import type { Column, RunView } from "./view.ts";

/** What one chart shows; every chart of a run has the same time axis. */
export interface ChartSpec {
  id: string;
  title: string;
  /** A metric's name, whose ending gives the unit. */
  unit: string;
  lines: { label: string; values: Column }[];
  /** Limits of thresholds on what is shown. */
  limits: { label: string; value: number; level: "target" | "critical" }[];
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

/** What comes first on the page; the rest follows by name. */
const order = ["cpu", "memory", "db_pool", "db_connections", "cache", "queue", "workers", "db", "http"];

/** What a chart says nothing of: whether sources answer, and moments of time. */
const untold = /^up$|_timestamp_seconds$|_start_time_seconds$/;

/** The target's health: a chart for each metric, together with its maximum where it has one. */
export function targetCharts(view: RunView): ChartSpec[] {
  const families = new Map<string, ChartSpec["lines"]>();
  for (const { metric, labels, values } of Object.values(view.target)) {
    if (untold.test(metric)) continue;
    const family = metric.replace(/_max$/, "").replace(/_limit_bytes$/, "_used_bytes");
    const lines = families.get(family) ?? [];
    families.set(family, lines);
    const told = Object.entries(labels).filter(([, value]) => value !== "");
    const label = told.map(([, value]) => value).join(" ");
    lines.push({ label: metric === family ? label : `${label} limit`, values });
  }
  const rank = (family: string) => {
    const at = order.findIndex((prefix) => family.startsWith(prefix));
    return at === -1 ? order.length : at;
  };
  return [...families]
    .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
    .map(([family, lines]) => ({
      id: `target-${family}`,
      title: titleOf(family),
      unit: family.endsWith("_total") ? "rate" : family,
      limits: limitsOf(view, "target", family, ["avg", "min", "max", "last", "quantile"]),
      ...fewest(lines),
    }));
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

/** The metric's own words: `db_pool_connections` as "Db pool connections". */
function titleOf(family: string): string {
  const words = family
    .replace(/_total$/, " a second")
    .replace(/_(ratio|bytes|seconds)$/, "")
    .replaceAll("_", " ");
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
  return run.thresholds
    .filter((one) => one.subject === subject && one.metric === metric && kinds.includes(one.aggregation.kind))
    .flatMap(({ expression, target, critical }) => [
      ...(target ? [{ label: expression, value: target.value, level: "target" as const }] : []),
      ...(critical ? [{ label: expression, value: critical.value, level: "critical" as const }] : []),
    ]);
}

/** How a chart's values are shown. */
export function shownIn(unit: string): (value: number) => string {
  return unit === "rate" ? rate : (value) => metricValue(unit, value);
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
  const step = unit.endsWith("_bytes")
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
