import type { ThresholdProblem } from "./threshold.ts";

/** A piece of a threshold's text. `unknown` is a character that begins nothing, or a string that never ends. */
export interface Token {
  kind: "word" | "quantity" | "string" | "symbol" | "unknown" | "end";
  /** As written; empty at the end. */
  text: string;
  /** UTF-16 units from the start of the text. */
  offset: number;
}

const pattern =
  /\s+|(?<word>[A-Za-z_][\w.]*)|(?<quantity>-?\d+(?:\.\d+)?[A-Za-z\u00b5\u03bc%]*(?:\/[A-Za-z]*)?)|(?<string>"(?:[^"\\]|\\.)*")|(?<symbol>[<>=!]=|[<>=(){},])|(?<unknown>".*|.)/suy;

/** All tokens of a text; the last one is always `end`. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const kind = tokenKinds.find((name) => match?.groups?.[name] !== undefined);
    if (kind !== undefined) tokens.push({ kind, text: match[0], offset: match.index });
  }
  tokens.push({ kind: "end", text: "", offset: text.length });
  return tokens;
}

const tokenKinds = ["word", "quantity", "string", "symbol", "unknown"] as const;

/** What a string token stands for; `\n` is a line's end, any other escaped character itself, as in `seriesName`. */
export function stringValue(token: Token): string {
  return token.text.slice(1, -1).replaceAll(/\\(.)/gsu, (_, char: string) => (char === "n" ? "\n" : char));
}

/** Goes through a text's tokens and keeps the first problem: whoever fails returns undefined, and so does who asked it. */
export class TokenReader {
  readonly #tokens: Token[];
  readonly #length: number;
  #next = 0;
  problem: ThresholdProblem | undefined;

  constructor(text: string) {
    this.#tokens = tokenize(text);
    this.#length = text.length;
  }

  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", offset: this.#length };
  }

  /** The end is never passed: it is there to be taken again. */
  take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#next++;
    return token;
  }

  symbol(text: string, why?: string): Token | undefined {
    const token = this.take();
    if (token.text === text) return token;
    return this.fail(token, why === undefined ? `"${text}"` : `"${text}", ${why}`);
  }

  fail(token: Token, expected: string, suggestion?: string): undefined {
    this.problem ??= {
      offset: token.offset,
      length: token.text.length,
      expected,
      got: token.kind === "end" ? "the end" : token.text,
      ...(suggestion === undefined ? {} : { suggestion }),
    };
    return undefined;
  }
}
