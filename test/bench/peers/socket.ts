import { join } from "node:path";
import type { Peer } from "./peer.ts";

/** What Node alone can reach: a socket and the least of a parser. */
export const socket: Peer = {
  name: "bare net.Socket",
  program: process.execPath,
  install: "comes with Plimsoll",
  version: () => `Node ${process.versions.node}`,
  loop: (program, { url, users }) => ({
    program,
    args: [join(import.meta.dirname, "socket-loop.ts"), url, `${users}`],
  }),
};
