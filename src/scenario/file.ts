import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";

/** Reads a file that the scenario names, beside it, and says what is wrong with it at the place where it is named. */
export function readFile(
  reader: Reader,
  node: SourceNode | undefined,
  mostBytes: number,
): { path: string; bytes: Buffer } | undefined {
  const name = reader.string(node);
  if (node === undefined || name === undefined) return undefined;
  const path = resolve(reader.folder, name);
  try {
    const { size } = statSync(path);
    if (size <= mostBytes) return { path, bytes: readFileSync(path) };
    return reader.reject("file", node, { expected: `at most ${mostBytes} bytes`, got: `${size}` });
  } catch (error) {
    // The file system has no other way to say it.
    const { code = "" } = error as NodeJS.ErrnoException;
    const got = code === "ENOENT" ? "no such file" : code;
    return reader.reject("file", node, { expected: "a file that can be read", got });
  }
}
