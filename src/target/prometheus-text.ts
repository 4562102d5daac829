import { StringDecoder } from "node:string_decoder";

/**
 * Prometheus's text format 0.0.4 and OpenMetrics 1.0, as exporters really serve them: spaces where they should not be,
 * Windows line ends, names in quotes (Prometheus 3), exemplars. Timestamps are read over: a source's own clock is never
 * trusted. Sources: prometheus.io "Exposition formats"; OpenMetrics 1.0, "ABNF".
 */
export interface TextSample {
  name: string;
  labels: Record<string, string>;
  /** May be NaN or infinite. */
  value: number;
}

export interface TextProblem {
  /** From 1. */
  line: number;
  problem: string;
}

/** What is read at most: a page beyond these is a mistake, and must not cost the generator its memory. */
export const textLimits = { bytes: 20_000_000, lines: 200_000, lineLength: 100_000 };

/** Takes a page piece by piece and keeps the samples of the names that are wanted; the others cost only their line. */
export class PrometheusText {
  readonly #wanted: (name: string) => boolean;
  readonly #openMetrics: boolean;
  readonly #decoder = new StringDecoder("utf8");
  readonly #samples: TextSample[] = [];
  #carry = "";
  #bytes = 0;
  #line = 0;
  #ended = false;
  #problem: TextProblem | undefined;

  /** An OpenMetrics page must end with `# EOF`: without it, it was cut off. */
  constructor(wanted: (name: string) => boolean, format: "text" | "openmetrics" = "text") {
    this.#wanted = wanted;
    this.#openMetrics = format === "openmetrics";
  }

  /** False when reading on is of no use: the page has a problem. */
  write(piece: Buffer): boolean {
    this.#bytes += piece.length;
    if (this.#bytes > textLimits.bytes) {
      this.#problem ??= {
        line: this.#line + 1,
        problem: `expected at most ${textLimits.bytes / 1e6} MB, got more: let the target serve fewer series`,
      };
    }
    if (this.#problem !== undefined) return false;
    const text = this.#decoder.write(piece);
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#take(this.#carry + text.slice(start, end));
      this.#carry = "";
      start = end + 1;
      if (this.#problem !== undefined) return false;
    }
    this.#carry += text.slice(start);
    if (this.#carry.length > textLimits.lineLength) this.#take(this.#carry);
    return this.#problem === undefined;
  }

  /** What the page held; call it once, after the last piece. */
  end(): TextSample[] | TextProblem {
    const rest = this.#carry + this.#decoder.end();
    if (this.#problem === undefined && rest !== "") this.#take(rest);
    if (this.#problem === undefined && this.#openMetrics && !this.#ended) {
      this.#problem = { line: this.#line, problem: 'expected "# EOF" as the last line, got the end: it was cut off' };
    }
    return this.#problem ?? this.#samples;
  }

  #take(raw: string): void {
    this.#line++;
    if (this.#line > textLimits.lines) {
      this.#fail(`expected at most ${textLimits.lines} lines, got more: let the target serve fewer series`);
      return;
    }
    if (raw.length > textLimits.lineLength) {
      this.#fail(`expected lines of at most ${textLimits.lineLength} characters, got a longer one`);
      return;
    }
    const line = raw.trim();
    if (line === "") return;
    if (this.#ended) this.#fail('expected nothing after "# EOF"');
    else if (line.startsWith("#")) this.#ended = this.#openMetrics && line === "# EOF";
    else this.#sample(line);
  }

  #sample(line: string): void {
    const bare = readName(line, 0);
    if (bare !== undefined && !this.#wanted(bare.name)) {
      if (!/[\s{]/.test(line.charAt(bare.end))) this.#fail(expectedSeries(line));
      return;
    }
    const series = readSeries(line, 0);
    if ("problem" in series) {
      this.#fail(series.problem);
      return;
    }
    if (!this.#wanted(series.name)) return;
    const rest = line.slice(series.end).trim();
    const exemplar = rest.indexOf("#");
    const numbers = exemplar < 0 ? rest : rest.slice(0, exemplar).trimEnd();
    const [value, timestamp, ...more] = numbers.split(/\s+/);
    const number = readNumber(value ?? "");
    if (number === undefined) this.#fail(`expected a number after ${series.name}, got ${quoted(rest)}`);
    else if (timestamp !== undefined && readNumber(timestamp) === undefined) {
      this.#fail(`expected a timestamp after the value of ${series.name}, got ${quoted(timestamp)}`);
    } else if (more.length > 0) this.#fail(`expected the end of the line, got ${quoted(more.join(" "))}`);
    else this.#samples.push({ name: series.name, labels: series.labels, value: number });
  }

  #fail(problem: string): void {
    this.#problem ??= { line: this.#line, problem };
  }
}

/** A series as written on such a page and in a mapping's selector. */
export interface WrittenSeries {
  name: string;
  labels: Record<string, string>;
  /** Where the text goes on. */
  end: number;
}

/** Reads `name`, `name{a="1",}` or `{"name", a="1"}`. */
export function readSeries(text: string, offset: number): WrittenSeries | { problem: string; offset: number } {
  const bare = readName(text, offset);
  let name = bare?.name;
  let end = skipSpace(text, bare?.end ?? offset);
  if (text.charAt(end) !== "{") {
    if (bare === undefined) return { problem: expectedSeries(text.slice(offset)), offset };
    return { name: bare.name, labels: {}, end: bare.end };
  }
  const labels = new Map<string, string>();
  end = skipSpace(text, end + 1);
  while (text.charAt(end) !== "}") {
    const key = readQuoted(text, end) ?? readLabelName(text, end);
    if (key === undefined) {
      return { problem: `expected a label's name or "}", got ${quoted(text.slice(end))}`, offset: end };
    }
    const equals = skipSpace(text, key.end);
    if (name === undefined && text.charAt(end) === '"' && text.charAt(equals) !== "=") {
      name = key.name;
      end = equals;
    } else {
      const value = text.charAt(equals) === "=" ? readQuoted(text, skipSpace(text, equals + 1)) : undefined;
      if (value === undefined) {
        return {
          problem: `expected ="value" after the label ${key.name}, got ${quoted(text.slice(key.end))}`,
          offset: key.end,
        };
      }
      if (labels.has(key.name)) return { problem: `the label ${key.name} is there twice`, offset: end };
      labels.set(key.name, value.name);
      end = skipSpace(text, value.end);
    }
    if (text.charAt(end) === ",") end = skipSpace(text, end + 1);
    else if (text.charAt(end) !== "}") {
      return { problem: `expected "," or "}", got ${quoted(text.slice(end))}`, offset: end };
    }
  }
  if (name === undefined) return { problem: `expected a metric's name, got ${quoted(text.slice(offset))}`, offset };
  return { name, labels: Object.fromEntries(labels), end: end + 1 };
}

interface Word {
  name: string;
  end: number;
}

function readName(text: string, offset: number): Word | undefined {
  return readWord(/[a-zA-Z_:][a-zA-Z0-9_:]*/y, text, offset);
}

function readLabelName(text: string, offset: number): Word | undefined {
  return readWord(/[a-zA-Z_][a-zA-Z0-9_]*/y, text, offset);
}

function readWord(pattern: RegExp, text: string, offset: number): Word | undefined {
  pattern.lastIndex = offset;
  const name = pattern.exec(text)?.[0];
  return name === undefined ? undefined : { name, end: offset + name.length };
}

/** Escapes are `\\`, `\"` and `\n`; another backslash stands for itself, as Prometheus reads it. */
function readQuoted(text: string, offset: number): Word | undefined {
  const body = readWord(/"[^"\\]*(?:\\.[^"\\]*)*"/y, text, offset);
  if (body === undefined) return undefined;
  const name = body.name.slice(1, -1).replace(/\\([\\"n])/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
  return { name, end: body.end };
}

function skipSpace(text: string, offset: number): number {
  let end = offset;
  while (text.charAt(end) === " " || text.charAt(end) === "\t") end++;
  return end;
}

/** As Go's ParseFloat reads what exporters write; undefined if it is no number. */
function readNumber(text: string): number | undefined {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (word === null) return undefined;
  if (word[2]?.toLowerCase() === "nan") return Number.NaN;
  return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function expectedSeries(text: string): string {
  return `expected a series such as name{label="value"} 1, got ${quoted(text)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
