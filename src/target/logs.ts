import type { Exhibit } from "../metrics/exhibit.ts";
import type { Observation } from "../metrics/observation.ts";
import type { LogsSource } from "../scenario/plan-source.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { ContainerLog } from "./container-log.ts";
import { DockerEngine } from "./engine.ts";
import { Filling } from "./filling.ts";
import { LogFile } from "./log-file.ts";
import { LogLines } from "./log-lines.ts";
import { Look } from "./look.ts";
import { Remarks } from "./remarks.ts";

/** A log that is followed from its end: its lines counted by level and pattern, the last of them kept for who asks. */
export class LogsCollector implements Collector {
  readonly name: string;
  readonly kind = "logs";
  readonly #log: LogFile | ContainerLog;
  readonly #lines: LogLines;
  readonly #remarks: Remarks;
  readonly #deps: CollectorDeps;

  constructor({ name, log, patterns, timeoutMs }: LogsSource, deps: CollectorDeps) {
    this.name = name;
    this.#deps = deps;
    this.#remarks = new Remarks(name, new Filling(deps), deps);
    this.#lines = new LogLines(
      patterns.map(({ name: pattern, matches }) => ({ name: pattern, pattern: new RegExp(matches, "u") })),
    );
    this.#log =
      log.kind === "file"
        ? new LogFile(log.path)
        : new ContainerLog(new DockerEngine(log.engine, timeoutMs, deps.clock), log.containers);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const from = this.#deps.clock.now();
    const lines = await this.#read(signal);
    const at = (from + this.#deps.clock.now()) / 2;
    for (const line of lines) this.#lines.add(line, at);
    const look = new Look(this.name, at);
    for (const [level, count] of this.#lines.levels) look.tell("log_lines_total", count, { level });
    for (const [pattern, count] of this.#lines.matches) look.tell("log_matches_total", count, { pattern });
    return look.observations;
  }

  async evidence(): Promise<Exhibit[]> {
    return this.#lines.exhibit(this.name, this.#deps.clock.now());
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async #read(signal: AbortSignal): Promise<string[]> {
    if (this.#log instanceof ContainerLog) return this.#log.read(signal);
    const { lines, skipped } = await this.#log.read();
    if (skipped > 0) {
      const at = this.#deps.clock.now();
      this.#remarks.once("skipped", at, `the log grows faster than it is read: ${skipped} bytes were passed over`);
    }
    return lines;
  }
}
