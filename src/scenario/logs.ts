import { resolve } from "node:path";
import { readEngine, readWhich } from "./containers.ts";
import type { LogsSource } from "./plan-source.ts";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";

/** Reads `logs:` of a source, `node`. A file's path counts from `folder`. */
export function readLogs(
  reader: Reader,
  node: SourceNode,
  folder: string,
): Pick<LogsSource, "kind" | "log" | "patterns"> | undefined {
  const log = readLog(reader, node, folder);
  const patterns = reader.named(reader.get(node, "patterns")).flatMap(({ key, value }) => {
    const matches = readPattern(reader, value);
    return matches === undefined ? [] : [{ name: key, matches }];
  });
  return log && { kind: "logs", log, patterns };
}

function readLog(reader: Reader, node: SourceNode, folder: string): LogsSource["log"] | undefined {
  const logs = reader.get(node, "logs");
  if (logs?.kind === "scalar") {
    const path = reader.string(logs);
    return path === undefined ? undefined : { kind: "file", path: resolve(folder, path) };
  }
  if (logs?.kind !== "map") return undefined;
  const [first, second] = logs.entries;
  if (first === undefined) return reader.report("missing-key", logs, { key: "docker or compose" });
  if (second !== undefined) {
    return reader.report("conflict", second.keyPlace, { key: second.key, expected: `${first.key} alone` });
  }
  const engine = readEngine(reader, reader.get(node, "engine"));
  const containers = readWhich(reader, logs);
  return engine === undefined || containers === undefined ? undefined : { kind: "containers", engine, containers };
}

function readPattern(reader: Reader, node: SourceNode): string | undefined {
  const pattern = reader.string(node);
  if (pattern === undefined) return undefined;
  try {
    new RegExp(pattern, "u");
    return pattern;
  } catch (error) {
    return reader.reject("pattern", node, { hint: error instanceof Error ? error.message : String(error) });
  }
}
