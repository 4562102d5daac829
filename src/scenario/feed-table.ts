/** One row of a feed: a value by column. */
export type FeedRow = Record<string, unknown>;

/**
 * The rows of a feed, packed: so that 100,000 of them are shared between the threads of a machine rather than copied, and
 * so that a row is read only when somebody gets it. They travel beside the plan, which is kept in the run file: rows may be
 * many, and secret.
 */
export interface FeedTable {
  feed: string;
  /** Each row as JSON, one after the other; UTF-8 in a SharedArrayBuffer. */
  text: Uint8Array;
  /** Where each row ends in it. */
  ends: Uint32Array;
}

export function packTable(feed: string, rows: readonly FeedRow[]): FeedTable {
  const texts = rows.map((row) => JSON.stringify(row));
  const ends = new Uint32Array(new SharedArrayBuffer(texts.length * 4));
  let length = 0;
  for (const [i, text] of texts.entries()) {
    length += Buffer.byteLength(text);
    ends[i] = length;
  }
  const bytes = Buffer.from(new SharedArrayBuffer(length));
  let at = 0;
  for (const text of texts) at += bytes.write(text, at);
  return { feed, text: new Uint8Array(bytes.buffer, 0, length), ends };
}

/** The n-th row, from 0; it must be there. */
export function rowOf({ text, ends }: FeedTable, n: number): FeedRow {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  // JSON.parse defines own properties: a column `__proto__` is a column like any other.
  return JSON.parse(bytes.toString("utf8", n === 0 ? 0 : ends[n - 1], ends[n])) as FeedRow;
}
