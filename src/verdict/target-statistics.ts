import { type Observation, seriesName } from "../metrics/observation.ts";
import { metricsOfLooking } from "../metrics/vocabulary.ts";
import type { Stretch } from "./phase.ts";
import { TargetPoints } from "./target-points.ts";

/** The looks at one source: when, and which of them it answered. */
class Looks {
  readonly #times: number[] = [];
  readonly #failed: number[] = [];

  add(at: number, answered: boolean): void {
    this.#times.push(at);
    if (!answered) this.#failed.push(at);
  }

  all(stretches: readonly Stretch[]): number {
    return countIn(this.#times, stretches);
  }

  failed(stretches: readonly Stretch[]): number {
    return countIn(this.#failed, stretches);
  }

  /** The last look was not answered. */
  get isDown(): boolean {
    return this.#failed.length > 0 && this.#failed.at(-1) === this.#times.at(-1);
  }
}

function countIn(times: readonly number[], stretches: readonly Stretch[]): number {
  return times.filter((at) => stretches.some(({ fromMs, toMs }) => fromMs <= at && at < toMs)).length;
}

const always: readonly Stretch[] = [{ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }];

/** The figures of one target series, as the JSON summary has them; in base units. */
export interface TargetFigures {
  source: string;
  min: number;
  mean: number;
  max: number;
  first: number;
  last: number;
  /** Looks at its source, before it or after, that brought nothing. */
  gaps: number;
}

/** Everything one series of a source has said since the run's start. */
export class TargetSeries {
  /** `metric{labels}`, its source among the labels. */
  readonly name: string;
  readonly metric: string;
  readonly source: string;
  readonly labels: Record<string, string>;
  readonly type: Observation["type"];
  readonly #looks: Looks;
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  constructor({ metric, source, labels, type }: Observation, looks: Looks) {
    this.labels = { ...labels, source };
    this.name = seriesName(metric, this.labels);
    this.metric = metric;
    this.source = source;
    this.type = type;
    this.#looks = looks;
  }

  add(value: number, at: number): void {
    this.#times.push(at);
    this.#values.push(value);
  }

  /** What it said in these stretches; by default in the whole run. */
  points(stretches: readonly Stretch[] = always): TargetPoints {
    return new TargetPoints(this.#times, this.#values, stretches);
  }

  /** Its newest value, of a counter with the one before it; none while its source is down. */
  newest(): TargetPoints {
    const length = this.#looks.isDown && !metricsOfLooking.has(this.metric) ? 0 : this.type === "counter" ? 2 : 1;
    const fromMs = this.#times.at(-length) ?? 0;
    return this.points(length === 0 ? [] : [{ fromMs, toMs: Number.POSITIVE_INFINITY }]);
  }

  /** Looks at its source that brought nothing. */
  gaps(stretches: readonly Stretch[] = always): number {
    return metricsOfLooking.has(this.metric) ? 0 : this.#looks.failed(stretches);
  }

  /** How often the source was asked. */
  looks(stretches: readonly Stretch[] = always): number {
    return this.#looks.all(stretches);
  }

  figures(): TargetFigures {
    const { min, mean, max, first, last } = this.points();
    return { source: this.source, min, mean, max, first, last, gaps: this.gaps() };
  }
}

/** What the target's sources said over a run, by series. A look that failed (`up` 0) is a gap in all of its source's. */
export class TargetStatistics {
  readonly #series = new Map<string, TargetSeries>();
  readonly #looks = new Map<string, Looks>();

  observe(observations: readonly Observation[]): void {
    for (const observation of observations) {
      // Exporters say NaN for "nothing to tell" (a quantile of no requests).
      if (!Number.isFinite(observation.value)) continue;
      const looks = this.#looksAt(observation.source);
      if (observation.metric === "up") looks.add(observation.at, observation.value !== 0);
      const name = seriesName(observation.metric, { ...observation.labels, source: observation.source });
      let series = this.#series.get(name);
      if (series === undefined) {
        series = new TargetSeries(observation, looks);
        this.#series.set(name, series);
      }
      series.add(observation.value, observation.at);
    }
  }

  #looksAt(source: string): Looks {
    let looks = this.#looks.get(source);
    if (looks === undefined) {
      looks = new Looks();
      this.#looks.set(source, looks);
    }
    return looks;
  }

  /** All series, without what sources say about themselves. */
  get series(): TargetSeries[] {
    return [...this.#series.values()].filter(({ metric }) => !metricsOfLooking.has(metric) && metric !== "info");
  }

  /** The series of a metric that carry all these labels, `source` among them. */
  matching(metric: string, filters: Record<string, string>): TargetSeries[] {
    const wanted = Object.entries(filters);
    return [...this.#series.values()].filter(
      (series) => series.metric === metric && wanted.every(([label, value]) => series.labels[label] === value),
    );
  }

  /** Sources that failed to answer at least once, the most silent first. */
  failingSources(): string[] {
    const failed = [...this.#looks].map(([source, looks]) => ({ source, times: looks.failed(always) }));
    return failed
      .filter(({ times }) => times > 0)
      .sort((a, b) => b.times - a.times)
      .map(({ source }) => source);
  }

  /** The share of its looks that each source did not answer. */
  silence(): { source: string; share: number }[] {
    return [...this.#looks].map(([source, looks]) => {
      return { source, share: looks.failed(always) / Math.max(1, looks.all(always)) };
    });
  }

  /** Sources that answered at least once. */
  answeringSources(): string[] {
    return [...this.#looks].filter(([, looks]) => looks.failed(always) < looks.all(always)).map(([source]) => source);
  }

  /** All of the target's series by name, without what sources say about themselves. */
  summary(): Record<string, TargetFigures> {
    return Object.fromEntries(this.series.map((series) => [series.name, series.figures()]));
  }
}
