import { onPath } from "../../services.ts";
import type { Load, Peer } from "./peer.ts";

/** Goose is a library: `peers/goose` is the program, one transaction of one request. */
export const goose: Peer = {
  name: "Goose",
  program: onPath("goose-bench"),
  install: "cargo install --path test/bench/peers/goose",
  // The crate carries the version of the library that it is written for.
  version: () => "0.19",
  loop: (program, { url, users, seconds }: Load) => ({
    program,
    args: [
      ...["--host", new URL(url).origin, "--users", `${users}`, "--increase-rate", "1000"],
      ...["--run-time", `${seconds}`, "--no-print-metrics"],
    ],
  }),
};
