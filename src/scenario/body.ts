import { basename } from "node:path";
import { bodies } from "./definition/request.ts";
import { readFile } from "./file.ts";
import { readJson } from "./json-template.ts";
import type { Body, FormPart } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import type { Entry, SourceNode } from "./source.ts";
import type { Variables } from "./variables.ts";

/** A file that is sent travels in the plan, to every worker and into the run file. */
const MOST_FILE_BYTES = 4 * 1024 * 1024;

/** Reads what a request sends: at most one of `json`, `body`, `form`, `multipart`, `file`. */
export function readBody(reader: Reader, node: SourceNode, variables: Variables): Body | undefined {
  if (node.kind !== "map") return undefined;
  const [first, second] = node.entries.filter(({ key }) => bodies.some((body) => body === key));
  if (second !== undefined) {
    reader.report("conflict", second.keyPlace, {
      key: second.key,
      expected: `one body; ${first?.key} is there already`,
    });
  }
  switch (first?.key) {
    case "form":
      return { kind: "form", fields: readFields(reader, first.value, variables) };
    case "body": {
      const value = reader.template(first.value, variables);
      return value === undefined ? undefined : { kind: "text", value };
    }
    case "multipart": {
      const parts = reader.named(first.value).map((entry) => readPart(reader, entry, variables));
      return { kind: "multipart", parts: parts.filter((part) => part !== undefined) };
    }
    case "file": {
      const file = readFile(reader, first.value, MOST_FILE_BYTES);
      return file === undefined ? undefined : { kind: "file", base64: file.bytes.toString("base64") };
    }
    case "json": {
      const value = readJson(reader, first.value, variables);
      return value === undefined ? undefined : { kind: "json", value };
    }
    default:
      return undefined;
  }
}

function readFields(reader: Reader, node: SourceNode, variables: Variables): Extract<Body, { kind: "form" }>["fields"] {
  return reader.named(node).flatMap(({ key, value }) => {
    const template = reader.template(value, variables);
    return template === undefined ? [] : [[key, template] as [string, typeof template]];
  });
}

/** A field's text, or a file with its name and type. */
function readPart(reader: Reader, { key: name, value: node }: Entry, variables: Variables): FormPart | undefined {
  if (node.kind !== "map") {
    const value = reader.template(node, variables);
    return value === undefined ? undefined : { kind: "field", name, value };
  }
  const file = readFile(reader, reader.get(node, "file"), MOST_FILE_BYTES);
  if (file === undefined) return undefined;
  return {
    kind: "file",
    name,
    fileName: reader.string(reader.get(node, "name")) ?? basename(file.path),
    type: reader.string(reader.get(node, "type")) ?? "application/octet-stream",
    base64: file.bytes.toString("base64"),
  };
}
