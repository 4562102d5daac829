import type { z } from "zod";
import { nearest } from "../verdict/spelling.ts";
import { definition, notYet } from "./definition/scenario.ts";
import { knownKeys } from "./definition/value.ts";
import type { Reader } from "./reader.ts";
import type { Entry, SourceNode } from "./source.ts";

/** Reports all that is not as the definition has it: keys, kinds of values, their forms. */
export function checkStructure(reader: Reader, root: SourceNode): void {
  const result = definition.safeParse(plainValue(reader, root));
  for (const issue of result.error?.issues ?? []) new Finding(reader, root, issue).report();
}

/** What a node means as JavaScript. Maps have no prototype, so that `__proto__` is a key like any other. */
function plainValue(reader: Reader, node: SourceNode): unknown {
  // To the definition, which is of data, a function is a step that says nothing.
  if (node.kind === "code") return { think: "0s" };
  if (node.kind === "list") return node.items.map((item) => plainValue(reader, item));
  if (node.kind === "scalar") return reader.value(node);
  const map: Record<string, unknown> = Object.create(null);
  for (const { key, value } of node.entries) map[key] = plainValue(reader, value);
  return map;
}

/** Keys of other tools, and what they may be here: the first that the map knows. */
const otherWords: Record<string, readonly string[]> = {
  vus: ["users"],
  target: ["users"],
  rate: ["arrivals"],
  spawn_rate: ["spawnRate"],
  run_time: ["duration"],
  time: ["duration", "for"],
  duration: ["over"],
  wait_time: ["wait"],
  on_start: ["start"],
  on_stop: ["stop"],
  base_url: ["host"],
  url: ["get"],
  path: ["get"],
  request: ["get"],
  check: ["expect"],
  assert: ["expect"],
  extract: ["capture"],
  save: ["capture"],
  sleep: ["think"],
  pause: ["think"],
  loop: ["repeat"],
  timeout: ["deadline"],
  data: ["json"],
  scenarios: ["profiles"],
  monitor: ["watch"],
};

type Issue = z.core.$ZodIssue;

/** The node that an issue is about, or the innermost map that lacks it. */
interface Located {
  node: SourceNode;
  /** Its key, if it is a map's value. */
  entry?: Entry | undefined;
  missing?: string;
}

class Finding {
  readonly #reader: Reader;
  readonly #issue: Issue;
  readonly #at: Located;

  constructor(reader: Reader, root: SourceNode, issue: Issue) {
    this.#reader = reader;
    this.#issue = issue;
    this.#at = locate(root, issue.path);
  }

  report(): void {
    const { node, missing } = this.#at;
    if (this.#issue.code === "unrecognized_keys") this.#unknownKeys(this.#issue);
    else if (missing !== undefined) this.#missingKey(missing);
    else if (this.#issue.code === "invalid_union") this.#union(this.#issue);
    else if (!this.#cannotBeJudged(node)) this.#wrong(node);
  }

  #unknownKeys({ keys, message }: Issue & { code: "unrecognized_keys" }): void {
    const known = knownKeys(message) ?? [];
    const { node } = this.#at;
    for (const key of keys) {
      const place = this.#reader.entry(node, key)?.keyPlace ?? node;
      if (notYet.has(key)) this.#reader.report("not-supported", place, { key });
      else {
        const words = Object.hasOwn(otherWords, key) ? otherWords[key] : undefined;
        const meant = words?.find((word) => known.includes(word));
        this.#reader.unknown("unknown-key", place, key, known, meant === undefined ? {} : { suggestion: meant });
      }
    }
  }

  #missingKey(key: string): void {
    const { node, entry } = this.#at;
    // What stands in its place cannot be done yet, and was said.
    if (node.kind === "map" && node.entries.some((one) => notYet.has(one.key))) return;
    this.#reader.report("missing-key", entry?.keyPlace ?? firstCharacter(node), { key, expected: this.#issue.message });
  }

  /** Several forms are possible: says what is wrong with the one that was meant, or names them all. */
  #union(issue: Issue & { code: "invalid_union" }): void {
    const { node } = this.#at;
    const meant = issue.errors.filter(
      (issues) => !issues.some(({ code, path }) => code === "invalid_type" && path.length === 0),
    );
    const [only, ...more] = meant;
    if (only === undefined || more.length > 0) {
      if (!this.#cannotBeJudged(node)) this.#wrong(node);
      return;
    }
    for (const inner of only) new Finding(this.#reader, node, inner).report();
  }

  /** A value that is not known here, or a number from the environment where text is wanted: `parse.ts` takes these. */
  #cannotBeJudged(node: SourceNode): boolean {
    if (node.kind !== "scalar") return false;
    const value = this.#reader.value(node);
    if (value === undefined) return true;
    return (
      this.#issue.code === "invalid_type" &&
      this.#issue.expected === "string" &&
      typeof value !== "string" &&
      this.#reader.fromEnvironment(node)
    );
  }

  #wrong(node: SourceNode): void {
    const issue = this.#issue;
    if (node.kind === "map") {
      const later = node.entries.find(({ key }) => notYet.has(key));
      if (later !== undefined) {
        this.#reader.report("not-supported", later.keyPlace, { key: later.key });
        return;
      }
    }
    const suggestion = issue.code === "invalid_value" ? nearest(this.#text(node), issue.values.map(String)) : undefined;
    // Where there is nothing, the key is what can be pointed at.
    const { entry } = this.#at;
    const place = node.length === 0 && entry !== undefined ? entry.keyPlace : node;
    this.#reader.reject(
      issue.code === "invalid_type" || issue.code === "invalid_union" ? "wrong-type" : "wrong-value",
      node,
      {
        expected: issue.message,
        got: this.#got(node),
        length: node.kind === "scalar" ? Math.max(1, place.length) : 1,
        ...(suggestion === undefined ? {} : { suggestion }),
      },
      place,
    );
  }

  #text(node: SourceNode): string {
    return node.kind === "scalar" ? String(this.#reader.value(node)) : "";
  }

  #got(node: SourceNode): string {
    if (node.kind === "list") return node.items.length === 0 ? "an empty list" : "a list";
    if (node.kind === "map") return node.entries.length === 0 ? "an empty map" : "a map";
    if (node.kind === "code") return "a function";
    const value = this.#reader.value(node);
    if (value === null) return "nothing";
    if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    return this.#reader.fromEnvironment(node) ? String(value) : node.text;
  }
}

function firstCharacter(node: SourceNode): SourceNode {
  return { ...node, length: 1 };
}

function locate(root: SourceNode, path: readonly PropertyKey[]): Located {
  let at: Located = { node: root };
  for (const key of path) {
    const { node } = at;
    if (node.kind === "list") {
      const item = node.items[Number(key)];
      if (item === undefined) return { ...at, missing: String(key) };
      at = { node: item };
    } else {
      const entry = node.kind === "map" ? node.entries.find((one) => one.key === key) : undefined;
      if (entry === undefined) return { ...at, missing: String(key) };
      at = { node: entry.value, entry };
    }
  }
  return at;
}
