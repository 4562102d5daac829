import type { Spread } from "./rounds.ts";

/** A part of the report. */
export interface Section {
  title: string;
  /** Markdown. */
  text: string;
  figures: Figure[];
}

/** Something that Plimsoll is to reach. */
export interface Figure {
  what: string;
  wanted: string;
  got: string;
  reached: boolean;
}

/** A figure that is to be at least, or at most, so much. */
export function figure(what: string, got: Spread, wanted: { least: number } | { most: number }, unit: string): Figure {
  const [sign, limit, reached] =
    "least" in wanted ? ["≥", wanted.least, got.median >= wanted.least] : ["≤", wanted.most, got.median <= wanted.most];
  return { what, wanted: `${sign} ${limit}${unit}`, got: `${shown(got)}${unit}`, reached };
}

/** Median, and extremes in brackets. */
export function shown({ median, min, max }: Spread): string {
  return `${number(median)} (${number(min)} to ${number(max)})`;
}

/** With three significant digits. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 3), maximumSignificantDigits: 3 });
}

export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
