import type { JsonTemplate } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import type { Entry, ScalarNode, SourceNode } from "./source.ts";
import type { Variables } from "./variables.ts";

/** JSON to send or to expect. A plain `${N}` that is a number is sent as one, `"${N}"` in quotes as text. */
export function readJson(reader: Reader, node: SourceNode, variables: Variables): JsonTemplate | undefined {
  if (node.kind === "list") {
    const items = node.items.map((item) => readJson(reader, item, variables));
    return items.includes(undefined) ? undefined : { kind: "array", items: items.filter((item) => item !== undefined) };
  }
  if (node.kind === "map") return readObject(reader, node.entries, variables);
  if (node.kind === "code") return reader.reject("wrong-type", node, { expected: "a value", got: "a function" });
  if (typeof node.value === "number") return readNumber(reader, node, node.value);
  if (typeof node.value !== "string") return node.value;
  const value = reader.template(node, variables);
  if (value === undefined) return undefined;
  const typed = node.quoted ? undefined : reader.text(node).value;
  return typeof typed === "number" || typeof typed === "boolean" ? typed : { kind: "text", value };
}

function readObject(reader: Reader, entries: Entry[], variables: Variables): JsonTemplate | undefined {
  const values: [string, JsonTemplate][] = [];
  for (const { key, keyPlace, value } of entries) {
    if (/\{\{|\$\{/u.test(key)) reader.report("template-not-allowed", keyPlace, { hint: "names are fixed" });
    const json = readJson(reader, value, variables);
    if (json !== undefined) values.push([key, json]);
  }
  return values.length === entries.length ? { kind: "object", entries: values } : undefined;
}

function readNumber(reader: Reader, node: ScalarNode, value: number): JsonTemplate | undefined {
  if (!Number.isFinite(value)) {
    return reader.reject("wrong-value", node, { expected: "a number that JSON has", got: node.text });
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\d+$/u.test(node.text)) {
    return reader.reject("number-precision", node, { expected: `"${node.text}"`, got: String(value) });
  }
  return value;
}
