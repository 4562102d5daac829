import { parseQuantity } from "./quantity.ts";
import { nearest } from "./spelling.ts";
import type { During, Span, Threshold } from "./threshold.ts";
import type { Token, TokenReader } from "./threshold-tokens.ts";

export type Clauses = Span & Pick<Threshold, "abort">;

export const clauseWords = ["over", "for", "after", "during", "abort"] as const;

/** Thresholds are judged once a second: a shorter window would be empty at times. */
const SHORTEST_WINDOW_MS = 1000;

/** Reads one clause into what there is, its word being next; undefined where there is none or the reader has a problem. */
export function readClause(reader: TokenReader, clauses: Clauses): true | undefined {
  const token = reader.peek();
  const word = clauseWords.find((one) => one === token.text);
  if (word === undefined) return undefined;
  const key = word === "during" || word === "abort" ? word : (`${word}Ms` as const);
  if (clauses[key] !== undefined) return reader.fail(token, `${word} only once`);
  reader.take();
  switch (word) {
    case "over":
      return set(clauses, "overMs", readTime(reader, SHORTEST_WINDOW_MS));
    case "for":
      return set(clauses, "forMs", readTime(reader, 1));
    case "after":
      return set(clauses, "afterMs", readTime(reader, 0));
    case "during":
      return set(clauses, "during", readDuring(reader));
    case "abort":
      return set(clauses, "abort", readAbort(reader, clauses));
  }
}

function set<K extends keyof Clauses>(clauses: Clauses, key: K, value: Clauses[K] | undefined): true | undefined {
  if (value === undefined) return undefined;
  clauses[key] = value;
  return true;
}

function readTime(reader: TokenReader, leastMs: number): number | undefined {
  const token = reader.take();
  const time = parseQuantity(token.text, "time");
  if ("expected" in time) return reader.fail(token, time.expected);
  const ms = time.value * 1000;
  return ms >= leastMs ? ms : reader.fail(token, `a time of at least ${leastMs}ms`);
}

function readDuring(reader: TokenReader): During | undefined {
  const token = reader.take();
  if (token.text === "hold" || token.text === "ramp") return { kind: token.text };
  if (token.text !== "stage") {
    const words = ["hold", "ramp", "stage"];
    return reader.fail(token, "a part of the load: hold, ramp, or stage 2", nearest(token.text, words));
  }
  const number = reader.take();
  const stage = Number(number.text);
  if (!Number.isInteger(stage) || stage < 1) return reader.fail(number, "a stage's number, from 1");
  return { kind: "stage", stage };
}

/** `after` alone delays the judging, `abort after` only the abort. */
function readAbort(reader: TokenReader, { afterMs }: Clauses): Clauses["abort"] | undefined {
  if (reader.peek().text !== "after") return { afterMs: 0 };
  const token: Token = reader.take();
  if (afterMs !== undefined) return reader.fail(token, "after only once");
  const ms = readTime(reader, 0);
  return ms === undefined ? undefined : { afterMs: ms };
}
