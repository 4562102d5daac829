import { plain } from "./console-screen.ts";

export type Field = string | number;

/** One row with its line end, quoted as Python's csv module does: only what needs it. Source: RFC 4180. */
export function csvRow(fields: readonly Field[]): string {
  return `${fields.map((field) => quoted(typeof field === "number" ? String(field) : harmless(field))).join(",")}\r\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Text on one line, without control characters. What a spreadsheet would take for a formula (names and errors can hold what
 * a target said) has an apostrophe before it. Source: OWASP, "CSV Injection".
 */
function harmless(text: string): string {
  const line = plain(text);
  return /^\s*[=+\-@]/.test(line) ? `'${line}` : line;
}
