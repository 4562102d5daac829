/** One line of `/metrics`. */
export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar?: { labels: Record<string, string>; value: number; timestamp: number };
}

export interface ParsedFamily {
  name: string;
  type: string;
  help: string;
  samples: ParsedSample[];
}

const types = {
  text: ["counter", "gauge", "histogram", "summary", "untyped"],
  openmetrics: ["counter", "gauge", "histogram", "summary", "unknown"],
};

/**
 * Reads a whole exposition and throws at the first thing that either standard forbids: families that are split, named
 * twice or without a head, series given twice, labels or values that are malformed, buckets that fall or are not in float
 * form, samples whose name does not fit their family, exemplars where none may be.
 */
export function parseExposition(body: string, format: "text" | "openmetrics"): ParsedFamily[] {
  const end = format === "openmetrics" ? "\n# EOF\n" : "\n";
  if (!body.endsWith(end)) throw new Error(`does not end with ${JSON.stringify(end)}`);
  const families = new Map<string, ParsedFamily>();
  const series = new Set<string>();
  let current: ParsedFamily | undefined;
  for (const line of body.slice(0, -end.length).split("\n")) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const head = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    if (head !== null) {
      const [, what, name = "", text = ""] = head;
      if (current?.name !== name) {
        if (families.has(name)) fail("a family in two places");
        current = { name, type: "", help: "", samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0) fail("a head after its samples");
      if (what === "HELP") current.help = text;
      else if (!types[format].includes(text)) fail("an unknown type");
      else current.type = text;
      continue;
    }
    const sample = parseSample(line, fail);
    if (current === undefined) return fail("a sample without a head");
    if (!fits(sample.name, current, format)) fail(`a sample in the family ${current.name}`);
    if (sample.exemplar !== undefined && (format === "text" || !sample.name.endsWith("_bucket")))
      fail("an exemplar here");
    const { name, labels } = sample;
    const key = JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
    if (series.has(key)) fail("a series given twice");
    series.add(key);
    current.samples.push(sample);
  }
  for (const family of families.values()) checkFamily(family);
  return [...families.values()];
}

function fits(name: string, family: ParsedFamily, format: "text" | "openmetrics"): boolean {
  if (family.type === "histogram") return ["_bucket", "_sum", "_count"].some((suffix) => name === family.name + suffix);
  if (family.type === "counter" && format === "openmetrics") return name === `${family.name}_total`;
  return name === family.name;
}

function parseSample(line: string, fail: (why: string) => never): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0] ?? fail("no metric name");
  let rest = line.slice(name.length);
  let labels: Record<string, string> = {};
  if (rest.startsWith("{")) [labels, rest] = parseLabels(rest, fail);
  const [, value = "", tail = ""] = /^ (\S+)(.*)$/s.exec(rest) ?? fail("no value");
  const sample: ParsedSample = { name, labels, value: parseNumber(value, fail) };
  if (tail === "") return sample;
  if (!tail.startsWith(" # {")) return fail("something after the value");
  const [own, after] = parseLabels(tail.slice(3), fail);
  const [, at = "", timestamp = ""] = /^ (\S+) (\S+)$/.exec(after) ?? fail("a malformed exemplar");
  const size = Object.entries(own).reduce((sum, [label, text]) => sum + [...label].length + [...text].length, 0);
  if (size > 128) fail("an exemplar of more than 128 characters");
  sample.exemplar = { labels: own, value: parseNumber(at, fail), timestamp: parseNumber(timestamp, fail) };
  return sample;
}

function parseLabels(text: string, fail: (why: string) => never): [Record<string, string>, string] {
  const labels = new Map<string, string>();
  let rest = text.slice(1);
  while (!rest.startsWith("}")) {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,(?!})|(?=}))/s.exec(rest);
    const [whole = "", name = "", value = ""] = label ?? fail("malformed labels");
    if (labels.has(name)) fail(`the label ${name} twice`);
    labels.set(
      name,
      value.replace(/\\(.)/gs, (_, c: string) => (c === "n" ? "\n" : c)),
    );
    rest = rest.slice(whole.length);
  }
  return [Object.fromEntries(labels), rest.slice(1)];
}

function parseNumber(text: string, fail: (why: string) => never): number {
  if (text === "NaN") return Number.NaN;
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : fail("a malformed number");
}

function checkFamily({ name, type, samples }: ParsedFamily): void {
  if (type === "") throw new Error(`${name} has no type`);
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} counts below 0`);
  if (type !== "histogram") return;
  const buckets = Map.groupBy(
    samples.filter((sample) => sample.name === `${name}_bucket`),
    ({ labels: { le: _, ...labels } }) => JSON.stringify(labels),
  );
  for (const [labels, group] of buckets) {
    let [lower, below] = [Number.NEGATIVE_INFINITY, 0];
    for (const { labels: own, value, exemplar } of group) {
      const le = own["le"] ?? "";
      if (!/^(\d+\.\d+|\d(\.\d+)?e-\d\d|\+Inf)$/.test(le)) throw new Error(`${name} has le="${le}", not in float form`);
      const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
      if (!(bound > lower) || value < below) throw new Error(`${name}${labels} falls at le="${le}"`);
      if (exemplar !== undefined && !(exemplar.value <= bound && exemplar.value > lower)) {
        throw new Error(`${name}${labels} has an exemplar of ${exemplar.value} in the bucket le="${le}"`);
      }
      [lower, below] = [bound, value];
    }
    const count = samples.find((sample) => sample.name === `${name}_count` && JSON.stringify(sample.labels) === labels);
    if (lower !== Number.POSITIVE_INFINITY || count?.value !== below) throw new Error(`${name}${labels}: no count`);
  }
}

/** All samples of a metric name whose labels include these. */
export function samplesOf(families: ParsedFamily[], name: string, labels: Record<string, string> = {}): ParsedSample[] {
  return families
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
}
