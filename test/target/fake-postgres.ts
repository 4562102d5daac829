import type { Socket } from "node:net";

/** What a query gives: columns, and rows of texts. */
export interface FakeTable {
  columns: string[];
  rows: (string | null)[][];
}

/** A refusal with its code, such as 42P01. */
export interface FakeRefusal {
  code: string;
  message: string;
}

/** The code of the message that asks for TLS. */
const SSL_REQUEST = 80_877_103;

/** Speaks as much of PostgreSQL's protocol as simple queries need, without TLS, and lets everybody in. */
export function speakPostgres(socket: Socket, answer: (query: string) => FakeTable | FakeRefusal): void {
  let bytes = Buffer.alloc(0);
  let started = false;
  socket.on("data", (piece) => {
    bytes = Buffer.concat([bytes, Buffer.from(piece)]);
    for (;;) {
      const head = started ? 1 : 0;
      if (bytes.length < head + 4) return;
      const end = head + bytes.readUInt32BE(head);
      if (bytes.length < end) return;
      const body = bytes.subarray(head + 4, end);
      if (!started && body.length === 4 && body.readUInt32BE() === SSL_REQUEST) {
        bytes = bytes.subarray(end);
        socket.write("N");
        continue;
      }
      const type = started ? bytes.toString("latin1", 0, 1) : "";
      bytes = bytes.subarray(end);
      if (!started) socket.write(Buffer.concat([message("R", int32(0)), ready]));
      else if (type === "Q")
        socket.write(Buffer.concat([...reply(answer(body.toString("utf8", 0, body.length - 1))), ready]));
      started = true;
    }
  });
}

function reply(answer: FakeTable | FakeRefusal): Buffer[] {
  if ("code" in answer) {
    const fields = `SERROR\0VERROR\0C${answer.code}\0M${answer.message}\0\0`;
    return [message("E", Buffer.from(fields))];
  }
  // Types: float8 for what looks like a number, else text.
  const typeOf = (column: number) => (answer.rows.every((row) => /^-?[\d.]+$/.test(row[column] ?? "0")) ? 701 : 25);
  const columns = answer.columns.map((name, i) =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(typeOf(i)), int16(-1), int32(-1), int16(0)]),
  );
  const rows = answer.rows.map((row) => {
    const values = row.map((value) =>
      value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]),
    );
    return message("D", Buffer.concat([int16(row.length), ...values]));
  });
  return [
    message("T", Buffer.concat([int16(columns.length), ...columns])),
    ...rows,
    message("C", Buffer.from("SELECT\0")),
  ];
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const ready = message("Z", Buffer.from("I"));

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
