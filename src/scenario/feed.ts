import { resolve } from "node:path";
import { MOST_BYTES, readCsv, readJsonRows, toTable } from "./feed-file.ts";
import { type FeedRow, type FeedTable, packTable } from "./feed-table.ts";
import { type FileProblem, readBytes } from "./file.ts";
import type { Feed } from "./plan.ts";
import type { Reader } from "./reader.ts";
import type { Entry, SourceNode } from "./source.ts";

/** A feed as it was written, its file read. */
export interface ScenarioFeed extends Omit<Feed, "rows"> {
  table: FeedTable;
}

interface Rows {
  columns: string[];
  rows: FeedRow[];
}

/**
 * Reads `feeds:` and their files, which are looked for beside the scenario. One that cannot be read has its name
 * all the same, so that nothing more is said where it is used. `taken` are names that every user has already.
 */
export function readFeeds(
  reader: Reader,
  node: SourceNode | undefined,
  taken: readonly string[],
): { name: string; columns?: string[]; feed?: ScenarioFeed }[] {
  return reader.named(node).map((entry) => {
    if (taken.includes(entry.key)) {
      reader.report("bad-key", entry.keyPlace, { key: entry.key, expected: "another name: setup captures this one" });
    }
    const feed = readFeed(reader, entry);
    return feed === undefined ? { name: entry.key } : { name: entry.key, columns: feed.columns, feed };
  });
}

function readFeed(reader: Reader, { key: name, keyPlace, value: node }: Entry): ScenarioFeed | undefined {
  if (!/^[A-Za-z_]\w*$/u.test(name)) {
    reader.report("bad-key", keyPlace, { key: name, expected: "a name of letters, digits and _" });
  }
  const order = reader.string(reader.get(node, "order"));
  const each = reader.string(reader.get(node, "each"));
  const read = readRows(reader, node, keyPlace);
  if (read === undefined) return undefined;
  const { columns, rows } = read;
  return {
    name,
    columns,
    order: order === "random" || order === "unique" ? order : "sequential",
    ...(each === "user" || each === "iteration" ? { each } : {}),
    table: packTable(name, rows),
  };
}

const kinds = ["csv", "json", "rows"] as const;

function readRows(reader: Reader, node: SourceNode, place: Entry["keyPlace"]): Rows | undefined {
  if (node.kind !== "map") return undefined;
  const [first, second] = node.entries.filter(({ key }) => kinds.some((kind) => kind === key));
  if (first === undefined) {
    return reader.report("missing-key", place, { key: "csv, json or rows", expected: "where its rows are" });
  }
  if (second !== undefined) {
    const expected = `one of csv, json, rows; ${first.key} is there already`;
    return reader.report("conflict", second.keyPlace, { key: second.key, expected });
  }
  if (first.key === "rows") return tableOf(reader, first.value, readInline(reader, first.value));
  const file = reader.string(first.value);
  if (file === undefined) return undefined;
  const read = readBytes(resolve(reader.folder, file), MOST_BYTES);
  if ("expected" in read) return tableOf(reader, first.value, read);
  const text = read.bytes.toString("utf8");
  return tableOf(reader, first.value, first.key === "csv" ? readCsv(text) : readJsonRows(text));
}

function tableOf(reader: Reader, node: SourceNode, read: Rows | FileProblem | undefined): Rows | undefined {
  if (read === undefined || "rows" in read) return read;
  return reader.reject("feed", node, { ...read });
}

/** The names of the feeds that a part of a plan takes something from: what `{{ }}` in it refers to. */
export function feedsIn(part: unknown, feeds: readonly ScenarioFeed[]): string[] {
  const names = new Set<unknown>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    // What is to be sent is wrapped (`JsonTemplate`): no data of the author's looks like this.
    if ("kind" in value && value.kind === "variable" && "path" in value && Array.isArray(value.path)) {
      names.add(value.path[0]);
    } else for (const inner of Object.values(value)) look(inner);
  };
  look(part);
  return feeds.map(({ name }) => name).filter((name) => names.has(name));
}

/** Rows in the scenario itself; undefined where one cannot be read, which was said. */
function readInline(reader: Reader, node: SourceNode): Rows | FileProblem | undefined {
  const rows = reader.items(node).map((row) => reader.fixed(row));
  return rows.includes(undefined) ? undefined : toTable(rows);
}
