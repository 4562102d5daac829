import { onPath } from "../../services.ts";
import type { Peer } from "./peer.ts";
import { said } from "./version.ts";

export const autocannon: Peer = {
  name: "autocannon",
  program: onPath("autocannon"),
  install: "npm install --global autocannon",
  version: (program) => said(program, ["--version"], /autocannon v(\S+)/),
  // Its own program asks for the Node on the PATH: the one that runs this, as for all that are written in JavaScript.
  loop: (program, { url, users, seconds }) => ({
    program: process.execPath,
    args: [program, "-c", `${users}`, "-d", `${seconds}`, url],
  }),
};
