import { CollectError } from "./collect-error.ts";
import type { BodyReader } from "./endpoint.ts";

/** A body is read in one go, on the thread that serves `/metrics`: hence a limit. */
const MAX_BYTES = 10_000_000;

/** Gathers a body, and makes of its text what it means. */
export class WholeBody<Content> implements BodyReader<Content> {
  readonly #parse: (text: string) => Content;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(parse: (text: string) => Content) {
    this.#parse = parse;
  }

  write(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > MAX_BYTES) throw new CollectError("parse", `expected at most ${MAX_BYTES / 1e6} MB, got more`);
    this.#pieces.push(piece);
  }

  end(): Content {
    const text = Buffer.concat(this.#pieces).toString("utf8");
    return this.#parse(text.replace(/^\uFEFF/, ""));
  }
}

export function jsonBody(): WholeBody<unknown> {
  return new WholeBody((text) => {
    try {
      return JSON.parse(text);
    } catch {
      // The parser's own words quote the text without bound; the beginning is enough to see what it is.
      throw new CollectError("parse", `expected JSON, got ${text === "" ? "an empty body" : shown(text)}`);
    }
  });
}

/** A value for people, cut if it is long. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return "an object";
  const text = String(value);
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
