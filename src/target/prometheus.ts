import { type Observation, seriesName } from "../metrics/observation.ts";
import { targetMetric } from "../metrics/vocabulary.ts";
import type { PrometheusSource } from "../scenario/plan.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps, MappingProblem } from "./collector.ts";
import { type BodyReader, Endpoint } from "./endpoint.ts";
import { answer, isOnPage, namesOf, type Page, type PrometheusQuery, parseQuery } from "./prometheus-query.ts";
import { PrometheusText, type TextSample } from "./prometheus-text.ts";
import { knownNames } from "./recognise.ts";
import { Remarks } from "./remarks.ts";

/** The plain format first: it is the smaller, and says all that is kept. */
const ACCEPT =
  "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;q=0.4,*/*;q=0.1";

/** Series that one mapping may give: a label without bound in the target must not fill the generator. */
const MAX_SERIES = 200;

/** Names that `target_*` series carry of their own, or that Prometheus gives a meaning to. */
const reservedLabels = new Set(["target", "source", "run_id", "job", "instance", "le", "quantile"]);

/** What gives a metric: a mapping of the scenario, or a known name. */
interface Rule {
  metric: string;
  labels: Record<string, string>;
  type: "gauge" | "counter";
  query: PrometheusQuery;
  rename: Record<string, string>;
  noneBelow1: boolean;
  /** As written in the scenario; absent for a known name. */
  from?: string;
}

/**
 * A Prometheus endpoint. A mapping gives one observation for each series that it matches: its labels are the mapping's
 * and those of the series that the selector does not fix (one of a reserved name becomes `exported_…`, as in Prometheus);
 * nothing is summed that does not say `sum`. A metric without a mapping comes from the names that are known.
 */
export class PrometheusCollector implements Collector {
  readonly name: string;
  readonly kind = "prometheus";
  readonly #endpoint: Endpoint;
  readonly #remarks: Remarks;
  readonly #rules: Rule[];
  readonly #names: Set<string>;
  #before: Page | undefined;

  constructor(source: PrometheusSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#endpoint = new Endpoint(source, deps);
    this.#remarks = new Remarks(source.name, this.#endpoint.filling, deps);
    const mapped = source.metrics.map(({ metric, labels, type, from }) => {
      return { metric, labels, type, query: queryOf(from), rename: {}, noneBelow1: false, from };
    });
    const given = new Set(mapped.map(({ metric }) => metric));
    this.#rules = [...mapped, ...recognised.filter(({ metric }) => !given.has(metric))];
    this.#names = new Set(this.#rules.flatMap(({ query }) => namesOf(query)));
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { at, content } = await this.#endpoint.get(ACCEPT, signal, (contentType) => {
      return new TextBody((name) => this.#names.has(name), contentType);
    });
    if (content.length === 0) {
      throw new CollectError("missing", "none of its series is known or mapped: map them under metrics");
    }
    const page: Page = { at, samples: Map.groupBy(content, ({ name }) => name) };
    const observations = new Map<string, Observation>();
    for (const rule of this.#rules) {
      for (const observation of this.#observe(rule, page)) {
        const series = seriesName(observation.metric, observation.labels);
        if (!observations.has(series)) observations.set(series, observation);
      }
    }
    this.#before = page;
    return [...observations.values()];
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #observe(rule: Rule, page: Page): Observation[] {
    const { metric, labels, type, query, rename, noneBelow1, from } = rule;
    const written = seriesName(metric, labels);
    if (from !== undefined && !isOnPage(query, page)) {
      this.#remarks.once(`${written} missing`, page.at, `${written} has no value: no series matches ${from}`);
    }
    // NaN and infinity are what exporters say for "no value".
    const values = answer(query, page, this.#before).filter(
      ({ value }) => Number.isFinite(value) && !(noneBelow1 && value < 1),
    );
    if (values.length > MAX_SERIES) {
      const message = `${values.length} series give ${written}: the first ${MAX_SERIES} are kept; narrow the selector or sum`;
      this.#remarks.once(`${written} many`, page.at, message);
    }
    return values.slice(0, MAX_SERIES).map((found) => ({
      source: this.name,
      metric,
      labels: { ...renamed(found.labels, rename), ...labels },
      type,
      value: found.value,
      at: page.at,
    }));
  }
}

/** What is wrong with the mappings of a Prometheus source. */
export function prometheusProblems(source: PrometheusSource): MappingProblem[] {
  return source.metrics.flatMap(({ metric, from }) => {
    const query = parseQuery(from);
    return "problem" in query ? [{ metric, from, ...query }] : [];
  });
}

const recognised: Rule[] = knownNames.map(({ metric, labels, from, rename, noneBelow1 }) => {
  const type = targetMetric(metric)?.type === "counter" ? "counter" : "gauge";
  return { metric, labels, type, query: queryOf(from), rename, noneBelow1 };
});

function queryOf(from: string): PrometheusQuery {
  const query = parseQuery(from);
  if ("problem" in query) throw new Error(`${from}: ${query.problem}`);
  return query;
}

function renamed(labels: Record<string, string>, rename: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [
      (Object.hasOwn(rename, label) && rename[label]) || (reservedLabels.has(label) ? `exported_${label}` : label),
      value,
    ]),
  );
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
