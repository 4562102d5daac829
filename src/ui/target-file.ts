import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerProblem } from "./problem.ts";

/**
 * `targets.json` in the runs folder: where Prometheus finds `/metrics` whatever port it has (file_sd). The job's name comes
 * from the scrape configuration. Replaced as a whole, so that Prometheus never reads half of it.
 *
 * Source: Prometheus, "Configuration", file_sd_config.
 */
export class TargetFile {
  readonly #folder: string;
  #written: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get path(): string {
    return join(this.#folder, "targets.json");
  }

  /** Names this server (`127.0.0.1:8089`) as the one target. */
  async name(address: string): Promise<ServerProblem | undefined> {
    const text = `${JSON.stringify([{ targets: [address] }])}\n`;
    const problem = await this.#replace(text);
    if (problem === undefined) this.#written = text;
    return problem;
  }

  /** Leaves an empty list; does nothing if another run has named itself meanwhile. */
  async clear(): Promise<ServerProblem | undefined> {
    if (this.#written === undefined) return undefined;
    let text: string | undefined;
    try {
      text = await readFile(this.path, "utf8");
    } catch {
      // Whoever removed the file or made it unreadable has ended what it said.
    }
    return text === this.#written ? this.#replace("[]\n") : undefined;
  }

  async #replace(text: string): Promise<ServerProblem | undefined> {
    const temporary = join(this.#folder, `.targets.json.${process.pid}`);
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(temporary, text);
      await rename(temporary, this.path);
      return undefined;
    } catch (error) {
      const message = `Cannot write ${this.path} (${(error as Error).message}): Prometheus will not find this run by it. Make the folder writable.`;
      return { kind: "problem", message };
    }
  }
}
