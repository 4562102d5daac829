import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Column<Row> {
  title: string;
  /** What the column is sorted by. */
  by: (row: Row) => string | number;
  cell: (row: Row) => ComponentChildren;
  /** Words go left, figures right. */
  words?: boolean;
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

/** A table whose columns can be sorted by, with the mouse or the keyboard. */
export function Table<Row>({ caption, columns, rows, keyOf, total, empty }: TableProps<Row>) {
  const [sort, setSort] = useState<{ at: number; down: boolean }>();
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const column = sort === undefined ? undefined : columns[sort.at];
  const sorted = column === undefined ? rows : rows.toSorted((a, b) => compare(column.by(a), column.by(b)));
  if (sort?.down === true) sorted.reverse();
  const choose = (at: number) =>
    setSort(sort?.at === at ? { at, down: !sort.down } : { at, down: !columns[at]?.words });
  const cells = (row: Row) =>
    columns.map(({ title, cell, words }) => (
      <td key={title} class={words ? "words" : "figure"}>
        {cell(row)}
      </td>
    ));
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
                class={words ? "words" : "figure"}
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
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)}>{cells(row)}</tr>
          ))}
        </tbody>
        {total !== undefined && (
          <tfoot>
            <tr>{cells(total)}</tr>
          </tfoot>
        )}
      </table>
    </section>
  );
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}
