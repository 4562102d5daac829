import type { PlimsollMetric, RunState } from "../metrics/vocabulary.ts";
import type { Threshold } from "../verdict/threshold.ts";
import type { RunEvent } from "./sink.ts";

/**
 * A run as it is looked at: the page grows one tick by tick while the run goes on, the report embeds a whole one. Plain
 * JSON, columns on one time axis. Times are seconds since the run's start; values are in base units; null is a gap.
 *
 * This file runs in a browser too: it imports types only.
 */
export interface RunView {
  version: typeof VIEW_VERSION;
  run: ViewedRun;
  state: RunState;
  times: number[];
  load: Record<LoadColumn, Column>;
  /** Failures a second by failure kind or status code. */
  errors: Record<string, Column>;
  /** By series name, its source among the labels; counters as their increase a second. */
  target: Record<string, TargetColumn>;
  events: RunEvent[];
}

export const VIEW_VERSION = 1;

export interface ViewedRun {
  id: string;
  scenario: string;
  profile: string;
  /** The authority of the system under test. */
  target: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** When the loads end at the latest, in the run's milliseconds; null for one that goes on until it is stopped. */
  plannedMs: number | null;
  labels: Record<string, string>;
  /** For the limits that charts show. */
  thresholds: Threshold[];
}

/** `users` active, `rate` and `failures` a second, latencies of the requests that ended within the tick, in seconds. */
export const loadColumns = ["users", "rate", "failures", "p50", "p95", "p99"] as const;
export type LoadColumn = (typeof loadColumns)[number];

export type Column = (number | null)[];

export interface TargetColumn {
  source: string;
  /** Without `target_`. */
  metric: string;
  labels: Record<string, string>;
  type: "gauge" | "counter";
  values: Column;
}

/** What one tick adds to a view. A series or an error kind that is absent has a gap. */
export interface ViewTick {
  time: number;
  state: RunState;
  load: Record<LoadColumn, number | null>;
  errors: Record<string, number>;
  target: Record<string, Omit<TargetColumn, "values"> & { value: number }>;
  events: RunEvent[];
}

/** A view never has more rows: a run of hours then stays small to send, to draw and to embed. */
export const MOST_ROWS = 2400;

export function emptyView(run: ViewedRun): RunView {
  const load = Object.fromEntries(loadColumns.map((name) => [name, []])) as unknown as RunView["load"];
  return { version: VIEW_VERSION, run, state: "running", times: [], load, errors: {}, target: {}, events: [] };
}

/** Adds a tick to a view, in place. */
export function extendView(view: RunView, tick: ViewTick): void {
  if (view.times.length >= MOST_ROWS) thinView(view, MOST_ROWS / 2);
  const rows = view.times.length;
  view.state = tick.state;
  view.times.push(tick.time);
  for (const name of loadColumns) view.load[name].push(tick.load[name]);
  for (const [kind, value] of Object.entries(tick.errors)) {
    const column = view.errors[kind] ?? [];
    view.errors[kind] = column;
    // A kind that had not occurred was at zero: nobody failed by it.
    while (column.length < rows) column.push(0);
    column.push(value);
  }
  for (const column of Object.values(view.errors)) if (column.length === rows) column.push(0);
  for (const [name, { value, ...series }] of Object.entries(tick.target)) {
    const column = view.target[name] ?? { ...series, values: [] };
    view.target[name] = column;
    while (column.values.length < rows) column.values.push(null);
    column.values.push(value);
  }
  for (const { values } of Object.values(view.target)) if (values.length === rows) values.push(null);
  view.events.push(...tick.events);
}

/**
 * Thins a view to at most `rows` rows without losing a peak or a dip: rows are taken together in groups, and each group
 * becomes two, of the least and of the most of each column. Thinning what was thinned gives the same extremes.
 */
export function thinView(view: RunView, rows: number): void {
  const before = view.times.length;
  if (before <= rows) return;
  const size = Math.ceil(before / Math.floor(rows / 2));
  // Columns of their own, so that a reader who kept the view's arrays does not see them change under it.
  view.times = thinTimes(view.times, size);
  for (const name of loadColumns) view.load[name] = thinColumn(view.load[name], size);
  for (const [kind, column] of Object.entries(view.errors)) view.errors[kind] = thinColumn(column, size);
  for (const series of Object.values(view.target)) series.values = thinColumn(series.values, size);
}

function thinTimes(times: number[], size: number): number[] {
  const thinned: number[] = [];
  for (let from = 0; from < times.length; from += size) {
    const last = Math.min(from + size, times.length) - 1;
    thinned.push(times[from] as number);
    if (last > from) thinned.push(times[last] as number);
  }
  return thinned;
}

/** A group of gaps is a gap; one with a value keeps it, though a neighbour was missing. */
function thinColumn(column: Column, size: number): Column {
  const thinned: Column = [];
  for (let from = 0; from < column.length; from += size) {
    const group = column.slice(from, from + size);
    const values = group.filter((value) => value !== null);
    thinned.push(values.length === 0 ? null : Math.min(...values));
    if (group.length > 1) thinned.push(values.length === 0 ? null : Math.max(...values));
  }
  return thinned;
}

/** A worker, as the page lists it. */
export interface WorkerView {
  id: string;
  up: boolean;
  /** Share of the last interval that its event loop was busy. */
  busy: number | null;
  connections: number | null;
}

const workerGauges = {
  up: "plimsoll_worker_up",
  busy: "plimsoll_eventloop_utilization_ratio",
  connections: "plimsoll_worker_connections_open",
} as const satisfies Record<string, PlimsollMetric>;

/** The workers that a snapshot's gauges tell of. */
export function workersOf(gauges: Record<string, number>): WorkerView[] {
  const named = (metric: string) => new RegExp(`^${metric}\\{worker="([^"]*)"\\}$`);
  const pattern = named(workerGauges.up);
  return Object.entries(gauges).flatMap(([name, value]) => {
    const id = pattern.exec(name)?.[1];
    if (id === undefined) return [];
    const gauge = (metric: string) => gauges[`${metric}{worker="${id}"}`] ?? null;
    return [{ id, up: value === 1, busy: gauge(workerGauges.busy), connections: gauge(workerGauges.connections) }];
  });
}
