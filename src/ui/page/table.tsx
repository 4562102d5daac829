import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { useSeen } from "./seen.ts";

export interface Column<Row> {
  title: string;
  /** What the column is sorted by. */
  by: (row: Row) => string | number;
  cell: (row: Row) => ComponentChildren;
  /** Words go left, figures right; short ones stay on one line. */
  words?: boolean | "short";
}

interface TableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  /** A last row that stays last. */
  total?: Row | undefined;
  empty: string;
}

/** About as many rows as a screen shows. */
const PART = 25;

/** A table whose columns can be sorted by, with the mouse or the keyboard. */
export function Table<Row>({ caption, columns, rows, keyOf, total, empty }: TableProps<Row>) {
  const [sort, setSort] = useState<{ at: number; down: boolean }>();
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const column = sort === undefined ? undefined : columns[sort.at];
  const sorted = column === undefined ? rows : rows.toSorted((a, b) => compare(column.by(a), column.by(b)));
  if (sort?.down === true) sorted.reverse();
  const choose = (at: number) =>
    setSort(sort?.at === at ? { at, down: !sort.down } : { at, down: !columns[at]?.words });
  const parts = Array.from({ length: Math.ceil(sorted.length / PART) }, (_, i) =>
    sorted.slice(i * PART, (i + 1) * PART),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={`Table: ${caption}`}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, words }, at) => (
              <th
                key={title}
                scope="col"
                class={look(words)}
                aria-sort={sort?.at !== at ? "none" : sort.down ? "descending" : "ascending"}
              >
                <button type="button" onClick={() => choose(at)}>
                  {title}
                  <span aria-hidden="true">{sort?.at !== at ? "" : sort.down ? " ↓" : " ↑"}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        {parts.map((part, at) => (
          <Part key={at} rows={part} columns={columns} keyOf={keyOf} version={sort} />
        ))}
        {total !== undefined && (
          <tfoot>
            <tr>{cellsOf(total, columns)}</tr>
          </tfoot>
        )}
      </table>
    </section>
  );
}

interface PartProps<Row> extends Pick<TableProps<Row>, "rows" | "columns" | "keyOf"> {
  version: unknown;
}

/** Some of the rows: a table of hundreds is drawn anew only where it is seen. */
function Part<Row>({ version, ...given }: PartProps<Row>) {
  const host = useRef<HTMLTableSectionElement>(null);
  const shown = useSeen(host, given, version);
  const { rows, columns, keyOf } = shown;
  const drawn = useMemo(() => rows.map((row) => <tr key={keyOf(row)}>{cellsOf(row, columns)}</tr>), [shown]);
  return <tbody ref={host}>{drawn}</tbody>;
}

function cellsOf<Row>(row: Row, columns: readonly Column<Row>[]): ComponentChildren {
  return columns.map(({ title, cell, words }) => (
    <td key={title} class={look(words)}>
      {cell(row)}
    </td>
  ));
}

function look(words: Column<unknown>["words"]): string {
  return words === "short" ? "words short" : words ? "words" : "figure";
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}
