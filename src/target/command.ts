import { spawn } from "node:child_process";
import type { Observation } from "../metrics/observation.ts";
import type { CommandSource } from "../scenario/plan-source.ts";
import { CollectError, codeOf } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Filling } from "./filling.ts";
import { JsonMappings } from "./json-mappings.ts";
import { masked } from "./masking.ts";
import { Remarks } from "./remarks.ts";

const MAX_BYTES = 1_000_000;
const MAX_ERROR_BYTES = 10_000;

/**
 * A command's output: a number (`$`), a JSON document, or lines of `key=value` or `key: value` (`$.key`). It runs without a
 * shell, in a process group of its own, which is killed when its time is over or it says too much.
 */
export class CommandCollector implements Collector {
  readonly name: string;
  readonly kind = "command";
  readonly #words: (() => string)[];
  readonly #filling: Filling;
  readonly #mappings: JsonMappings;
  readonly #deps: CollectorDeps;
  readonly #closed = new AbortController();

  constructor(source: CommandSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#deps = deps;
    this.#filling = new Filling(deps);
    this.#words = source.command.map((word) => this.#filling.template(word));
    this.#mappings = new JsonMappings(source, new Remarks(source.name, this.#filling, deps), this.#filling);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const startedAt = this.#deps.clock.now();
    const [program = "", ...args] = this.#words.map((word) => word());
    const output = await this.#run(program, args, AbortSignal.any([signal, this.#closed.signal]));
    return this.#mappings.observe(documentOf(output), (startedAt + this.#deps.clock.now()) / 2);
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #run(program: string, args: string[], signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new CollectError("timeout", "the command was not run in time"));
        return;
      }
      // A group of its own: what the command has started ends with it.
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
      const pieces: Buffer[] = [];
      let size = 0;
      let complaint = "";
      const end = (error: CollectError) => {
        killGroup(child.pid);
        reject(error);
      };
      const late = () =>
        end(new CollectError("timeout", "the command took longer than the source's time, and was killed"));
      signal.addEventListener("abort", late, { once: true });
      child.stdout.on("data", (piece: Buffer) => {
        size += piece.length;
        if (size > MAX_BYTES)
          end(new CollectError("parse", `expected at most ${MAX_BYTES / 1e6} MB of output, got more`));
        else pieces.push(piece);
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        if (complaint.length < MAX_ERROR_BYTES) complaint += text;
      });
      child.on("error", (error) => {
        signal.removeEventListener("abort", late);
        const code = codeOf(error);
        const why = code === "ENOENT" ? "there is no such program" : `it cannot be run (${code})`;
        reject(new CollectError(code === "EACCES" ? "auth" : "missing", this.#filling.redact(`${program}: ${why}`)));
      });
      child.on("close", (code, killedBy) => {
        signal.removeEventListener("abort", late);
        if (code === 0) resolve(Buffer.concat(pieces).toString("utf8"));
        else {
          const [said = ""] = complaint.trim().split("\n");
          const how = code === null ? `ended by ${killedBy}` : `ended with code ${code}`;
          const message = said === "" ? how : `${how}: ${masked(this.#filling.redact(said))}`;
          reject(new CollectError("refused", message));
        }
      });
    });
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended in this moment.
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/** A JSON document, the lines of `key=value` as one, or the text itself, which may be a number. */
function documentOf(output: string): unknown {
  const text = output.trim();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Then it is text.
  }
  const pairs = text.split("\n").flatMap((line): [string, string][] => {
    const [, key, value] = /^\s*([\w.-]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value]];
  });
  // Without a prototype: __proto__ is a key like any other.
  return pairs.length === 0 ? text : Object.assign(Object.create(null), Object.fromEntries(pairs));
}
