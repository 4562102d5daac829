import { metricSeries } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { ClientFigures } from "./client-figures.ts";
import type { Judge, JudgedPlan } from "./judge.ts";
import { type Phase, phasesOf, type ShapedLoad, type Stretch } from "./phase.ts";
import { addReadings, noReading, type Reading, readingSince } from "./reading.ts";
import type { TargetStatistics } from "./target-statistics.ts";
import type { Threshold } from "./threshold.ts";
import { ownFailures } from "./trust.ts";

/** What the client did in one stretch of a run, of a second or, in a long run, of some. */
export interface Moment extends Stretch {
  /** Users active at its end. */
  users: number;
  /** Arrivals a second that the plan wanted at its beginning; of a load of arrivals. */
  offered: number | undefined;
  /** Latency of all requests that ended. */
  latency: Reading;
  failures: number;
  /** Failures by kind or status code. */
  errors: Record<string, number>;
  iterations: number;
  dropped: number;
  /** What each threshold on the client counted, by its place in the plan; undefined for one on the target. */
  readings: (Reading | undefined)[];
}

/** Something that happened, as findings put it beside what they see; `runs/sink.ts` has it as RunEvent. */
export interface NotedEvent {
  at: number;
  kind: string;
  message: string;
}

/** More are taken together two by two, so that a run of hours costs no more than one of minutes. */
const MOST_MOMENTS = 960;

/** A run as findings look at it, live or read again from its file: the client's moments, the target's series, events. */
export class RunSeries {
  readonly plan: JudgedPlan;
  #phases: readonly Phase[];
  readonly target: TargetStatistics;
  readonly #judge: Pick<Judge, "figures" | "target">;
  readonly events: NotedEvent[] = [];
  #moments: Moment[] = [];
  /** Ticks in a moment, and in the last one so far. */
  #size = 1;
  #open = 1;
  #before: Cumulative | undefined;

  /** `judge` is the run's: it is told what sources say, and reads the same snapshots. */
  constructor(plan: JudgedPlan, judge: Pick<Judge, "figures" | "target">) {
    this.plan = plan;
    this.#phases = phasesOf(plan.loads);
    this.target = judge.target;
    this.#judge = judge;
  }

  /** One tick; snapshots come in the order of time. Observations go to the judge, whose statistics this reads. */
  take(snapshot: Snapshot, events: readonly NotedEvent[] = []): void {
    this.events.push(...events);
    if (this.#before !== undefined && snapshot.at <= this.#before.at) return;
    const now = cumulativeOf(snapshot, this.plan, this.#judge.figures(snapshot));
    const moment = between(now, this.#before);
    this.#before = now;
    if (moment.toMs <= moment.fromMs) return;
    const last = this.#moments.at(-1);
    if (this.#open < this.#size && last !== undefined) {
      this.#moments[this.#moments.length - 1] = together(last, moment);
      this.#open++;
      return;
    }
    this.#moments.push(moment);
    this.#open = 1;
    if (this.#moments.length < MOST_MOMENTS) return;
    this.#moments = this.#moments.flatMap((one, i, all) => {
      if (i % 2 === 1) return [];
      const next = all[i + 1];
      return [next === undefined ? one : together(one, next)];
    });
    this.#size *= 2;
    this.#open = this.#size;
  }

  /** What the plan, or who changed the load since, wants of it. */
  get phases(): readonly Phase[] {
    return this.#phases;
  }

  /** The load was changed: these are its loads now, the same up to the change. */
  follow(loads: readonly ShapedLoad[]): void {
    this.#phases = phasesOf(loads);
  }

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  /** Those that lie wholly within a stretch. */
  momentsIn({ fromMs, toMs }: Stretch): Moment[] {
    return this.#moments.filter((one) => one.fromMs >= fromMs - 1 && one.toMs <= toMs + 1);
  }

  /** The load is counted in arrivals a second, or in users. */
  get model(): "arrivals" | "users" {
    return this.#moments.some(({ offered }) => offered !== undefined) ? "arrivals" : "users";
  }

  loadOf({ users, offered }: Moment): number {
    return this.model === "arrivals" ? (offered ?? 0) : users;
  }

  get endMs(): number {
    return this.#moments.at(-1)?.toMs ?? 0;
  }
}

interface Cumulative extends Omit<Moment, "fromMs" | "toMs"> {
  at: number;
}

const nothingYet: Cumulative = {
  at: 0,
  users: 0,
  offered: undefined,
  latency: noReading,
  failures: 0,
  errors: {},
  iterations: 0,
  dropped: 0,
  readings: [],
};

const latency: Threshold = {
  expression: "",
  aggregation: { kind: "avg" },
  subject: "client",
  metric: "latency",
  filters: {},
};

function cumulativeOf(snapshot: Snapshot, { thresholds }: JudgedPlan, client: ClientFigures): Cumulative {
  const total = (values: Record<string, number>, metric: Parameters<typeof metricSeries>[1]) => {
    const series = metricSeries(values, metric);
    return series.length === 0 ? undefined : series.reduce((sum, [, value]) => sum + value, 0);
  };
  const errors: Record<string, number> = {};
  for (const { errors: own } of snapshot.series) {
    for (const [type, count] of Object.entries(own)) errors[type] = (errors[type] ?? 0) + count;
  }
  return {
    at: snapshot.at,
    users: total(snapshot.gauges, "plimsoll_users") ?? 0,
    offered: total(snapshot.gauges, "plimsoll_arrival_rate_target"),
    latency: client.read(latency),
    failures: snapshot.series.reduce((sum, one) => sum + one.failure.response.count - ownFailures(one), 0),
    errors,
    iterations: total(snapshot.counters, "plimsoll_iterations_total") ?? 0,
    dropped: total(snapshot.counters, "plimsoll_dropped_iterations_total") ?? 0,
    readings: thresholds.map((one) => (one.subject === "client" ? client.read(one) : undefined)),
  };
}

function between(now: Cumulative, before: Cumulative = nothingYet): Moment {
  const { at, ...rest } = now;
  return {
    ...rest,
    fromMs: before.at,
    toMs: at,
    // At its end a step may already want what comes next.
    offered: before.offered ?? now.offered,
    latency: readingSince(now.latency, before.latency),
    failures: now.failures - before.failures,
    errors: combine(now.errors, before.errors, -1),
    iterations: now.iterations - before.iterations,
    dropped: now.dropped - before.dropped,
    readings: now.readings.map((one, i) => one && readingSince(one, before.readings[i] ?? noReading)),
  };
}

/** Two that follow each other as one. */
export function together(a: Moment, b: Moment): Moment {
  return {
    ...b,
    fromMs: a.fromMs,
    offered: a.offered,
    latency: addReadings(a.latency, b.latency),
    failures: a.failures + b.failures,
    errors: combine(a.errors, b.errors, 1),
    iterations: a.iterations + b.iterations,
    dropped: a.dropped + b.dropped,
    readings: b.readings.map((one, i) => one && addReadings(a.readings[i] ?? noReading, one)),
  };
}

function combine(a: Record<string, number>, b: Record<string, number>, sign: 1 | -1): Record<string, number> {
  const all = { ...a };
  for (const [name, count] of Object.entries(b)) all[name] = (all[name] ?? 0) + sign * count;
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}
