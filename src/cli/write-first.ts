import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { firstScenario, isServiceKind, serviceKinds } from "../scenario/first.ts";
import { readScenario } from "../scenario/parse.ts";
import type { InitFlags } from "./init.ts";
import { type Io, UsageError } from "./io.ts";

const USUAL_HOST = "http://localhost:8000";
const USUAL_KIND = "api";

/** Asks what is not given, where there is somebody to ask; writes the file. Throws a UsageError for answers that do not fit. */
export async function writeFirst(io: Io, file: string, flags: InitFlags): Promise<void> {
  const ask = async (question: string, usual: string) => {
    if (flags.yes === true || io.ask === undefined) return usual;
    return (await io.ask(`${question} [${usual}] `)).trim() || usual;
  };
  const host = flags.host ?? (await ask("Where is the service?", USUAL_HOST));
  const kinds = `${serviceKinds.join(", ")}, or a path`;
  const kind = flags.kind ?? (await ask(`What do its users do: ${kinds}?`, USUAL_KIND));
  if (!isServiceKind(kind) && !/^\/[^\s{}"\\]*$/.test(kind)) {
    throw new UsageError(`Expected ${kinds} such as /products, got ${kind}.`);
  }
  const text = firstScenario({ host, kind, file: basename(file) });
  // A host as somebody types it: without its scheme, with a path and a query.
  if (!/^https?:\/\/[^\s"{}#]+$/i.test(host) || "problems" in readScenario(file, text, {}, () => [])) {
    throw new UsageError(`Expected a service such as ${USUAL_HOST}, got ${host}.`);
  }
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new UsageError(`${file} is there already, and is left as it is: give another name.`);
    throw new UsageError(`Cannot write ${file}: ${message}`);
  }
  io.stdout.write(`${file} is written. What next:
  plimsoll check ${file} --once   does each task once
  plimsoll run ${file}            loads the service: 10 users for a minute
`);
}
