import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onPath } from "../../services.ts";
import type { Peer } from "./peer.ts";
import { said } from "./version.ts";

export const oha: Peer = {
  name: "oha",
  program: onPath("oha"),
  install: "cargo install oha --locked",
  version: (program) => said(program, ["--version"], /oha (\S+)/),
  loop: (program, { url, users, seconds }) => ({
    program,
    args: ["--no-tui", "-c", `${users}`, "-z", `${seconds}s`, url],
  }),
  open(program, { url, users, seconds, perSecond, folder }) {
    const output = join(folder, "oha.json");
    return {
      program,
      args: [
        ...["--no-tui", "-c", `${users}`, "-z", `${seconds}s`, "-q", `${perSecond}`, "--latency-correction"],
        ...["--output-format", "json", "-o", output, url],
      ],
      figures() {
        const { latencyPercentiles } = JSON.parse(readFileSync(output, "utf8")) as {
          latencyPercentiles: { p90: number; p99: number };
        };
        return latencyPercentiles;
      },
    };
  },
};
