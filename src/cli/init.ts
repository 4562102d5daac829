import { Command, Option } from "commander";
import { serviceKinds } from "../scenario/first.ts";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";

export interface InitFlags {
  yes?: boolean;
  host?: string;
  kind?: string;
}

export function initCommand(io: Io, _exit: Exit): Command {
  return new Command("init")
    .description("Writes a first scenario, with comments: asks for the service and what its users do.")
    .argument("[file]", "where it goes; a file that is there is left alone", "plimsoll.yaml")
    .option("-y, --yes", "ask nothing")
    .option("-H, --host <url>", "the service (default: http://localhost:8000)")
    .addOption(new Option("--kind <kind>", `${serviceKinds.join(", ")}, or a path that users get (default: api)`))
    .action(async (file: string, flags: InitFlags) => {
      const { writeFirst } = await import("./write-first.ts");
      await writeFirst(io, file, flags);
    });
}
