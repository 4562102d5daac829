import { onPath } from "../../services.ts";
import type { Peer } from "./peer.ts";
import { said } from "./version.ts";

export const wrk: Peer = {
  name: "wrk",
  program: onPath("wrk"),
  install: "apt-get install wrk",
  version: (program) => said(program, ["--version"], /wrk \S*?(\d+\.\d+\.\d+)/),
  loop: (program, { url, users, seconds }) => ({
    program,
    args: ["-t1", `-c${users}`, `-d${seconds}s`, url],
  }),
};
