import { readJson } from "./json-template.ts";
import type { Expect, JsonCheck, TextCheck } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import type { Entry, SourceNode } from "./source.ts";
import type { Variables } from "./variables.ts";

type Check = JsonCheck["check"];

/** Reads `expect:`; without it nothing is asked beyond a status below 400. */
export function readExpect(reader: Reader, node: SourceNode | undefined, variables: Variables): Expect {
  const status = reader.get(node, "status");
  const uniqueNode = reader.get(node, "unique");
  const unique = uniqueNode && reader.jsonPath(uniqueNode);
  const withinMs = reader.duration(reader.get(node, "within"));
  return {
    status: (status?.kind === "list" ? status.items : [status]).flatMap((one) => reader.number(one) ?? []),
    json: reader.named(reader.get(node, "json")).flatMap((entry) => readJsonChecks(reader, entry, variables)),
    body: readTextChecks(reader, reader.get(node, "body"), variables),
    ...(unique === undefined ? {} : { unique }),
    ...(withinMs === undefined ? {} : { withinMs }),
  };
}

function readJsonChecks(reader: Reader, entry: Entry, variables: Variables): JsonCheck[] {
  const path = reader.jsonPathKey(entry);
  const { value } = entry;
  if (path === undefined) return [];
  if (value.kind === "map") {
    return value.entries.flatMap((one) => readCheck(reader, one, variables).map((check) => ({ path, check })));
  }
  const wanted = readJson(reader, value, variables);
  return wanted === undefined ? [] : [{ path, check: { kind: "equals", value: wanted } }];
}

function readCheck(reader: Reader, { key, value: node }: Entry, variables: Variables): Check[] {
  switch (key) {
    case "equals": {
      const value = readJson(reader, node, variables);
      return value === undefined ? [] : [{ kind: key, value }];
    }
    case "exists": {
      const value = reader.boolean(node);
      return value === undefined ? [] : [{ kind: key, value }];
    }
    case "type": {
      const value = jsonTypes.find((one) => one === reader.string(node));
      return value === undefined ? [] : [{ kind: key, value }];
    }
    case "minLength":
    case "maxLength":
    case "min":
    case "max": {
      const value = reader.number(node);
      return value === undefined ? [] : [{ kind: key, value }];
    }
    case "matches": {
      const value = readPattern(reader, node);
      return value === undefined ? [] : [{ kind: key, value }];
    }
    default:
      return [];
  }
}

const jsonTypes = ["string", "number", "boolean", "array", "object", "null"] as const;

function readTextChecks(reader: Reader, node: SourceNode | undefined, variables: Variables): TextCheck[] {
  const contains = reader.template(node?.kind === "map" ? reader.get(node, "contains") : node, variables);
  const matches = readPattern(reader, reader.get(node, "matches"));
  return [
    ...(contains === undefined ? [] : [{ kind: "contains", value: contains } as const]),
    ...(matches === undefined ? [] : [{ kind: "matches", value: matches } as const]),
  ];
}

function readPattern(reader: Reader, node: SourceNode | undefined): string | undefined {
  const text = reader.string(node);
  if (node === undefined || text === undefined) return undefined;
  try {
    new RegExp(text);
    return text;
  } catch (error) {
    // RegExp has no other way to say that a pattern is wrong.
    return reader.reject("pattern", node, { hint: error instanceof Error ? error.message : String(error) });
  }
}
