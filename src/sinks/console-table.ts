import { cut, type Line, type Piece, type Style, textOf, widthOf } from "./console-screen.ts";

export interface Column {
  title: string;
  align?: "left" | "right";
  /** Gives way when the table is too wide, the highest first; columns without a number stay. */
  droppable?: number;
  /** May be cut down to this width, the last column first. */
  shrinkTo?: number;
}

export type Cell = string | Piece;

const GAP = "  ";

/** Aligned lines, indented by two, no wider than `width` as far as that can be had. Rows have a cell for each column. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): Line[] {
  const natural = columns.map(({ title }, i) =>
    Math.max([...title].length, ...rows.map((row) => widthOf([row[i] ?? ""]))),
  );
  const kept = fitting(columns, natural, width);
  const widths = shrunk(columns, natural, kept, width);
  const lineOf = (cells: readonly Cell[]): Line =>
    kept.flatMap((i) => [GAP, ...padded(cells[i] ?? "", widths[i] ?? 0, columns[i]?.align ?? "right")]);
  const head = lineOf(columns.map(({ title }) => ({ text: title, style: "dim" satisfies Style })));
  return [...(columns.some(({ title }) => title !== "") ? [head] : []), ...rows.map(lineOf)];
}

function total(kept: readonly number[], widths: readonly number[]): number {
  return kept.reduce((sum, i) => sum + GAP.length + (widths[i] ?? 0), 0);
}

/** The places of the columns that stay. */
function fitting(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  let kept = columns.map((_, i) => i);
  const least = natural.map((wide, i) => Math.min(wide, columns[i]?.shrinkTo ?? wide));
  while (total(kept, least) > width) {
    const next = kept
      .filter((i) => columns[i]?.droppable !== undefined)
      .sort((a, b) => (columns[b]?.droppable ?? 0) - (columns[a]?.droppable ?? 0))[0];
    if (next === undefined) break;
    kept = kept.filter((i) => i !== next);
  }
  return kept;
}

function shrunk(columns: readonly Column[], natural: readonly number[], kept: number[], width: number): number[] {
  const widths = [...natural];
  let excess = Math.max(0, total(kept, natural) - width);
  for (const i of kept.toReversed()) {
    const wide = widths[i] ?? 0;
    const narrower = Math.max(Math.min(wide, columns[i]?.shrinkTo ?? wide), wide - excess);
    excess -= wide - narrower;
    widths[i] = narrower;
  }
  return widths;
}

function padded(cell: Cell, width: number, align: "left" | "right"): Line {
  const style = typeof cell === "string" ? undefined : cell.style;
  const text = cut([textOf(cell)], width)
    .map(textOf)
    .join("");
  const room = " ".repeat(Math.max(0, width - widthOf([text])));
  return align === "left" ? [{ text, style }, room] : [room, { text, style }];
}
