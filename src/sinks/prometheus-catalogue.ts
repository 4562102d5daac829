import { customFamily, exportedName } from "../metrics/custom.ts";
import { parseSeriesName } from "../metrics/observation.ts";
import { type Metric, type PlimsollMetric, plimsollMetrics } from "../metrics/vocabulary.ts";
import type { Plan } from "../scenario/plan.ts";
import { type Cell, type HistogramCell, HistogramFamily, ScalarFamily } from "./prometheus-family.ts";
import type { Labels } from "./prometheus-labels.ts";
import type { ExpositionRegistry } from "./prometheus-registry.ts";

/** The `plimsoll_*` families of one run: names, types, help and labels as the vocabulary has them, `run_id` on each. */
export class Catalogue {
  readonly #runId: string;
  readonly #scenario: string;
  /** The vocabulary's, and the scenario's own. */
  readonly #metrics: ReadonlyMap<string, Metric>;
  readonly #scalars = new Map<string, ScalarFamily>();
  readonly #histograms = new Map<string, HistogramFamily>();
  /** By `seriesName`, so that a snapshot's names are taken apart once. */
  readonly #cells = new Map<string, Cell>();
  readonly #histogramCells = new Map<string, HistogramCell>();

  constructor(run: Pick<Plan, "runId" | "scenario" | "metrics">, bounds: Float64Array, registry: ExpositionRegistry) {
    this.#runId = run.runId;
    this.#scenario = run.scenario;
    const custom = (run.metrics ?? []).map((metric) => [exportedName(metric), customFamily(metric)] as const);
    this.#metrics = new Map<string, Metric>([...Object.entries(plimsollMetrics), ...custom]);
    for (const [name, { type, help }] of this.#metrics) {
      if (type === "histogram") {
        const family = new HistogramFamily(name, help, bounds);
        this.#histograms.set(name, family);
        registry.register(family);
      } else {
        const family = new ScalarFamily(name, type, help);
        this.#scalars.set(name, family);
        registry.register(family);
      }
    }
  }

  /** One series of a counter or gauge; `run_id` and `scenario` are added. */
  cell(metric: PlimsollMetric, labels: Labels = {}): Cell {
    return this.#scalar(metric).cell(this.#labels(metric, labels));
  }

  histogramCell(metric: PlimsollMetric, labels: Labels = {}): HistogramCell {
    return this.#histogram(metric).cell(this.#labels(metric, labels));
  }

  /** The series of a counter or gauge that a snapshot calls by `seriesName`. */
  named(name: string): Cell {
    let cell = this.#cells.get(name);
    if (cell === undefined) {
      const { metric, labels } = parseSeriesName(name);
      cell = this.#scalar(metric).cell(this.#labels(metric, labels));
      this.#cells.set(name, cell);
    }
    return cell;
  }

  namedHistogram(name: string): HistogramCell {
    let cell = this.#histogramCells.get(name);
    if (cell === undefined) {
      const { metric, labels } = parseSeriesName(name);
      cell = this.#histogram(metric).cell(this.#labels(metric, labels));
      this.#histogramCells.set(name, cell);
    }
    return cell;
  }

  reset(): void {
    for (const family of this.#scalars.values()) family.reset();
    for (const family of this.#histograms.values()) family.reset();
  }

  #scalar(metric: string): ScalarFamily {
    const family = this.#scalars.get(metric);
    if (family === undefined) throw new Error(`${metric} is not a counter or gauge of src/metrics/vocabulary.ts`);
    return family;
  }

  #histogram(metric: string): HistogramFamily {
    const family = this.#histograms.get(metric);
    if (family === undefined) throw new Error(`${metric} is not a histogram of src/metrics/vocabulary.ts`);
    return family;
  }

  /** In the vocabulary's order, so that one series has one spelling. */
  #labels(metric: string, given: Labels): Labels {
    const names = this.#metrics.get(metric)?.labels ?? [];
    for (const name in given) {
      if (!names.includes(name)) throw new Error(`${metric} has no label ${name} in src/metrics/vocabulary.ts`);
    }
    const labels: Record<string, string> = { run_id: this.#runId };
    for (const name of names) labels[name] = given[name] ?? (name === "scenario" ? this.#scenario : "");
    return labels;
  }
}
