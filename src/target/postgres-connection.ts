import { CollectError } from "./collect-error.ts";
import type { ClientMaker } from "./kept.ts";
import { PostgresSocket, type ServerPlace } from "./postgres-socket.ts";
import { takeSslMode } from "./postgres-tls.ts";
import type { Trust } from "./trust.ts";

type Sql = import("postgres").Sql;

/** What a query gives: values as text or number, null where there is none. */
export interface Table {
  columns: string[];
  rows: unknown[][];
}

/** A connection that asks queries, read-only, and asks none again by itself. */
export class PostgresConnection {
  readonly #sql: Sql;
  readonly #socket: PostgresSocket;

  constructor(sql: Sql, socket: PostgresSocket) {
    this.#sql = sql;
    this.#socket = socket;
  }

  /** Queries that are asked together go out together. Rejects with what PostgreSQL refuses. */
  async query(text: string): Promise<Table> {
    const result = await this.#sql.unsafe(text).values();
    // Of several statements there would be a list of results.
    const { columns } = result;
    if (!Array.isArray(columns)) throw new CollectError("parse", "expected one query that gives rows");
    return { columns: columns.map(({ name }) => name), rows: [...result] };
  }

  /** As `query`, but that PostgreSQL refuses this query alone is a value. */
  async tryQuery(text: string): Promise<Table | CollectError> {
    try {
      return await this.query(text);
    } catch (error) {
      if (error instanceof CollectError) return error;
      const { code, message } = refusalOf(error);
      // Wrong SQL, unknown names and missing rights: the message tells which, and no value of the data.
      return code.startsWith("42") ? new CollectError("missing", message.slice(0, 200)) : Promise.reject(error);
    }
  }

  cut(): void {
    this.#socket.cut();
    // What is left to do is the library's own; the connection is gone already.
    this.#sql.end({ timeout: 0 }).catch(() => {});
  }
}

export function connections(
  address: () => URL,
  timeoutMs: number,
  trust: Trust | undefined,
): ClientMaker<PostgresConnection> {
  return {
    async make() {
      const url = address();
      const socket = new PostgresSocket(takeSslMode(url), trust);
      const { default: postgres } = await import("postgres");
      const options = {
        max: 1,
        // The socket does that.
        ssl: false,
        // Names of types would be asked for first, and plans kept: neither is worth it for a few queries.
        fetch_types: false,
        prepare: false,
        max_lifetime: null,
        connect_timeout: timeoutMs / 1000,
        onnotice: () => {},
        connection: {
          application_name: "plimsoll",
          statement_timeout: Math.ceil(timeoutMs),
          default_transaction_read_only: true,
        },
        socket: (place: ServerPlace) => socket.open(place),
      };
      return new PostgresConnection(postgres(url.href, options), socket);
    },
    cut: (connection) => connection.cut(),
    explain,
  };
}

/** PostgreSQL's own errors have a code of five characters. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function refusalOf(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error) || error.name !== "PostgresError") return { code: "", message: "" };
  return { code: "code" in error ? String(error.code) : "", message: error.message };
}

function explain(error: unknown): CollectError | undefined {
  const { code } = refusalOf(error);
  switch (code) {
    case "":
      return ofLibrary(error);
    case "57014":
      return new CollectError("timeout", "a query took longer than the source's time (statement_timeout)");
    case "3D000":
      return new CollectError("missing", "no such database (3D000)");
    case "53300":
      return new CollectError("refused", "PostgreSQL admits no more connections (53300)");
    default:
      if (code.startsWith("28") || code === "42501") {
        return new CollectError("auth", `PostgreSQL wants another user, password or right (${code})`);
      }
      return new CollectError("refused", `PostgreSQL refused (${code})`);
  }
}

function ofLibrary(error: unknown): CollectError | undefined {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "CONNECTION_CLOSED":
    case "CONNECTION_DESTROYED":
    case "CONNECTION_ENDED":
      return new CollectError("refused", "the connection was closed before the whole answer came");
    case "CONNECT_TIMEOUT":
      return new CollectError("timeout", "no connection in time");
    case undefined:
      return new CollectError("parse", "the answer is not PostgreSQL's protocol");
    default:
      return undefined;
  }
}
