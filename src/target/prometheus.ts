import type { Observation } from "../metrics/observation.ts";
import type { PrometheusSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { type BodyReader, Endpoint } from "./endpoint.ts";
import { PrometheusText, type TextSample } from "./prometheus-text.ts";
import { Remarks } from "./remarks.ts";
import { SeriesRules } from "./series-rules.ts";

/** The plain format first: it is the smaller, and says all that is kept. */
export const ACCEPT_TEXT =
  "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;q=0.4,*/*;q=0.1";

/** A Prometheus endpoint. */
export class PrometheusCollector implements Collector {
  readonly name: string;
  readonly kind = "prometheus";
  readonly #endpoint: Endpoint;
  readonly #rules: SeriesRules;

  constructor(source: PrometheusSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#endpoint = new Endpoint(source, deps);
    this.#rules = new SeriesRules(source, new Remarks(source.name, this.#endpoint.filling, deps));
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { at, content } = await this.#endpoint.get(ACCEPT_TEXT, signal, textBody(this.#rules));
    if (content.length === 0) {
      throw new CollectError("missing", "none of its series is known or mapped: map them under metrics");
    }
    return this.#rules.observe(content, at);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}

/** Reads a page's samples that the rules want. */
export function textBody(rules: SeriesRules): (contentType: string) => BodyReader<TextSample[]> {
  return (contentType) => new TextBody((name) => rules.wants(name), contentType);
}

class TextBody implements BodyReader<TextSample[]> {
  readonly #text: PrometheusText;

  constructor(wanted: (name: string) => boolean, contentType: string) {
    const openMetrics = contentType.toLowerCase().startsWith("application/openmetrics-text");
    this.#text = new PrometheusText(wanted, openMetrics ? "openmetrics" : "text");
  }

  write(piece: Buffer): void {
    // A problem is told by end(), which also ends the reading.
    if (!this.#text.write(piece)) this.end();
  }

  end(): TextSample[] {
    const result = this.#text.end();
    if (Array.isArray(result)) return result;
    throw new CollectError("parse", `line ${result.line}: ${result.problem}`);
  }
}
