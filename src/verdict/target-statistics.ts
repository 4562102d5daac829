import { type Observation, seriesName } from "../metrics/observation.ts";

/** What a source says about itself, also while it is down: it has no gaps. */
const ofTheSource: ReadonlySet<string> = new Set([
  "up",
  "scrape_duration_seconds",
  "scrapes_total",
  "scrape_errors_total",
  "scrape_last_success_timestamp_seconds",
]);

/** How often a source was asked and how often it did not answer. */
interface Looks {
  all: number;
  failed: number;
}

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
  readonly #values: number[] = [];
  #firstAt = 0;
  #lastAt = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #increase = 0;

  constructor({ metric, source, labels, type }: Observation, looks: Looks) {
    this.labels = { ...labels, source };
    this.name = seriesName(metric, this.labels);
    this.metric = metric;
    this.source = source;
    this.type = type;
    this.#looks = looks;
  }

  add(value: number, at: number): void {
    if (this.#values.length === 0) this.#firstAt = at;
    // A counter that restarted lower has counted up to its value from 0.
    else this.#increase += value < this.last ? value : value - this.last;
    this.#lastAt = at;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#sum += value;
    this.#values.push(value);
  }

  get count(): number {
    return this.#values.length;
  }

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  get mean(): number {
    return this.#sum / this.#values.length;
  }

  get first(): number {
    return this.#values[0] ?? Number.NaN;
  }

  get last(): number {
    return this.#values.at(-1) ?? Number.NaN;
  }

  /** How much a counter rose between its first and last value, restarts included. */
  get increase(): number {
    return this.#increase;
  }

  /** A counter's increase a second; undefined before it was seen at two moments. */
  get rate(): number | undefined {
    const seconds = (this.#lastAt - this.#firstAt) / 1000;
    return seconds > 0 ? this.#increase / seconds : undefined;
  }

  get gaps(): number {
    return ofTheSource.has(this.metric) ? 0 : this.#looks.failed;
  }

  /** How often the source was asked. */
  get looks(): number {
    return this.#looks.all;
  }

  /** The smallest value that at least `q` (0..1) of all values do not exceed; exact. */
  quantile(q: number): number {
    const sorted = Float64Array.from(this.#values).sort();
    return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN;
  }

  figures(): TargetFigures {
    const { source, min, mean, max, first, last, gaps } = this;
    return { source, min, mean, max, first, last, gaps };
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
      if (observation.metric === "up") {
        looks.all++;
        if (observation.value === 0) looks.failed++;
      }
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
      looks = { all: 0, failed: 0 };
      this.#looks.set(source, looks);
    }
    return looks;
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
    return [...this.#looks]
      .filter(([, { failed }]) => failed > 0)
      .sort(([, a], [, b]) => b.failed - a.failed)
      .map(([source]) => source);
  }

  /** All of the target's series by name, without what sources say about themselves. */
  summary(): Record<string, TargetFigures> {
    const shown = [...this.#series.values()].filter(({ metric }) => !ofTheSource.has(metric));
    return Object.fromEntries(shown.map((series) => [series.name, series.figures()]));
  }
}
