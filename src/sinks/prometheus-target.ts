import type { Observation } from "../metrics/observation.ts";
import { metricsOfLooking, targetMetric } from "../metrics/vocabulary.ts";
import { ScalarFamily } from "./prometheus-family.ts";
import { type LabelBounds, type Labels, labelText, targetLabel, targetName } from "./prometheus-labels.ts";
import type { ExpositionRegistry } from "./prometheus-registry.ts";

/** The last value of one series of the target. */
interface Told {
  family: ScalarFamily;
  labels: Labels;
  value: number;
  at: number;
}

/** By family name and labels. */
type Series = Map<string, Told>;

/**
 * `target_*`: what the sources said last. A source's series are those of the last tick in which it said anything: what it
 * names no more is gone, and while it is down all but `target_up` and its kin are gone. A gap is a gap.
 */
export class TargetFamilies {
  readonly #target: string;
  readonly #bounds: LabelBounds;
  readonly #registry: ExpositionRegistry;
  readonly #families = new Map<string, ScalarFamily>();
  /** By source. */
  readonly #health = new Map<string, Series>();
  readonly #looking = new Map<string, Series>();

  constructor(target: string, bounds: LabelBounds, registry: ExpositionRegistry) {
    this.#target = target;
    this.#bounds = bounds;
    this.#registry = registry;
  }

  /** Takes all observations of one tick, in the order of time. */
  take(observations: Observation[]): void {
    const fresh = new Set<string>();
    for (const observation of observations) {
      const { source, metric, value } = observation;
      if (!fresh.has(source)) {
        fresh.add(source);
        this.#health.delete(source);
      }
      if (metricsOfLooking.has(metric)) {
        this.#keep(seriesOf(this.#looking, source), observation);
        if (metric === "up" && value === 0) this.#health.delete(source);
        continue;
      }
      this.#keep(seriesOf(this.#health, source), observation);
    }
  }

  /** Puts the last values into the families. */
  show(): void {
    for (const family of this.#families.values()) family.clear();
    for (const series of [...this.#looking.values(), ...this.#health.values()]) {
      for (const { family, labels, value } of series.values()) family.cell(labels).value = value;
    }
  }

  #keep(series: Series, { source, metric, labels: own, type, value, at }: Observation): void {
    const labels: Record<string, string> = { target: this.#target, source };
    let shared = false;
    for (const [given, text] of Object.entries(own)) {
      const name = targetLabel(given);
      const bounded = this.#bounds.bound(name, text);
      shared ||= bounded !== text;
      labels[name] = bounded;
    }
    const family = this.#family(metric, type);
    const key = `${family.name} ${labelText(labels)}`;
    const before = series.get(key);
    // What shares `__other__` within one look is put together: counters add up, of gauges the largest stands.
    if (shared && before !== undefined && before.at === at) {
      before.value = family.type === "counter" ? before.value + value : Math.max(before.value, value);
    } else series.set(key, { family, labels, value, at });
  }

  /** A name of the vocabulary has its type and help; another keeps what its first observation said. */
  #family(metric: string, type: "counter" | "gauge"): ScalarFamily {
    const name = targetName(metric);
    let family = this.#families.get(name);
    if (family === undefined) {
      const known = targetMetric(name.slice("target_".length));
      const kind = known?.type === "counter" || known?.type === "gauge" ? known.type : type;
      family = new ScalarFamily(name, kind, known?.help ?? "As a source of the target's health names it.");
      this.#families.set(name, family);
      this.#registry.register(family);
    }
    return family;
  }
}

function seriesOf(sources: Map<string, Series>, source: string): Series {
  let series = sources.get(source);
  if (series === undefined) {
    series = new Map();
    sources.set(source, series);
  }
  return series;
}
