import { addHistograms, type HistogramData, quantile, subtractHistograms } from "../metrics/histogram.ts";
import { metricSeries, type Observation, seriesName } from "../metrics/observation.ts";
import { requestCount, type Snapshot } from "../metrics/snapshot.ts";
import { endOfPlan, type Plan, UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { Sink, Tick } from "./sink.ts";
import { RecentRates, type Standing, type StandingInput, standingOf } from "./standing.ts";
import { emptyView, extendView, type RunView, type TargetColumn, type ViewTick } from "./view.ts";

/** What a source says of itself beside `up` is not the target's health. */
const bookkeeping = /^(?:scrape(?:s|_)|info$)/;

/** A value stands until its source should have spoken again, and half an interval more. */
const PATIENCE = 1.5;

/** The last word of one series of the target. */
interface Heard {
  column: Omit<TargetColumn, "values">;
  /** As the source gave it: a counter's running total. */
  raw: number;
  value: number | undefined;
  at: number;
}

/** What was counted up to a tick. */
interface Mark {
  at: number;
  requests: number;
  failures: number;
  errors: Record<string, number>;
  latency: HistogramData | undefined;
}

const START: Mark = { at: 0, requests: 0, failures: 0, errors: {}, latency: undefined };

/** A run to be looked at: its columns and its figures. */
export interface Shown {
  view: RunView;
  standing: Standing;
}

/** Who looks on while a run goes on. */
export interface Watcher {
  tick(tick: ViewTick, standing: Standing): void;
  /** The view is to be taken again as a whole: the run was judged, or another has begun. */
  renewed(): void;
}

/** Grows a run's view by each tick, and tells who looks on. */
export class ViewSink implements Sink {
  readonly name = "view";
  readonly #health: () => Pick<StandingInput, "target" | "trust" | "analysis">;
  #view: RunView | undefined;
  #last: Tick | undefined;
  /** Where the figures of requests were reset. */
  #base: Snapshot | undefined;
  #verdict: Verdict | undefined;
  #before = START;
  #everyMs: Record<string, number> = {};
  readonly #recent = new RecentRates();
  readonly #heard = new Map<string, Heard>();
  readonly #watchers = new Set<Watcher>();

  /** `health`: what the judge has of the target and of the generator, at any moment. */
  constructor(health: () => Pick<StandingInput, "target" | "trust" | "analysis">) {
    this.#health = health;
  }

  /** Undefined before the run has started. Grows in place. */
  get view(): RunView | undefined {
    return this.#view;
  }

  /** Undefined before the first tick. */
  shown(): Shown | undefined {
    if (this.#view === undefined || this.#last === undefined) return undefined;
    return { view: this.#view, standing: this.#standing(this.#last) };
  }

  /** Tells a watcher from now on; returns how to end that. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  start(plan: Plan): void {
    this.#everyMs = Object.fromEntries(plan.sources.map(({ name, everyMs }) => [name, everyMs]));
    const { runId: id, scenario, profile, target, startedAt, labels, thresholds } = plan;
    const end = endOfPlan(plan);
    const plannedMs = end >= UNTIL_STOPPED_MS ? null : end;
    this.#view = emptyView({ id, scenario, profile, target, startedAt, plannedMs, labels, thresholds });
  }

  write(tick: Tick): void {
    if (this.#view === undefined) return;
    const { snapshot, observations, events } = tick;
    this.#last = tick;
    this.#recent.add(snapshot);
    this.#hear(observations);
    const stopping = this.#view.state === "stopping" || events.some(({ kind }) => kind === "stop");
    const added: ViewTick = {
      time: snapshot.at / 1000,
      state: stopping ? "stopping" : "running",
      ...this.#loadOf(snapshot),
      target: this.#targetAt(snapshot.at),
      events,
    };
    extendView(this.#view, added);
    if (this.#watchers.size === 0) return;
    const standing = this.#standing(tick);
    for (const watcher of this.#watchers) watcher.tick(added, standing);
  }

  async stop(verdict: Verdict): Promise<void> {
    this.#verdict = verdict;
    if (this.#view !== undefined) this.#view.state = verdict.state;
    for (const watcher of this.#watchers) watcher.renewed();
  }

  /** Figures of requests count from now on, until the run has ended: then they are the whole run's again. */
  reset(): void {
    this.#base = this.#last?.snapshot;
    for (const watcher of this.#watchers) watcher.renewed();
  }

  #standing({ snapshot, thresholds: states }: Tick): Standing {
    const given = { snapshot, states, ...this.#health(), recent: this.#recent };
    if (this.#verdict !== undefined) return standingOf({ ...given, verdict: this.#verdict });
    return standingOf({ ...given, since: this.#base });
  }

  #loadOf(snapshot: Snapshot): Pick<ViewTick, "load" | "errors"> {
    const before = this.#before;
    const mark = markOf(snapshot);
    this.#before = mark;
    const seconds = (mark.at - before.at) / 1000;
    const perSecond = (more: number) => (seconds > 0 ? more / seconds : null);
    const latency =
      mark.latency === undefined || before.latency === undefined
        ? mark.latency
        : subtractHistograms(mark.latency, before.latency);
    const at = (q: number) => (latency === undefined ? undefined : quantile(latency, q)) ?? null;
    const errors = Object.entries(mark.errors).map(([kind, count]): [string, number] => [
      kind,
      perSecond(count - (before.errors[kind] ?? 0)) ?? 0,
    ]);
    return {
      load: {
        users: metricSeries(snapshot.gauges, "plimsoll_users").reduce((sum, [, value]) => sum + value, 0),
        rate: perSecond(mark.requests - before.requests),
        failures: perSecond(mark.failures - before.failures),
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
      },
      errors: Object.fromEntries(errors),
    };
  }

  #hear(observations: readonly Observation[]): void {
    for (const { source, metric, labels, type, value: raw, at } of observations) {
      if (bookkeeping.test(metric)) continue;
      if (metric === "up" && raw === 0) this.#forget(source);
      const ofSource = { ...labels, source };
      const name = seriesName(metric, ofSource);
      const before = this.#heard.get(name);
      const value = type === "gauge" ? raw : increasePerSecond(before, raw, at);
      this.#heard.set(name, { column: { source, metric, labels: ofSource, type }, raw, value, at });
    }
  }

  /** A source that does not answer is a gap at once. */
  #forget(source: string): void {
    for (const [name, { column }] of this.#heard) if (column.source === source) this.#heard.delete(name);
  }

  #targetAt(at: number): ViewTick["target"] {
    const standing = [...this.#heard].flatMap(([name, { column, value, at: heardAt }]) => {
      const patienceMs = PATIENCE * (this.#everyMs[column.source] ?? 0);
      return value === undefined || at - heardAt > patienceMs ? [] : [[name, { ...column, value }] as const];
    });
    return Object.fromEntries(standing);
  }
}

/** Undefined at the first sight of a counter, and where it went back: a restart has no rate. */
function increasePerSecond(before: Heard | undefined, raw: number, at: number): number | undefined {
  if (before === undefined || raw < before.raw || at <= before.at) return undefined;
  return ((raw - before.raw) * 1000) / (at - before.at);
}

function markOf({ at, series }: Snapshot): Mark {
  const histograms = series.flatMap(({ success, failure }) => [success.response, failure.response]);
  const errors: Record<string, number> = {};
  for (const one of series) {
    for (const [kind, count] of Object.entries(one.errors)) errors[kind] = (errors[kind] ?? 0) + count;
  }
  return {
    at,
    requests: series.reduce((sum, one) => sum + requestCount(one), 0),
    failures: series.reduce((sum, { failure }) => sum + failure.response.count, 0),
    errors,
    latency: histograms.length === 0 ? undefined : histograms.reduce(addHistograms),
  };
}
