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
  /** How many ticks stand in a pair of rows (of the least, of the most), and how many in the last; 1: each has its row. */
  grouping: { size: number; open: number };
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
  const grouping = { size: 1, open: 0 };
  return {
    version: VIEW_VERSION,
    run,
    state: "running",
    grouping,
    times: [],
    load,
    errors: {},
    target: {},
    events: [],
  };
}

/**
 * Adds a tick to a view, in place. A view that is full is thinned to half its rows without losing a peak or a dip, evenly
 * over the whole run: ticks are taken together in groups of twice the size, and each group is two rows, of the least and
 * of the most of each column.
 */
export function extendView(view: RunView, tick: ViewTick): void {
  const { grouping } = view;
  if (view.times.length >= MOST_ROWS && grouping.open === grouping.size) thin(view);
  const rows = view.times.length;
  for (const kind of Object.keys(tick.errors)) {
    // A kind that had not occurred was at zero: nobody failed by it.
    view.errors[kind] ??= Array.from({ length: rows }, () => 0);
  }
  for (const [name, { value: _, ...series }] of Object.entries(tick.target)) {
    view.target[name] ??= { ...series, values: Array.from({ length: rows }, () => null) };
  }
  if (grouping.open === grouping.size) grouping.open = 0;
  const place = [appendTo, pairIn][grouping.open] ?? mergeInto;
  for (const name of loadColumns) place(view.load[name], tick.load[name]);
  for (const [kind, column] of Object.entries(view.errors)) place(column, tick.errors[kind] ?? 0);
  for (const [name, { values }] of Object.entries(view.target)) place(values, tick.target[name]?.value ?? null);
  if (grouping.open < 2) view.times.push(tick.time);
  else view.times[view.times.length - 1] = tick.time;
  grouping.open++;
  view.state = tick.state;
  view.events.push(...tick.events);
}

function appendTo(column: Column, value: number | null): void {
  column.push(value);
}

/** The second tick of a group: its one row becomes two. */
function pairIn(column: Column, value: number | null): void {
  const first = column.pop() ?? null;
  column.push(least(first, value), most(first, value));
}

function mergeInto(column: Column, value: number | null): void {
  const last = column.length - 1;
  column[last - 1] = least(column[last - 1] ?? null, value);
  column[last] = most(column[last] ?? null, value);
}

/** A gap beside a value is that value. */
function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** Rows taken together in fours become two each; the arrays are new, so that one who kept the old ones sees no change. */
function thin(view: RunView): void {
  const halved = (column: Column) =>
    column.flatMap((value, row) => {
      if (row % 4 !== 0) return [];
      const group = column.slice(row + 1, row + 4);
      return [group.reduce(least, value), group.reduce(most, value)];
    });
  view.times = view.times.filter((_, row) => row % 4 === 0 || row % 4 === 3);
  for (const name of loadColumns) view.load[name] = halved(view.load[name]);
  for (const [kind, column] of Object.entries(view.errors)) view.errors[kind] = halved(column);
  for (const series of Object.values(view.target)) series.values = halved(series.values);
  // Single ticks were a row each; groups are two rows.
  view.grouping.size = view.grouping.size === 1 ? 4 : view.grouping.size * 2;
  view.grouping.open = view.grouping.size;
}

/**
 * A view to be kept small: at most so many rows, each pair of them the least and the most of what it stands for, and four
 * digits of each value. It cannot be extended.
 */
export function compacted(view: RunView, mostRows: number): RunView {
  const rows = view.times.length;
  const groups = rows <= mostRows ? undefined : Math.ceil(rows / Math.max(1, Math.floor(mostRows / 2)));
  const column = (values: Column) => {
    if (groups === undefined) return values.map(fourDigits);
    return parts(values, groups).flatMap((part) => {
      const low = fourDigits(part.reduce(least, null));
      return part.length === 1 ? [low] : [low, fourDigits(part.reduce(most, null))];
    });
  };
  const times = groups === undefined ? view.times : parts(view.times, groups).flatMap(ends);
  const record = <T>(of: Record<string, T>, change: (one: T) => T) =>
    Object.fromEntries(Object.entries(of).map(([name, one]) => [name, change(one)]));
  return {
    ...view,
    times: times.map((time) => Math.round(time * 10) / 10),
    load: record(view.load, column) as RunView["load"],
    errors: record(view.errors, column),
    target: record(view.target, (series) => ({ ...series, values: column(series.values) })),
  };
}

function parts<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

function ends(part: readonly number[]): number[] {
  return part.length > 1 ? [part[0] ?? 0, part.at(-1) ?? 0] : [...part];
}

function fourDigits(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
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
