import { type Observation, seriesName } from "../metrics/observation.ts";
import type { MetricMapping, PromqlSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { fieldOf, itemsOf, textOf } from "./fields.ts";
import type { LabelledValue } from "./prometheus-query.ts";
import { Remarks } from "./remarks.ts";
import { observationsOf } from "./series-rules.ts";
import { jsonBody } from "./whole-body.ts";

/**
 * A Prometheus, or what answers as one (Thanos, Mimir, VictoriaMetrics), by instant queries. It knows the target as of its
 * last scrape. https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export class PromqlCollector implements Collector {
  readonly name: string;
  readonly kind = "promql";
  readonly #metrics: readonly MetricMapping[];
  readonly #deps: CollectorDeps;
  readonly #endpoint: Endpoint;
  readonly #remarks: Remarks;

  constructor(source: PromqlSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#metrics = source.metrics;
    this.#deps = deps;
    this.#endpoint = new Endpoint(source, deps);
    this.#remarks = new Remarks(source.name, this.#endpoint.filling, deps);
  }

  /** Fails when no expression has a value. */
  async collect(signal: AbortSignal): Promise<Observation[]> {
    const observations: Observation[] = [];
    let refused: CollectError | undefined;
    for (const { metric, labels, type, from } of this.#metrics) {
      const { at, found } = await this.#ask(from, signal);
      if (found instanceof CollectError || found.length === 0) {
        const why = found instanceof CollectError ? found.message : "it matches no series";
        const series = seriesName(metric, labels);
        this.#remarks.once(`${series} missing`, at, `${series} has no value: ${from}: ${why}`);
        if (found instanceof CollectError) refused ??= found;
      } else
        observations.push(...observationsOf(found, { source: this.name, metric, labels, type, at }, this.#remarks));
    }
    if (observations.length === 0) throw refused ?? new CollectError("missing", "no expression has a value");
    return observations;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  /** That it does not take this expression is a value: the others may be right. */
  async #ask(from: string, signal: AbortSignal): Promise<{ at: number; found: LabelledValue[] | CollectError }> {
    const query = new URLSearchParams({ query: from });
    try {
      const { at, content } = await this.#endpoint.get("application/json", signal, jsonBody, `/api/v1/query?${query}`);
      return { at, found: valuesOf(content) };
    } catch (error) {
      if (!(error instanceof CollectError) || error.reason !== "missing") throw error;
      return { at: this.#deps.clock.now(), found: error };
    }
  }
}

/** Values are `[time, "text"]`; the time is that of the asking. Of a range or a text there is none. */
function valuesOf(answer: unknown): LabelledValue[] {
  const result = fieldOf(answer, "data", "result");
  const type = textOf(answer, "data", "resultType");
  if (type === "scalar") return [{ labels: {}, value: sampleValue(result) }];
  if (type !== "vector") throw new CollectError("parse", "expected Prometheus's answer to a query, got other JSON");
  return itemsOf(result).map((series) => ({ labels: labelsOf(series), value: sampleValue(fieldOf(series, "value")) }));
}

function sampleValue(pair: unknown): number {
  const [, text] = itemsOf(pair);
  return typeof text === "string" ? Number(text) : Number.NaN;
}

function labelsOf(series: unknown): Record<string, string> {
  const labels = Object.entries(fieldOf(series, "metric") ?? {});
  return Object.fromEntries(
    labels.filter(([name]) => name !== "__name__").map(([name, value]) => [name, String(value)]),
  );
}
