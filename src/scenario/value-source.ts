import type { Problem } from "./problem.ts";
import { type Entry, type Place, pathOf, type Source, type SourceNode } from "./source.ts";

/** As deep as a file may be nested. */
const DEEPEST = 64;

/**
 * A scenario that is a value as nodes, so that it is read by what reads a file. Places are looked for in the text of its
 * module: each key after the one before it, as it is where all is written out there. A function is code, named by where it
 * stands (JSON Pointer, RFC 6901).
 *
 * @param module - URL of the module whose default export the value is.
 */
export function nodesOf(
  value: unknown,
  source: Source,
  module: string,
): { root: SourceNode } | { problems: Problem[] } {
  const conversion = new ValueConversion(source, module);
  const root = conversion.node(value, { offset: 0, length: 1, path: "" }, "", 0);
  return conversion.problems.length > 0 ? { problems: conversion.problems } : { root };
}

class ValueConversion {
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #module: string;
  /** Where the last key was found. */
  #at: number;

  constructor(source: Source, module: string) {
    this.#source = source;
    this.#module = module;
    this.#at = Math.max(0, source.text.search(/\bdefineScenario\s*(<[^>]*>)?\s*\(|\bexport\s+default\b/u));
  }

  node(value: unknown, place: Place, pointer: string, depth: number): SourceNode {
    if (typeof value === "function") return this.#code(place, pointer);
    if (typeof value !== "object" || value === null) return this.#scalar(value, place);
    if (depth > DEEPEST) {
      const expected = `at most ${DEEPEST} levels, and nothing that contains itself`;
      // Once: what contains itself is too deep in many places.
      if (this.problems.length === 0) this.problems.push(this.#source.problem("too-deep", place, { expected }));
      return this.#scalar(null, place);
    }
    if (Array.isArray(value)) {
      const items = value.map((item, i) =>
        this.node(item, { ...place, path: `${place.path}[${i}]` }, `${pointer}/${i}`, depth + 1),
      );
      return { ...place, kind: "list", items };
    }
    const entries = Object.entries(value)
      // An optional key may be there without a value.
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]): Entry => {
        const keyPlace = this.#find(key, { ...place, path: pathOf(place.path, key) });
        const step = key.replaceAll("~", "~0").replaceAll("/", "~1");
        return { key, keyPlace, value: this.node(inner, keyPlace, `${pointer}/${step}`, depth + 1) };
      });
    return { ...place, kind: "map", entries };
  }

  /** Where a list of steps or a task stands in a file, code is its only step. */
  #code(place: Place, pointer: string): SourceNode {
    const code: SourceNode = { ...place, kind: "code", module: this.#module, key: pointer };
    const steps: SourceNode = { ...place, kind: "list", items: [code] };
    if (/^(\/users\/[^/]+\/(start|stop)|\/setup|\/teardown)$/u.test(pointer)) return steps;
    if (!/^\/users\/[^/]+\/tasks\/[^/]+$/u.test(pointer)) return code;
    return { ...place, kind: "map", entries: [{ key: "steps", keyPlace: place, value: steps }] };
  }

  #scalar(value: unknown, place: Place): SourceNode {
    const plain = typeof value === "boolean" || typeof value === "number" || value === null;
    const text = String(value);
    return { ...place, kind: "scalar", value: plain ? value : text, text, quoted: !plain };
  }

  /** The next place of a key; that of what is around it where it is not written out. */
  #find(key: string, around: Place): Place {
    const escaped = key.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");
    const pattern = new RegExp(`(?<![\\w$.])(["'\`]?)${escaped}\\1\\s*[:(,}]`, "gu");
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source.text);
    if (match === null) return around;
    this.#at = match.index + key.length;
    return { ...around, offset: match.index, length: key.length + 2 * (match[1]?.length ?? 0) };
  }
}
