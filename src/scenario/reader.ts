import { type Environment, type Filled, fill } from "./environment.ts";
import { type Piece, splitText } from "./expression.ts";
import type { Condition } from "./flow.ts";
import { compilePath } from "./json-path.ts";
import { measure, rangeOf, shareOf, timeMs, timeRange } from "./measure.ts";
import type { Template } from "./plan-request.ts";
import { nameParams, type Problem, type ProblemCode, type ProblemParams } from "./problem.ts";
import type { Entry, Place, ScalarNode, Source, SourceNode } from "./source.ts";
import { type Given, type Variables, variableProblem } from "./variables.ts";

interface Text extends Filled {
  expressions: Extract<Piece, { kind: "expression" }>[];
}

/**
 * Reads values out of a scenario's nodes, fills in the environment, and keeps every problem. A method that cannot give
 * what it should has noted the problem, or found that another has, and returns undefined.
 */
export class Reader {
  readonly source: Source;
  /** The scenario's: files that it names are beside it. */
  readonly folder: string;
  readonly #environment: Environment;
  readonly #problems: Problem[] = [];
  /** Nodes that something was said about; nothing is said twice. */
  readonly #broken = new Set<SourceNode>();
  readonly #texts = new Map<ScalarNode, Text>();
  #given: Given = new Map();

  constructor(source: Source, environment: Environment, folder: string) {
    this.source = source;
    this.folder = folder;
    this.#environment = environment;
  }

  /** In the order of the file; what several aliases lead to is said once. */
  get problems(): Problem[] {
    // A value without its module's text has no places.
    const place = ({ line, column, path }: Problem) => (this.source.text === "" ? path : `${line}:${column}`);
    const each = new Map(this.#problems.map((problem) => [`${place(problem)} ${problem.code}`, problem]));
    return [...each.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  /** A variable that is read wherever the scenario does not say otherwise; undefined where it is empty, too. */
  environment(name: string): string | undefined {
    return this.#environment[name] || undefined;
  }

  /** From here on each user has these, whatever its class captures. */
  give(given: Given): void {
    this.#given = given;
  }

  isGiven(name: string): boolean {
    return this.#given.has(name);
  }

  isFeed(name: string): boolean {
    return this.#given.get(name)?.kind === "feed";
  }

  report(code: ProblemCode, place: Place, params: ProblemParams = {}): undefined {
    this.#problems.push(this.source.problem(code, place, params));
  }

  /** Reports a node as a whole: what reads it later keeps silent. */
  reject(code: ProblemCode, node: SourceNode, params: ProblemParams = {}, place: Place = node): undefined {
    if (!this.#broken.has(node)) this.report(code, place, params);
    this.#broken.add(node);
  }

  /** A name that nothing has, with the one that was probably meant. */
  unknown(
    code: ProblemCode,
    place: Place,
    key: string,
    known: Iterable<string>,
    params: ProblemParams = {},
  ): undefined {
    return this.report(code, place, { ...nameParams(key, known), ...params });
  }

  /** A scalar with its environment filled in. Problems of it are noted the first time. */
  text(node: ScalarNode): Text {
    const known = this.#texts.get(node);
    if (known !== undefined) return known;
    const { pieces, problems } = splitText(String(node.value));
    const filled = fill(pieces, this.#environment);
    for (const { code, offset, length, params } of problems) {
      this.report(code, this.source.within(node, offset, length), params);
    }
    for (const { name, offset, length } of filled.missing) {
      const hint = `set ${name}, or give a default: \${${name}:-…}`;
      this.report("missing-environment", this.source.within(node, offset, length), { key: name, hint });
    }
    if (problems.length > 0 || filled.missing.length > 0) this.#broken.add(node);
    const expressions = pieces.filter((piece) => piece.kind === "expression");
    const text = { ...filled, expressions };
    this.#texts.set(node, text);
    return text;
  }

  /** What a scalar holds, for the check of the file's structure; undefined if it cannot be judged now. */
  value(node: ScalarNode): null | boolean | number | string | undefined {
    if (typeof node.value !== "string") return node.value;
    const { value, expressions } = this.text(node);
    return expressions.length > 0 ? node.value : value;
  }

  fromEnvironment(node: SourceNode): boolean {
    return node.kind === "scalar" && typeof node.value === "string" && node.value.includes("${");
  }

  get(node: SourceNode | undefined, key: string): SourceNode | undefined {
    return this.entry(node, key)?.value;
  }

  entry(node: SourceNode | undefined, key: string): Entry | undefined {
    return node?.kind === "map" ? node.entries.find((entry) => entry.key === key) : undefined;
  }

  items(node: SourceNode | undefined): SourceNode[] {
    return node?.kind === "list" ? node.items : [];
  }

  /** The entries of a map whose keys are the author's own names. */
  named(node: SourceNode | undefined): Entry[] {
    if (node?.kind !== "map") return [];
    return node.entries.filter(({ key, keyPlace }) => {
      if (/\{\{|\$\{/u.test(key)) this.report("template-not-allowed", keyPlace, { hint: "names are fixed" });
      else if (key === "__proto__" || key.trim() === "") this.report("bad-key", keyPlace, { expected: "another name" });
      else return true;
      return false;
    });
  }

  /** Text that is fixed when the file is read: neither a secret nor {{ }} may be in it. */
  string(node: SourceNode | undefined): string | undefined {
    const value = this.#fixed(node);
    if (node?.kind !== "scalar" || value === undefined || value === null) return undefined;
    if (typeof node.value !== "string") return node.text;
    return String(this.text(node).parts[0] ?? "");
  }

  number(node: SourceNode | undefined): number | undefined {
    const value = this.#fixed(node);
    return typeof value === "number" ? value : undefined;
  }

  boolean(node: SourceNode | undefined): boolean | undefined {
    const value = this.#fixed(node);
    return typeof value === "boolean" ? value : undefined;
  }

  /** What a node holds, fixed when the file is read; undefined where a part of it cannot be read. */
  fixed(node: SourceNode): unknown {
    if (node.kind === "list") {
      const items = node.items.map((item) => this.fixed(item));
      return items.includes(undefined) ? undefined : items;
    }
    if (node.kind === "map") {
      const entries = this.named(node).map(({ key, value }) => [key, this.fixed(value)] as const);
      return entries.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(entries);
    }
    return this.#fixed(node);
  }

  /** A time in milliseconds, `least` or more. */
  duration(node: SourceNode | undefined, least = 1): number | undefined {
    const ms = this.#read(node, timeMs, "a time with its unit, such as 500ms or 2s");
    if (node === undefined || ms === undefined || ms >= least) return ms;
    return this.reject("wrong-value", node, { expected: `${least}ms or more`, got: this.string(node) ?? "" });
  }

  /** A time, or a range of times such as `1s..3s`. */
  timeRange(node: SourceNode | undefined): { minMs: number; maxMs: number } | undefined {
    const times = this.#read(node, timeRange, "a time or a range, such as 1s..3s");
    if (node === undefined || times === undefined || times.minMs <= times.maxMs) return times;
    return this.reject("wrong-value", node, {
      expected: "the shorter time first",
      got: JSON.stringify(this.string(node)),
    });
  }

  /** A rate a second. */
  rate(node: SourceNode | undefined): number | undefined {
    return this.#read(node, (text) => measure(text, "rate"), "a rate above 0 with its unit, such as 10/s");
  }

  /** A rate a second that is more than 0. */
  rateAbove0(node: SourceNode | undefined): number | undefined {
    const rate = this.rate(node);
    if (node === undefined || rate === undefined || rate > 0) return rate;
    return this.reject("wrong-value", node, { expected: "a rate above 0 with its unit, such as 10/s" });
  }

  /** `10..100`, or `50/s..500/s` a second: its two ends. */
  range(node: SourceNode | undefined, of: "count" | "rate"): [from: number, to: number] | undefined {
    const expected = of === "rate" ? "a range of rates, such as 50/s..500/s" : "a range, such as 10..100";
    return this.#read(node, (text) => rangeOf(text, of), expected);
  }

  /** A size in bytes. */
  bytes(node: SourceNode | undefined): number | undefined {
    return this.#read(node, (text) => measure(text, "bytes"), "a size with its unit, such as 100kB");
  }

  /** A share from 0 to 1, or such as `1%`. */
  share(node: SourceNode | undefined): number | undefined {
    return this.#read(node, shareOf, "a share from 0 to 1, or such as 1%");
  }

  #read<T>(node: SourceNode | undefined, read: (text: string) => T | undefined, expected: string): T | undefined {
    const text = this.string(node);
    if (node === undefined || text === undefined) return undefined;
    return read(text) ?? this.reject("wrong-value", node, { expected, got: JSON.stringify(text) });
  }

  /** A JSONPath. */
  jsonPath(node: SourceNode): string | undefined {
    const path = this.string(node);
    if (path === undefined || node.kind !== "scalar") return undefined;
    return this.#jsonPath(path, node, (offset) => this.source.within(node, offset, 1));
  }

  /** A JSONPath that is a map's key. */
  jsonPathKey({ key, keyPlace }: Entry): string | undefined {
    const quote = this.source.text.startsWith(key, keyPlace.offset) ? 0 : 1;
    return this.#jsonPath(key, keyPlace, (at) => ({ ...keyPlace, offset: keyPlace.offset + quote + at, length: 1 }));
  }

  #jsonPath(path: string, whole: Place, at: (offset: number) => Place): string | undefined {
    const compiled = compilePath(path);
    if (!("problem" in compiled)) return path;
    const place = compiled.offset === undefined ? whole : at(Math.min(compiled.offset, Math.max(0, path.length - 1)));
    const params = { expected: "a JSONPath, such as $.items[0].id", hint: compiled.problem };
    return this.report("json-path", place, /^[A-Za-z_]/u.test(path) ? { ...params, suggestion: `$.${path}` } : params);
  }

  /** The text with secrets in it: for looking at a URL's form, and never to be kept or shown. */
  resolved(node: ScalarNode): string {
    return typeof node.value === "string" ? this.text(node).resolved : node.text;
  }

  /** Text with places to fill in; without variables there is no user, and secrets are the only such places. */
  template(node: SourceNode | undefined, variables: Variables): Template | undefined {
    if (node?.kind !== "scalar" || node.value === null) return undefined;
    if (typeof node.value !== "string") return this.#broken.has(node) ? undefined : node.text;
    const { parts } = this.text(node);
    if (!this.#expressionsKnown(node, variables) || this.#broken.has(node)) return undefined;
    const [only = "", ...more] = parts;
    return more.length === 0 && typeof only === "string" ? only : parts;
  }

  /** One `{{ }}` and nothing else. */
  condition(node: SourceNode | undefined, variables: Variables): Condition | undefined {
    const template = this.template(node, variables);
    if (node === undefined || template === undefined) return undefined;
    const [only, ...more] = typeof template === "string" ? [] : template;
    if (typeof only === "object" && only.kind !== "secret" && only.kind !== "base64" && more.length === 0) return only;
    return this.reject("wrong-value", node, {
      expected: 'one expression, such as "{{ order.total > 100 }}"',
      ...(typeof template === "string" ? { got: JSON.stringify(template) } : {}),
    });
  }

  #fixed(node: SourceNode | undefined): null | boolean | number | string | undefined {
    if (node?.kind !== "scalar") return undefined;
    if (typeof node.value !== "string") return this.#broken.has(node) ? undefined : node.value;
    const { value, secrets, expressions } = this.text(node);
    if (this.#broken.has(node)) return undefined;
    const [secret] = secrets;
    const [expression] = expressions;
    if (secret !== undefined) {
      const place = this.source.within(node, secret.offset, secret.length);
      this.report("secret-not-allowed", place, { key: secret.name });
    }
    if (expression !== undefined) {
      this.report("template-not-allowed", this.source.within(node, expression.offset, expression.length));
    }
    if (secret !== undefined || expression !== undefined) this.#broken.add(node);
    return value;
  }

  #expressionsKnown(node: ScalarNode, variables: Variables): boolean {
    let known = true;
    for (const { part, offset, length } of this.text(node).expressions) {
      const problem = variableProblem(part, variables, this.#given);
      if (problem === undefined) continue;
      this.report(problem.code, this.source.within(node, offset, length), problem.params);
      known = false;
    }
    return known;
  }
}
