import type { Observation } from "../metrics/observation.ts";
import { type TargetMetric, targetMetrics } from "../metrics/vocabulary.ts";

/** Gathers what one look at a source gives, by the vocabulary's names. */
export class Look {
  /** The run's milliseconds. */
  readonly at: number;
  readonly observations: Observation[] = [];
  readonly #source: string;
  readonly #labels: Record<string, string>;

  /** All that is told carries `labels`. */
  constructor(source: string, at: number, labels: Record<string, string> = {}) {
    this.#source = source;
    this.at = at;
    this.#labels = labels;
  }

  /** The version of the server that answered, if it says one. */
  tellVersion(version: string | undefined): void {
    if (version !== undefined && version !== "") this.tell("info", 1, { version });
  }

  /** A value that is not known, or no number, is left out: a gap is a gap. */
  tell(metric: TargetMetric, value: number | undefined, labels?: Record<string, string>): void {
    if (value === undefined || !Number.isFinite(value)) return;
    const type = targetMetrics[metric].type === "counter" ? "counter" : "gauge";
    const all = labels === undefined ? this.#labels : { ...this.#labels, ...labels };
    this.observations.push({ source: this.#source, metric, labels: all, type, value, at: this.at });
  }
}
