import { once } from "node:events";
import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { CollectError } from "./collect-error.ts";
import { certificateOptions, type Trust } from "./trust.ts";

/** libpq's modes. https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS */
const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof modes)[number];

/** Asks whether the server speaks TLS: a message of 8 bytes with this code (SSLRequest). */
const sslRequest = Buffer.alloc(8);
sslRequest.writeUInt32BE(8);
sslRequest.writeUInt32BE(80_877_103, 4);

/**
 * Takes what an address says of TLS out of it. Where it says nothing, TLS is used if the server has it, as psql does:
 * what psql takes, a source takes.
 * @throws CollectError if the mode is none.
 */
export function takeSslMode(url: URL): SslMode {
  const { searchParams: asked } = url;
  const mode = asked.get("sslmode") ?? (asked.get("ssl") === "true" ? "require" : (asked.get("ssl") ?? "prefer"));
  if (asked.has("sslrootcert")) {
    throw new CollectError("missing", "sslrootcert is not read: name the authority by the scenario's tls: { ca: … }");
  }
  for (const name of ["sslmode", "ssl", "sslnegotiation"]) asked.delete(name);
  if (mode === "false") return "disable";
  const known = modes.find((one) => one === mode);
  if (known === undefined) throw new CollectError("missing", `expected an sslmode of ${modes.join(", ")}`);
  return known;
}

/** The connection to go on with: inside TLS, or as it was where the server has none and the mode admits that. */
export async function securedBy(
  mode: SslMode,
  socket: Socket,
  host: string,
  trust: Trust | undefined,
): Promise<Socket | TLSSocket> {
  if (mode === "disable") return socket;
  socket.write(sslRequest);
  const answer = await firstByte(socket);
  // What comes before TLS could be anybody's (CVE-2021-23222).
  if (answer === "S" && socket.readableLength === 0) return await secured(mode, socket, host, trust);
  if (answer !== "N" && answer !== "E") throw new CollectError("parse", "the answer is not PostgreSQL's protocol");
  if (mode !== "prefer" && mode !== "allow") {
    throw new CollectError("refused", `PostgreSQL does not speak TLS, and sslmode=${mode} asks for it`);
  }
  // It says at once why it admits nobody.
  if (answer === "E") socket.unshift(Buffer.from(answer));
  return socket;
}

async function firstByte(socket: Socket): Promise<string> {
  while (socket.readable) {
    const byte: Buffer | null = socket.read(1);
    if (byte !== null) return byte.toString("latin1");
    await once(socket, "readable");
  }
  throw new CollectError("refused", "the connection was closed before the whole answer came");
}

/** As libpq: before `verify-ca` nobody's certificate is looked at, and only `verify-full` looks whose it is. */
async function secured(
  mode: SslMode,
  socket: Socket,
  host: string,
  trust: Trust | undefined,
): Promise<Socket | TLSSocket> {
  const tls = connect({
    ...certificateOptions(trust),
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: mode.startsWith("verify-"),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  });
  await once(tls, "secureConnect");
  return tls;
}
