import { type Clock, sleepUntil } from "../metrics/clock.ts";
import type { Exhibit } from "../metrics/exhibit.ts";
import type { Observation } from "../metrics/observation.ts";
import type { TargetMetric } from "../metrics/vocabulary.ts";
import type { Source } from "../scenario/plan-source.ts";
import { CollectError, type CollectReason, collectReasons } from "./collect-error.ts";
import type { Collector, CollectorDeps, SourceEvent } from "./collector.ts";
import { Derivation } from "./derive.ts";
import { Restarts } from "./restarts.ts";

/** One source to look at. */
export interface SupervisedSource {
  collector: Collector;
  everyMs: number;
  /** A look that takes longer has failed; meant to be shorter than `everyMs`. */
  timeoutMs: number;
}

/** Makes the collectors of sources, once the run has its clock. */
export type MakeCollectors = (deps: CollectorDeps) => SupervisedSource[];

/** Loads what looks at these sources; nothing where there is none. */
export async function collectorsFor(sources: readonly Source[]): Promise<MakeCollectors> {
  if (sources.length === 0) return () => [];
  const { createCollector } = await import("./collector.ts");
  return (deps) =>
    sources.map((source) => ({
      collector: createCollector(source, deps),
      everyMs: source.everyMs,
      timeoutMs: source.timeoutMs,
    }));
}

export interface SuperviseOptions {
  sources: SupervisedSource[];
  clock: Clock;
  /**
   * What a look gave, once for each look. With `up` 0 the list holds nothing of the target: whoever shows values lets go
   * of the source's last ones. Must not throw.
   */
  onObservations(observations: Observation[]): void;
  /** A source went down, is back, or its counters started anew. Must not throw. */
  onEvent(event: SourceEvent): void;
  /** Unix milliseconds of a moment of the run. */
  wallAt(ms: number): number;
}

export interface Supervision {
  /** What the sources can show right now; one that cannot be asked is left out. Soon after `signal` aborts it ends. */
  evidence(signal: AbortSignal): Promise<Exhibit[]>;
  /** Ends every look and lets the collectors go; waits for no answer. Nothing is told after it was called. */
  stop(): Promise<void>;
}

/**
 * Looks at each source at once, and then on a grid of its own interval that does not drift. The grids are set apart a
 * little, so that the target is not asked everything in one moment. A source is never looked at twice at a time, and a
 * collector that fails, hangs or throws disturbs no other.
 */
export function supervise(options: SuperviseOptions): Supervision {
  const stopped = new AbortController();
  const watches = options.sources.map((source, index) => new Watch(source, index, options, stopped.signal).run());
  return {
    async evidence(signal) {
      const ended = new Promise<Exhibit[]>((resolve) => {
        signal.addEventListener("abort", () => resolve([]), { once: true });
      });
      const shown = options.sources.map(({ collector }) => Promise.race([shownBy(collector, signal), ended]));
      return (await Promise.all(shown)).flat();
    },
    async stop() {
      stopped.abort();
      await Promise.all(watches);
      await Promise.allSettled(options.sources.map(({ collector }) => collector.close()));
    },
  };
}

/** Evidence is beside the point of a look: that it cannot be had is no failure of the source. */
async function shownBy(collector: Collector, signal: AbortSignal): Promise<Exhibit[]> {
  try {
    return (await collector.evidence?.(signal)) ?? [];
  } catch {
    return [];
  }
}

/** Where grids lie within a tenth of their interval: the golden ratio's multiples are never close to each other. */
function offsetOf(index: number, everyMs: number): number {
  return ((index * 0.618034) % 1) * (everyMs / 10);
}

/** One source. */
class Watch {
  readonly #source: SupervisedSource;
  readonly #offsetMs: number;
  readonly #options: SuperviseOptions;
  readonly #stopped: AbortSignal;
  readonly #derivation = new Derivation();
  readonly #restarts = new Restarts();
  readonly #errors = new Map<CollectReason, number>(collectReasons.map((reason) => [reason, 0]));
  #looks = 0;
  #lastSuccessAt: number | undefined;
  /** When it went down; undefined while it is up. */
  #downAt: number | undefined;
  /** What the collector is busy with; it may outlast a look, if the collector does not heed its signal. */
  #busy: Promise<unknown> | undefined;

  constructor(source: SupervisedSource, index: number, options: SuperviseOptions, stopped: AbortSignal) {
    this.#source = source;
    this.#offsetMs = offsetOf(index, source.everyMs);
    this.#options = options;
    this.#stopped = stopped;
  }

  async run(): Promise<void> {
    const { clock } = this.#options;
    const { everyMs, collector } = this.#source;
    if (collector.ready !== undefined) await collector.ready();
    const gridStart = clock.now() + this.#offsetMs;
    let slot = 0;
    while (!this.#stopped.aborted) {
      await this.#look();
      slot = Math.max(slot + 1, Math.ceil((clock.now() - gridStart) / everyMs));
      await sleepUntil(clock, gridStart + slot * everyMs, this.#stopped);
    }
  }

  async #look(): Promise<void> {
    const startedAt = this.#options.clock.now();
    const result = await this.#collect(startedAt);
    if (this.#stopped.aborted) return;
    const at = this.#options.clock.now();
    this.#looks++;
    if (result instanceof CollectError) this.#failed(result, at);
    else this.#succeeded(result, at);
    const observations = result instanceof CollectError ? [] : this.#derivation.derive(result);
    this.#options.onObservations([...observations, ...this.#ownObservations(at, at - startedAt)]);
  }

  /** The collector's observations, or why there are none; after the time is over, whatever the collector does. */
  async #collect(startedAt: number): Promise<Observation[] | CollectError> {
    const { collector, timeoutMs } = this.#source;
    const late = new CollectError("timeout", `no whole answer within ${timeoutMs / 1000} s`);
    const over = new AbortController();
    const end = () => over.abort();
    const timer = this.#options.clock.at(startedAt + timeoutMs, end);
    this.#stopped.addEventListener("abort", end, { once: true });
    const ended = new Promise<CollectError>((resolve) => {
      over.signal.addEventListener("abort", () => resolve(late), { once: true });
    });
    try {
      // One that did not heed the last look's signal must first come to its end.
      if (this.#busy !== undefined && (await Promise.race([this.#busy, ended])) === late) return late;
      const looking = outcome(collector, over.signal);
      this.#busy = looking.then(() => {
        this.#busy = undefined;
      });
      const result = await Promise.race([looking, ended]);
      return over.signal.aborted ? late : result;
    } finally {
      timer.cancel();
      this.#stopped.removeEventListener("abort", end);
    }
  }

  #succeeded(observations: Observation[], at: number): void {
    this.#lastSuccessAt = at;
    if (this.#downAt !== undefined) {
      this.#say(at, `is back after ${((at - this.#downAt) / 1000).toFixed(1)} s`);
      this.#downAt = undefined;
    }
    const restart = this.#restarts.notice(observations);
    if (restart !== undefined) this.#say(at, `restarted: ${restart}`);
  }

  #failed({ reason, message }: CollectError, at: number): void {
    this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + 1);
    if (this.#downAt !== undefined) return;
    this.#downAt = at;
    this.#say(at, `is down (${reason}): ${message}`);
  }

  #say(at: number, message: string): void {
    this.#options.onEvent({ at, kind: "source", message: `source "${this.#source.collector.name}" ${message}` });
  }

  /** What Plimsoll says of the source itself: the `target_up` family. */
  #ownObservations(at: number, tookMs: number): Observation[] {
    const { name, kind } = this.#source.collector;
    const own = (metric: TargetMetric, type: Observation["type"], value: number, reason?: CollectReason) => {
      const labels: Record<string, string> = reason === undefined ? { kind } : { kind, reason };
      return { source: name, metric, labels, type, value, at };
    };
    const observations = [
      own("up", "gauge", this.#downAt === undefined ? 1 : 0),
      own("scrape_duration_seconds", "gauge", tookMs / 1000),
      own("scrapes_total", "counter", this.#looks),
      // Every reason from the start: a counter that appears with its first failure hides it from rate().
      ...collectReasons.map((reason) => own("scrape_errors_total", "counter", this.#errors.get(reason) ?? 0, reason)),
    ];
    if (this.#lastSuccessAt !== undefined) {
      const seconds = this.#options.wallAt(this.#lastSuccessAt) / 1000;
      observations.push(own("scrape_last_success_timestamp_seconds", "gauge", seconds));
    }
    return observations;
  }
}

/** Never rejects. An error that is no `CollectError` is a collector's bug: its text may hold anything, so it is not told. */
async function outcome(collector: Collector, signal: AbortSignal): Promise<Observation[] | CollectError> {
  try {
    return await collector.collect(signal);
  } catch (error) {
    if (error instanceof CollectError) return error;
    const name = error instanceof Error ? error.name : typeof error;
    return new CollectError("parse", `its collector failed unexpectedly (${name})`);
  }
}
