import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPath } from "../../services.ts";
import type { Command, Load, Peer } from "./peer.ts";
import { said } from "./version.ts";

function locustfile(path: string, pause: string): string {
  return `from locust import FastHttpUser, constant, task

class Visitor(FastHttpUser):
    wait_time = constant(${pause})

    @task
    def ask(self):
        self.client.get(${JSON.stringify(path)})
`;
}

function command(program: string, { url, users, folder }: Load, pause: number, seconds: number): Command {
  const { origin, pathname } = new URL(url);
  const file = join(folder, "locustfile.py");
  writeFileSync(file, locustfile(pathname, `${pause}`));
  return {
    program,
    args: [
      "-f",
      file,
      "--headless",
      "-H",
      origin,
      "-u",
      `${users}`,
      "-r",
      "1000",
      "-t",
      `${seconds}s`,
      "--only-summary",
    ],
  };
}

/** Its faster client; a status from 400 on is a failure, as with Plimsoll. */
export const locust: Peer = {
  name: "Locust, FastHttpUser",
  program: onPath("locust"),
  install: "pip install locust",
  version: (program) => said(program, ["--version"], /locust (\S+)/),
  loop: (program, load) => command(program, load, 0, load.seconds),
  idle: (program, load) => command(program, load, load.seconds, load.seconds),
  // Its shortest run.
  once: (program, load) => command(program, load, 60, 1),
};
