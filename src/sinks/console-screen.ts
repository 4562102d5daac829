import { stripVTControlCharacters } from "node:util";

/** Where the console is written to, such as `process.stdout`. */
export interface ConsoleOutput {
  write(text: string): unknown;
  /** A terminal, where lines can be drawn again. */
  isTTY?: boolean;
  columns?: number;
}

export interface ConsoleOptions {
  /** As a rule there are colours on a terminal alone; false for a reader who wants none (https://no-color.org). */
  color?: boolean;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Text with a style. Whatever control characters the text has are taken out: only `Screen` writes any. */
export interface Piece {
  text: string;
  style?: Style | undefined;
}

export type Line = readonly (string | Piece)[];

/** Where there is no terminal, nobody knows how wide the reader's is. */
const DEFAULT_WIDTH = 120;
const NARROWEST = 40;

const codes: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/**
 * Text as it may be shown: one line, without escape sequences, control characters or those that turn the direction of
 * writing. What a target says reaches a terminal only so.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .toWellFormed()
    .replace(/[\t\r\n\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cc}\p{Cf}]/gu, "");
}

/** How many characters a line has, each taken to be one column wide. */
export function widthOf(line: Line): number {
  return line.reduce((sum, piece) => sum + [...plain(textOf(piece))].length, 0);
}

/** Lines of styled text, below which a few lines of status are drawn again and again where there is a terminal. */
export class Screen {
  readonly #out: ConsoleOutput;
  readonly #colours: boolean;
  #drawn = 0;

  constructor(out: ConsoleOutput, { color = true }: ConsoleOptions = {}) {
    this.#out = out;
    this.#colours = out.isTTY === true && color;
  }

  get isTerminal(): boolean {
    return this.#out.isTTY === true;
  }

  get width(): number {
    return Math.max(NARROWEST, this.isTerminal ? (this.#out.columns ?? 80) : DEFAULT_WIDTH);
  }

  /** Prints lines above the status, which is gone until it is drawn again. Long lines are the terminal's to wrap. */
  print(...lines: Line[]): void {
    this.#out.write(this.#erase() + lines.map((line) => `${this.#render(line)}\n`).join(""));
  }

  /** Draws lines in place of the ones drawn before, cut to the terminal's width: one that wraps could not be taken back. */
  draw(...lines: Line[]): void {
    const text = lines.map((line) => `${this.#render(cut(line, this.width - 1))}\n`).join("");
    this.#out.write(this.#erase() + text);
    this.#drawn = lines.length;
  }

  clear(): void {
    if (this.#drawn > 0) this.#out.write(this.#erase());
  }

  /** Back to the first line of the status, and everything from there on away. */
  #erase(): string {
    const back = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\r\u001b[J`;
    this.#drawn = 0;
    return back;
  }

  #render(line: Line): string {
    const text = line.map((piece) => {
      const shown = plain(textOf(piece));
      const style = typeof piece === "string" ? undefined : piece.style;
      return style === undefined || !this.#colours ? shown : `\u001b[${codes[style]}m${shown}\u001b[0m`;
    });
    return text.join("").trimEnd();
  }
}

export function textOf(piece: string | Piece): string {
  return typeof piece === "string" ? piece : piece.text;
}

/** At most so many characters, the last one an ellipsis if some are missing. */
export function cut(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const pieces: Piece[] = [];
  let room = width - 1;
  for (const piece of line) {
    const characters = [...plain(textOf(piece))].slice(0, Math.max(0, room));
    room -= characters.length;
    pieces.push({ text: characters.join(""), style: typeof piece === "string" ? undefined : piece.style });
  }
  return [...pieces, "…"];
}
