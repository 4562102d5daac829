import type { Piece } from "./expression.ts";
import type { TemplatePart } from "./plan-request.ts";
import { isSecretName } from "./secrets.ts";

/** The environment that `${…}` is filled in from, when a scenario is read. */
export type Environment = Record<string, string | undefined>;

/** What a text became when `${…}` was filled in. */
export interface Filled {
  /** `${…}` alone is typed: a number in it is a number. Undefined where nobody may know it here, or nobody does. */
  value: boolean | number | string | undefined;
  parts: TemplatePart[];
  /** With secrets in it: for looking at a URL's form, and never to be kept or shown. */
  resolved: string;
  /** Variables that are not set and have no default. */
  missing: Extract<Piece, { kind: "environment" }>[];
  /** Variables whose values the plan must not hold. */
  secrets: Extract<Piece, { kind: "environment" }>[];
}

/** User and password in a URL. It takes in more than the URL standard does, as people write passwords with `/` and `#`. */
const userinfo = /(?<=:\/\/)\S*@/gu;

/**
 * Fills in the pieces of a text. What comes from a variable with a telling name, or stands as user and password in a
 * URL, becomes a secret that is only named.
 */
export function fill(pieces: readonly Piece[], environment: Environment): Filled {
  const values = pieces.map((piece) =>
    piece.kind === "environment" ? environmentValue(piece, environment) : undefined,
  );
  const hidden = hiddenPieces(pieces, values);
  const filled: Filled = { value: undefined, parts: [], resolved: "", missing: [], secrets: [] };
  for (const [i, piece] of pieces.entries()) {
    filled.resolved += piece.kind === "text" ? piece.text : (values[i]?.text ?? "");
    if (piece.kind === "text") append(filled.parts, piece.text);
    else if (piece.kind === "expression") filled.parts.push(piece.part);
    else if (values[i] === undefined) filled.missing.push(piece);
    else if (hidden.has(i)) {
      filled.secrets.push(piece);
      filled.parts.push({ kind: "secret", name: piece.name });
    } else append(filled.parts, values[i].text);
  }
  const [only = "", ...more] = filled.parts;
  if (filled.missing.length === 0 && more.length === 0 && typeof only === "string") {
    filled.value = pieces.length === 1 && pieces[0]?.kind === "environment" ? typed(only) : only;
  }
  return filled;
}

interface Value {
  text: string;
  /** A default is written in the file: whoever has that knows it. */
  set: boolean;
}

/** As in a shell, `:-` also stands in for a variable that is empty. */
function environmentValue(piece: Extract<Piece, { kind: "environment" }>, environment: Environment): Value | undefined {
  const { name, fallback } = piece;
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (fallback !== undefined && (value === undefined || value === "")) return { text: fallback, set: false };
  return value === undefined ? undefined : { text: value, set: true };
}

function hiddenPieces(pieces: readonly Piece[], values: readonly (Value | undefined)[]): Set<number> {
  let text = "";
  const ranges = pieces.map((piece, i) => {
    const from = text.length;
    text += piece.kind === "text" ? piece.text : (values[i]?.text ?? "");
    return { from, to: text.length };
  });
  const logins = [...text.matchAll(userinfo)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
  }));
  const hidden = new Set<number>();
  for (const [i, { from, to }] of ranges.entries()) {
    const piece = pieces[i];
    if (piece?.kind !== "environment" || values[i]?.set !== true) continue;
    if (isSecretName(piece.name) || logins.some((login) => from < login.to && to > login.from)) hidden.add(i);
  }
  return hidden;
}

function append(parts: TemplatePart[], text: string): void {
  const last = parts.at(-1);
  if (typeof last === "string") parts[parts.length - 1] = last + text;
  else if (text !== "") parts.push(text);
}

function typed(text: string): boolean | number | string {
  if (text === "true" || text === "false") return text === "true";
  // JSON's numbers: a code such as 0123 stays a text, and so does what a number could not hold.
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/u.test(text)) return text;
  const number = Number(text);
  return Number.isFinite(number) && (!/^-?\d+$/u.test(text) || Number.isSafeInteger(number)) ? number : text;
}
