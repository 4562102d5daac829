import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";

/** What is wrong with a file: for people, and never with anything that stands in it, which may be secret. */
export interface FileProblem {
  expected: string;
  got: string;
}

/** Reads a file that the scenario names, beside it, and says what is wrong with it at the place where it is named. */
export function readFile(
  reader: Reader,
  node: SourceNode | undefined,
  mostBytes: number,
): { path: string; bytes: Buffer } | undefined {
  const name = reader.string(node);
  if (node === undefined || name === undefined) return undefined;
  const path = resolve(reader.folder, name);
  const read = readBytes(path, mostBytes);
  return "bytes" in read ? { path, ...read } : reader.reject("file", node, { ...read });
}

/** Reads a file, if it is one and not too large. */
export function readBytes(path: string, mostBytes: number): { bytes: Buffer } | FileProblem {
  try {
    const found = statSync(path);
    if (!found.isFile()) return { expected: "a file", got: "something else" };
    if (found.size > mostBytes)
      return { expected: `a file of at most ${mebibytes(mostBytes)}`, got: mebibytes(found.size) };
    return { bytes: readFileSync(path) };
  } catch (error) {
    // The file system has no other way to say it.
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return { expected: "a file that can be read", got: code === "ENOENT" ? "no such file" : code };
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
