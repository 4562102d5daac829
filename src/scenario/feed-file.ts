import { CsvError, type CsvErrorCode, parse } from "csv-parse/sync";
import type { FeedRow } from "./feed-table.ts";
import type { FileProblem } from "./file.ts";

/** The largest file of a feed. */
export const MOST_BYTES = 64 * 1024 * 1024;
/** The most rows of a feed. */
export const MOST_ROWS = 1_000_000;

/** CSV with a header (RFC 4180, with any line ends, a byte order mark and empty lines): each value is a text. */
export function readCsv(text: string): { rows: FeedRow[]; columns: string[] } | FileProblem {
  let records: string[][];
  try {
    records = parse(text, { bom: true, skip_empty_lines: true, to: MOST_ROWS + 2 });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { expected: whatCsvShouldBe(error.code), got: `something else in line ${lineOf(error)}` };
  }
  const [header = [], ...rows] = records;
  const nameless = header.findIndex((name) => name.trim() === "");
  if (nameless !== -1) return { expected: "a name of each column in line 1", got: `none of column ${nameless + 1}` };
  const twice = header.findIndex((name, i) => header.indexOf(name) !== i);
  if (twice !== -1)
    return { expected: "columns of different names", got: `column ${twice + 1} named as one before it` };
  return (
    tableProblem(rows.length) ?? {
      columns: header,
      rows: rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]]))),
    }
  );
}

function whatCsvShouldBe(code: CsvErrorCode): string {
  switch (code) {
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH":
    case "CSV_RECORD_INCONSISTENT_COLUMNS":
      return "as many values in each row as there are columns";
    case "CSV_QUOTE_NOT_CLOSED":
      // The line is the file's last: where the quote was opened the parser does not say.
      return "a closing quote";
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_CLOSING_QUOTE":
      return 'quotes around a whole value, and "" for one in it';
    default:
      return "CSV";
  }
}

/** Its types do not have the line; nothing else of its message is taken, which quotes the file. */
function lineOf({ message }: CsvError): string {
  return / (?:on|at) line (\d+)/u.exec(message)?.[1] ?? "?";
}

/** A JSON array of objects. */
export function readJsonRows(text: string): { rows: FeedRow[]; columns: string[] } | FileProblem {
  let rows: unknown;
  try {
    rows = JSON.parse(text.replace(/^\uFEFF/u, ""));
  } catch (error) {
    // Its message quotes the file; only the place is taken from it.
    const place = /line \d+ column \d+/u.exec(error instanceof Error ? error.message : "")?.[0];
    return { expected: "JSON: an array of objects", got: `something else${place === undefined ? "" : ` in ${place}`}` };
  }
  return toTable(rows);
}

/** Rows as they stand in a JSON file or in the scenario. */
export function toTable(rows: unknown): { rows: FeedRow[]; columns: string[] } | FileProblem {
  if (!Array.isArray(rows)) return { expected: "an array of objects", got: "something else" };
  const wrong = rows.findIndex((row) => typeof row !== "object" || row === null || Array.isArray(row));
  if (wrong !== -1) return { expected: "an object in each row", got: `something else in row ${wrong + 1}` };
  const columns = new Set<string>();
  for (const row of rows as FeedRow[]) for (const column of Object.keys(row)) columns.add(column);
  return tableProblem(rows.length) ?? { rows: rows as FeedRow[], columns: [...columns] };
}

function tableProblem(rows: number): FileProblem | undefined {
  if (rows === 0) return { expected: "at least one row", got: "none" };
  return rows > MOST_ROWS ? { expected: `at most ${MOST_ROWS} rows`, got: "more" } : undefined;
}
