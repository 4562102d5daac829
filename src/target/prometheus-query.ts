import { seriesName } from "../metrics/observation.ts";
import { type Arithmetic, type ArithmeticProblem, calculate, operandsOf, parseArithmetic } from "./arithmetic.ts";
import { readSeries, type TextSample } from "./prometheus-text.ts";

/**
 * What a mapping of a Prometheus source asks of a page: a few words of PromQL, over the page of this look and the last
 * one. `name{label="value"}` matches every series that has these labels; `rate(…)` of it is its increase a second since
 * the last look; `sum`, `avg`, `min` and `max`, with `by (label)` if need be, make one of several; and there is arithmetic,
 * where two sides match by equal labels.
 */
export type PrometheusQuery = Arithmetic<SeriesQuery>;

type SeriesQuery =
  | SeriesSelector
  | { kind: "rate"; of: SeriesSelector }
  | { kind: "aggregate"; how: Aggregate; by: string[]; of: SeriesQuery };

interface SeriesSelector {
  kind: "series";
  name: string;
  labels: Record<string, string>;
}

type Aggregate = "sum" | "avg" | "min" | "max";

/** The samples of one page by name. */
export interface Page {
  /** The run's milliseconds. */
  at: number;
  samples: Map<string, TextSample[]>;
}

/** One value of an answer; the labels that a selector fixes are not among them. */
export interface LabelledValue {
  labels: Record<string, string>;
  value: number;
}

export function parseQuery(text: string): PrometheusQuery | ArithmeticProblem {
  return parseArithmetic(text, readQuery);
}

/** The names that a query reads. */
export function namesOf(query: PrometheusQuery): string[] {
  return operandsOf(query).map((operand) => selectorOf(operand).name);
}

/** Whether the page has a series for each selector: where not, an empty answer means that something is missing. */
export function isOnPage(query: PrometheusQuery, page: Page): boolean {
  return operandsOf(query).every((operand) => matches(selectorOf(operand), page).length > 0);
}

/** A rate has no answer at the first look, nor where its counter went back. Values may be NaN or infinite. */
export function answer(query: PrometheusQuery, page: Page, before: Page | undefined): LabelledValue[] {
  const result = calculate<SeriesQuery, number | LabelledValue[]>(query, {
    number: (value) => value,
    operand: (operand) => evaluate(operand, page, before),
    combine,
  });
  return typeof result === "number" ? [{ labels: {}, value: result }] : result;
}

function evaluate(query: SeriesQuery, page: Page, before: Page | undefined): LabelledValue[] {
  switch (query.kind) {
    case "series":
      return matches(query, page);
    case "rate":
      return before === undefined ? [] : rates(query.of, page, before);
    case "aggregate":
      return aggregate(query.how, query.by, evaluate(query.of, page, before));
  }
}

function matches({ name, labels }: SeriesSelector, page: Page): LabelledValue[] {
  const fixed = Object.entries(labels);
  return (page.samples.get(name) ?? [])
    .filter((sample) => fixed.every(([label, value]) => labelOf(sample.labels, label) === value))
    .map((sample) => ({
      labels: Object.fromEntries(Object.entries(sample.labels).filter(([label]) => !Object.hasOwn(labels, label))),
      value: sample.value,
    }));
}

/** An absent label and an empty one are the same, as in PromQL. */
function labelOf(labels: Record<string, string>, label: string): string {
  return (Object.hasOwn(labels, label) ? labels[label] : undefined) ?? "";
}

function rates(selector: SeriesSelector, page: Page, before: Page): LabelledValue[] {
  const earlier = byLabels(matches(selector, before));
  const seconds = (page.at - before.at) / 1000;
  return matches(selector, page).flatMap(({ labels, value }) => {
    const increase = value - (earlier.get(seriesName("", labels)) ?? Number.NaN);
    return increase >= 0 && seconds > 0 ? [{ labels, value: increase / seconds }] : [];
  });
}

function aggregate(how: Aggregate, by: string[], values: LabelledValue[]): LabelledValue[] {
  const groups = new Map<string, { labels: Record<string, string>; values: number[] }>();
  for (const { labels: all, value } of values) {
    const labels = Object.fromEntries(by.map((label) => [label, labelOf(all, label)]).filter(([, one]) => one !== ""));
    const key = seriesName("", labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, values: [value] });
    else group.values.push(value);
  }
  return [...groups.values()].map((group) => ({ labels: group.labels, value: aggregates[how](group.values) }));
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

const aggregates: Record<Aggregate, (values: number[]) => number> = {
  sum,
  avg: (values) => sum(values) / values.length,
  min: (values) => values.reduce((least, value) => Math.min(least, value)),
  max: (values) => values.reduce((most, value) => Math.max(most, value)),
};

function combine(
  left: number | LabelledValue[],
  right: number | LabelledValue[],
  operation: (a: number, b: number) => number,
): number | LabelledValue[] {
  if (typeof left === "number") {
    if (typeof right === "number") return operation(left, right);
    return right.map(({ labels, value }) => ({ labels, value: operation(left, value) }));
  }
  if (typeof right === "number") return left.map(({ labels, value }) => ({ labels, value: operation(value, right) }));
  const others = byLabels(right);
  return left.flatMap(({ labels, value }) => {
    const other = others.get(seriesName("", labels));
    return other === undefined ? [] : [{ labels, value: operation(value, other) }];
  });
}

function byLabels(values: LabelledValue[]): Map<string, number> {
  return new Map(values.map(({ labels, value }) => [seriesName("", labels), value]));
}

function selectorOf(query: SeriesQuery): SeriesSelector {
  return query.kind === "series" ? query : selectorOf(query.of);
}

type Read = { operand: SeriesQuery; end: number } | ArithmeticProblem;

function readQuery(text: string, offset: number): Read {
  const call = /(rate|sum|avg|min|max)(?:\s+by\s*\(([\w\s,]*)\))?\s*\(\s*/y;
  call.lastIndex = offset;
  const found = call.exec(text);
  if (found === null) return readSelector(text, offset);
  const [head, name, by] = found;
  const inner = name === "rate" ? readSelector(text, offset + head.length) : readQuery(text, offset + head.length);
  if ("problem" in inner) return inner;
  const close = /\s*\)/y;
  close.lastIndex = inner.end;
  if (!close.test(text)) return { problem: `expected ")" to close ${name}(`, offset: inner.end };
  const end = close.lastIndex;
  if (name === "rate") {
    if (by !== undefined) return { problem: 'rate has no "by": write sum by (…) (rate(…))', offset };
    return inner.operand.kind === "series"
      ? { operand: { kind: "rate", of: inner.operand }, end }
      : { problem: "expected a series in rate(…)", offset };
  }
  const labels = by?.split(",").flatMap((label) => label.trim() || []) ?? [];
  return { operand: { kind: "aggregate", how: name as Aggregate, by: labels, of: inner.operand }, end };
}

function readSelector(text: string, offset: number): Read {
  const series = readSeries(text, offset);
  if ("problem" in series) return series;
  return { operand: { kind: "series", name: series.name, labels: series.labels }, end: series.end };
}
