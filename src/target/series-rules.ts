import { type Observation, seriesName } from "../metrics/observation.ts";
import { targetMetric } from "../metrics/vocabulary.ts";
import type { MetricMapping } from "../scenario/plan-source.ts";
import type { MappingProblem } from "./mapping-problems.ts";
import {
  answer,
  isOnPage,
  type LabelledValue,
  namesOf,
  type Page,
  type PrometheusQuery,
  parseQuery,
} from "./prometheus-query.ts";
import type { TextSample } from "./prometheus-text.ts";
import { knownNames } from "./recognise.ts";
import type { Remarks } from "./remarks.ts";

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
 * Makes observations of Prometheus series. A mapping gives one for each series that it matches: its labels are the
 * mapping's and those of the series that the selector does not fix (one of a reserved name becomes `exported_…`, as in
 * Prometheus); nothing is summed that does not say `sum`. A metric without a mapping comes from the names that are known.
 * One object for each source, given every good look in turn.
 */
export class SeriesRules {
  readonly #source: string;
  readonly #remarks: Remarks;
  readonly #rules: Rule[];
  readonly #names: Set<string>;
  #before: Page | undefined;

  constructor({ name, metrics }: { name: string; metrics: readonly MetricMapping[] }, remarks: Remarks) {
    this.#source = name;
    this.#remarks = remarks;
    const mapped = metrics.map(({ metric, labels, type, from }) => {
      return { metric, labels, type, query: queryOf(from), rename: {}, noneBelow1: false, from };
    });
    const given = new Set(mapped.map(({ metric }) => metric));
    this.#rules = [...mapped, ...recognised.filter(({ metric }) => !given.has(metric))];
    this.#names = new Set(this.#rules.flatMap(({ query }) => namesOf(query)));
  }

  /** Whether series of this name are of use. */
  wants(name: string): boolean {
    return this.#names.has(name);
  }

  observe(samples: TextSample[], at: number): Observation[] {
    const page: Page = { at, samples: Map.groupBy(samples, ({ name }) => name) };
    const observations = new Map<string, Observation>();
    for (const rule of this.#rules) {
      for (const observation of this.#ofRule(rule, page)) {
        const series = seriesName(observation.metric, observation.labels);
        if (!observations.has(series)) observations.set(series, observation);
      }
    }
    this.#before = page;
    return [...observations.values()];
  }

  #ofRule({ query, rename, noneBelow1, from, ...mapping }: Rule, page: Page): Observation[] {
    const written = seriesName(mapping.metric, mapping.labels);
    if (from !== undefined && !isOnPage(query, page)) {
      this.#remarks.once(`${written} missing`, page.at, `${written} has no value: no series matches ${from}`);
    }
    const found = answer(query, page, this.#before)
      .filter(({ value }) => !(noneBelow1 && value < 1))
      .map(({ labels, value }) => ({ labels: renamed(labels, rename), value }));
    return observationsOf(found, { ...mapping, source: this.#source, at: page.at }, this.#remarks);
  }
}

/** The observations of what a query found; `like` says all but their values, and labels that come before theirs. */
export function observationsOf(
  found: LabelledValue[],
  like: Omit<Observation, "value">,
  remarks: Remarks,
): Observation[] {
  // NaN and infinity are what exporters say for "no value".
  const values = found.filter(({ value }) => Number.isFinite(value));
  if (values.length > MAX_SERIES) {
    const written = seriesName(like.metric, like.labels);
    const message = `${values.length} series give ${written}: the first ${MAX_SERIES} are kept; narrow the selector or sum`;
    remarks.once(`${written} many`, like.at, message);
  }
  return values.slice(0, MAX_SERIES).map(({ labels, value }) => ({
    ...like,
    labels: { ...renamed(labels, {}), ...like.labels },
    value,
  }));
}

/** What is wrong with the selectors of mappings. */
export function prometheusProblems(metrics: readonly MetricMapping[]): MappingProblem[] {
  return metrics.flatMap(({ metric, from }) => {
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
