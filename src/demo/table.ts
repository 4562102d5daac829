/** Past it a new row takes the place of the oldest, so that a long run does not grow the service. */
const maxRows = 50_000;

/** Rows with ids that count up from 1. */
export class Table<Row extends object> {
  readonly #rows = new Map<number, Row & { readonly id: number }>();
  #lastId = 0;

  insert(row: Row): Row & { readonly id: number } {
    const inserted = { id: ++this.#lastId, ...row };
    this.#rows.set(inserted.id, inserted);
    this.#rows.delete(this.#lastId - maxRows);
    return inserted;
  }

  get(id: number): (Row & { readonly id: number }) | undefined {
    return this.#rows.get(id);
  }

  get size(): number {
    return this.#rows.size;
  }
}
