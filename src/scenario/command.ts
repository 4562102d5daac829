import type { Template } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";

/** What a shell would act on, outside quotes. */
const shellWords = /[|&;<>()$`*?[\]#~!{}\\]/u;

/**
 * Reads `command:`. A list is the program and its arguments, each as it stands. A text is split at white space, with quotes
 * that keep words together; what only a shell could do is a mistake.
 */
export function readCommand(reader: Reader, node: SourceNode): Template[] | undefined {
  if (node.kind === "list") {
    const words = node.items.map((item) => reader.template(item, undefined));
    const known = words.filter((word) => word !== undefined);
    return known.length < words.length ? undefined : known;
  }
  const text = reader.string(node);
  if (node.kind !== "scalar" || text === undefined) return undefined;
  const words = splitWords(text);
  if (words !== undefined && words.length > 0) return words;
  const expected = "a program with its arguments; for a shell, a list such as [sh, -c, 'a | b']";
  return reader.reject("wrong-value", node, { expected, got: JSON.stringify(text) });
}

function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  const word = /\s*((?:[^\s'"]+|'[^']*'|"[^"]*")+)\s*/uy;
  while (word.lastIndex < text.length) {
    const [, written] = word.exec(text) ?? [];
    if (written === undefined) return undefined;
    if (shellWords.test(written.replaceAll(/'[^']*'|"[^"]*"/gu, ""))) return undefined;
    words.push(
      written.replaceAll(/'([^']*)'|"([^"]*)"/gu, (_, single: string = "", double: string = "") => single + double),
    );
  }
  return words;
}
