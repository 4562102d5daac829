import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { nearest } from "../verdict/spelling.ts";
import type { Problem, ProblemCode, ProblemParams } from "./problem.ts";

/** Where something stands: UTF-16 units of the text, and the path in the structure. */
export interface Place {
  offset: number;
  length: number;
  path: string;
}

/** YAML with positions: aliases and merge keys are resolved, nothing else is interpreted. */
export type SourceNode = ScalarNode | ListNode | MapNode | CodeNode;

export interface ScalarNode extends Place {
  kind: "scalar";
  value: null | boolean | number | string;
  /** As written, without quotes and escapes: `1.0` of the number 1. */
  text: string;
  quoted: boolean;
}

export interface ListNode extends Place {
  kind: "list";
  items: SourceNode[];
}

export interface MapNode extends Place {
  kind: "map";
  entries: Entry[];
}

/** A function, where a scenario is a module. */
export interface CodeNode extends Place {
  kind: "code";
  /** URL of the module whose default export has it. */
  module: string;
  /** Where in that: a JSON Pointer. */
  key: string;
}

export interface Entry {
  key: string;
  keyPlace: Place;
  value: SourceNode;
}

/** What a file may have: generous for people, and small enough that any file is read within a second. */
const limits = { characters: 1 << 20, tokens: 100_000, depth: 64, nodes: 100_000 };

/** A scenario's text and its places. */
export class Source {
  readonly text: string;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.text = text.replace(/^\uFEFF/u, "");
    this.#lines.addNewLine(0);
    for (let at = this.text.indexOf("\n"); at !== -1; at = this.text.indexOf("\n", at + 1)) {
      this.#lines.addNewLine(at + 1);
    }
  }

  problem(code: ProblemCode, place: Place, params: ProblemParams = {}): Problem {
    const { line, col } = this.#lines.linePos(Math.min(place.offset, this.text.length));
    return { code, line, column: col, path: place.path, params: { length: place.length, ...params } };
  }

  /** The place of a part of a scalar's value. Where escapes or folding moved it, the nearest that can be told. */
  within(node: ScalarNode, offset: number, length: number): Place {
    const raw = this.text.slice(node.offset, node.offset + node.length);
    const start = node.quoted ? 1 : 0;
    if (raw.slice(start, raw.length - start) === node.value) {
      return { offset: node.offset + start + offset, length, path: node.path };
    }
    const excerpt = String(node.value)
      .slice(offset, offset + Math.max(length, 1))
      .split("\n", 1)[0];
    const found = excerpt === undefined || excerpt === "" ? -1 : raw.indexOf(excerpt);
    return found === -1 ? node : { offset: node.offset + found, length, path: node.path };
  }
}

/**
 * Reads YAML into nodes. Aliases and merge keys are resolved here, with a bound on what they may grow to: the `yaml`
 * package's own conversion throws on a bomb, without a position (`promises.md`, 15).
 */
export function readSource(source: Source): { root: SourceNode } | { problems: Problem[] } {
  const start: Place = { offset: 0, length: 1, path: "" };
  if (source.text.length > limits.characters) {
    const expected = `at most ${limits.characters / 1024} KiB`;
    return { problems: [source.problem("too-large", start, { expected })] };
  }
  let tokens = 0;
  for (const _ of new Lexer().lex(source.text)) {
    if (++tokens > limits.tokens) {
      const expected = `at most ${limits.tokens} words and marks`;
      return { problems: [source.problem("too-large", start, { expected })] };
    }
  }
  const trees = [...new Parser().parse(source.text)];
  for (const [{ offset }, depth] of walk(trees)) {
    if (depth <= limits.depth) continue;
    const expected = `at most ${limits.depth} levels`;
    return { problems: [source.problem("too-deep", { offset, length: 1, path: "" }, { expected })] };
  }
  // Its own search for duplicate keys is quadratic.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
  const documents = [...composer.compose(trees, true, source.text.length)];
  const [document, second] = documents;
  const errors = documents.flatMap(({ errors }) => errors);
  if (errors.length > 0) return { problems: syntaxProblems(source, trees, errors) };
  if (second !== undefined) {
    const at = trees.findLast((tree) => tree.type === "document")?.offset ?? 0;
    return { problems: [source.problem("several-documents", { offset: at, length: 3, path: "" })] };
  }
  return new Conversion(source, document).result();
}

/** All tokens with their depth, the last first, without recursion. */
function* walk(trees: CST.Token[]): Generator<[token: CST.Token, depth: number]> {
  const open: [CST.Token, number][] = trees.map((tree) => [tree, 0]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    const [token, depth] = next;
    if (token.type === "document" && token.value) open.push([token.value, depth]);
    if (!CST.isCollection(token)) continue;
    for (const { key, value } of token.items) {
      if (key) open.push([key, depth + 1]);
      if (value) open.push([value, depth + 1]);
    }
  }
}

/** The first error, and of the others those that are not its consequences. */
function syntaxProblems(source: Source, trees: CST.Token[], errors: Document["errors"]): Problem[] {
  const problems = new Map<number, Problem>();
  for (const [i, { pos, code, message }] of errors.entries()) {
    if (i > 0 && message.startsWith("Unexpected")) continue;
    // The parser notices an open quote at its end, which may be the file's.
    const offset = (/^Missing closing .*quote$/u.test(message) ? openQuote(trees, pos[0]) : undefined) ?? pos[0];
    const place = { offset, length: offset === pos[0] ? Math.max(1, pos[1] - offset) : 1, path: "" };
    const hint = /at node end$/u.test(message) ? hints["END"] : hints[code];
    const problem = trapOnLine(source, offset) ?? source.problem("yaml-syntax", place, { hint: hint ?? message });
    if (!problems.has(problem.line)) problems.set(problem.line, problem);
  }
  return [...problems.values()];
}

function openQuote(trees: CST.Token[], end: number): number | undefined {
  for (const [token] of walk(trees)) {
    if (CST.isScalar(token) && token.type.includes("quoted") && token.offset + token.source.length === end)
      return token.offset;
  }
  return undefined;
}

/** What helps more than the parser's own words. */
const hints: Record<string, string> = {
  TAB_AS_INDENT: "indent with spaces, not with tabs",
  BAD_SCALAR_START: "quote a text that begins with this character",
  BLOCK_AS_IMPLICIT_KEY:
    "a map in a value begins on a line of its own; quote a text that has a colon and a space in it",
  BAD_INDENT: "the keys of one map begin at the same column",
  END: "the value ended before this: quote a text with { } [ ] , : or # in it",
};

/** YAML's traps that break its syntax: `> 5` as a value, and `{{ }}` or `${ }` with text around it. */
function trapOnLine(source: Source, offset: number): Problem | undefined {
  const start = source.text.lastIndexOf("\n", offset - 1) + 1;
  const line = source.text.slice(start).split("\n", 1)[0] ?? "";
  const limit = /(?<=(?:^|[:\s,[{-])\s)>=?\s*[\d.]\S*/u.exec(line);
  if (limit !== null) {
    const place = { offset: start + limit.index, length: limit[0].length, path: "" };
    return source.problem("quote-it", place, { expected: `"${limit[0]}"`, got: "the start of a block of text" });
  }
  const unquoted = line.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/gu, (quoted) => " ".repeat(quoted.length));
  const braces = /\{\{|\$\{/u.exec(unquoted);
  if (braces === null) return undefined;
  return source.problem("unquoted-template", { offset: start + braces.index, length: 2, path: "" });
}

class Conversion {
  readonly #source: Source;
  readonly #document: Document | undefined;
  readonly #problems: Problem[] = [];
  readonly #anchors = new Map<string, ParsedNode>();
  #left = limits.nodes;
  /** The alias that is being filled in; what is wrong with the whole is wrong there. */
  #filling: Place | undefined;

  constructor(source: Source, document: Document | undefined) {
    this.#source = source;
    this.#document = document;
  }

  result(): { root: SourceNode } | { problems: Problem[] } {
    const root = this.#node(
      (this.#document?.contents ?? null) as ParsedNode | null,
      { offset: 0, length: 1, path: "" },
      0,
    );
    return this.#problems.length > 0 ? { problems: this.#problems } : { root };
  }

  /** `around` stands for a node that is not there, as the value of `key:` alone. */
  #node(node: ParsedNode | null, around: Place, depth: number): SourceNode {
    const path = around.path;
    const place = node === null ? around : { offset: node.range[0], length: node.range[1] - node.range[0], path };
    const nothing: ScalarNode = { ...place, kind: "scalar", value: null, text: "", quoted: false };
    if (!this.#affordable(node, place, depth)) return nothing;
    if (node === null) return nothing;
    if (isAlias(node)) return this.#alias(node.source, place, depth);
    if (node.anchor !== undefined && this.#filling === undefined) this.#anchors.set(node.anchor, node);
    if (node.tag !== undefined && !/^!$|^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/u.test(node.tag)) {
      this.#tag(node.tag, place);
    }
    if (isMap(node)) return this.#map(node as YAMLMap.Parsed, place, depth);
    if (isSeq(node)) {
      const items = node.items.map((item, i) =>
        this.#node(item as ParsedNode, { ...place, path: `${path}[${i}]` }, depth + 1),
      );
      return { ...place, kind: "list", items };
    }
    return this.#scalar(node as Scalar.Parsed, place);
  }

  /** What comes after too much is not looked at. */
  #report(code: ProblemCode, place: Place, params?: ProblemParams): void {
    if (this.#left >= 0 || code.startsWith("too-")) this.#problems.push(this.#source.problem(code, place, params));
  }

  /** Counts what was made, aliases included; a long text counts as many. Says so once when there is too much. */
  #affordable(node: ParsedNode | null, place: Place, depth: number): boolean {
    if (this.#left < 0) return false;
    this.#left -= 1 + (isScalar(node) && typeof node.value === "string" ? node.value.length / 40 : 0);
    if (this.#left >= 0 && depth <= limits.depth) return true;
    const [code, expected] =
      this.#left < 0
        ? (["too-large", `at most ${limits.nodes} values, aliases filled in`] as const)
        : (["too-deep", `at most ${limits.depth} levels, aliases filled in`] as const);
    this.#report(code, this.#filling ?? place, { expected });
    this.#left = -1;
    return false;
  }

  #alias(name: string, place: Place, depth: number): SourceNode {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      const suggestion = nearest(name, this.#anchors.keys());
      const meant = suggestion === undefined ? {} : { suggestion: `*${suggestion}` };
      this.#report("unknown-alias", place, { key: name, hint: `to mean the text, quote it`, ...meant });
      return { ...place, kind: "scalar", value: null, text: "", quoted: false };
    }
    const outer = this.#filling;
    this.#filling ??= place;
    const node = this.#node(target, place, depth + 1);
    this.#filling = outer;
    return node;
  }

  #tag(tag: string, place: Place): void {
    // The tag stands before the node, an anchor perhaps between them.
    const [written = tag] =
      /!\S*(?=(\s+&\S+)?\s*$)/u.exec(this.#source.text.slice(Math.max(0, place.offset - 200), place.offset)) ?? [];
    const offset = Math.max(0, this.#source.text.lastIndexOf(written, place.offset));
    const at = { ...place, offset, length: written.length };
    if (tag.startsWith("!=")) this.#report("quote-it", at, { expected: `"${written}"`, got: "a YAML tag" });
    else this.#report("unsupported-tag", at, { got: written });
  }

  #map(node: YAMLMap.Parsed, place: Place, depth: number): SourceNode {
    const [only] = node.items;
    if (node.flow && node.items.length === 1 && isMap(only?.key) && only.key.flow) {
      const got = this.#source.text.slice(place.offset, place.offset + place.length);
      this.#report("unquoted-template", place, { expected: `"${got}"` });
      return { ...place, kind: "map", entries: [] };
    }
    const entries = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const { key, value } of node.items) {
      const entry = this.#entry(key, value, place, depth);
      if (entry === undefined) continue;
      if (entry.key === "<<" && isScalar(key) && key.type === "PLAIN") merged.push(...this.#merge(entry));
      else if (entries.has(entry.key)) {
        const { line } = this.#source.problem("duplicate-key", entries.get(entry.key)?.keyPlace ?? place);
        this.#report("duplicate-key", entry.keyPlace, { key: entry.key, hint: `it is in line ${line}` });
      } else entries.set(entry.key, entry);
    }
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry);
    return { ...place, kind: "map", entries: [...entries.values()] };
  }

  #entry(key: ParsedNode, value: ParsedNode | null, map: Place, depth: number): Entry | undefined {
    const keyPlace = { offset: key.range[0], length: Math.max(1, key.range[1] - key.range[0]), path: map.path };
    if (!isScalar(key) || key.range[0] === key.range[1]) {
      const expected = "a name before the colon";
      this.#report("bad-key", keyPlace, { expected });
      return undefined;
    }
    const name = typeof key.value === "string" ? key.value : (key.source ?? "");
    const path = pathOf(map.path, name);
    return { key: name, keyPlace: { ...keyPlace, path }, value: this.#node(value, { ...keyPlace, path }, depth + 1) };
  }

  #merge({ value, keyPlace }: Entry): Entry[] {
    const maps = value.kind === "list" ? value.items : [value];
    if (maps.every((one) => one.kind === "map")) return maps.flatMap(({ entries }) => entries);
    // An alias that refers to nothing was said.
    if (maps.some(({ offset }) => this.#source.text[offset] === "*" && this.#problems.length > 0)) return [];
    this.#report("bad-merge", keyPlace);
    return [];
  }

  #scalar(node: Scalar.Parsed, place: Place): ScalarNode {
    const { value, type } = node;
    const raw = this.#source.text.slice(place.offset, place.offset + place.length);
    const trap = type === "BLOCK_FOLDED" && String(value).trim() === "" && /^>[-+]?\d\S*/u.exec(raw)?.[0];
    if (trap) {
      const at = { ...place, length: trap.length };
      this.#report("quote-it", at, { expected: `"${trap}"`, got: "the start of a block of text" });
    }
    const quoted = type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
    const known = value === null || typeof value === "boolean" || typeof value === "number";
    const text = node.source ?? "";
    return { ...place, kind: "scalar", value: known ? value : String(value), text, quoted };
  }
}

/** `users.Buyer.tasks["Pay now"]`: how a path goes on below a key. */
export function pathOf(parent: string, key: string): string {
  if (!/^[\w$-]+$/u.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}
