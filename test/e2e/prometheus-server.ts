import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { program } from "../services.ts";
import { freePort, until } from "./network.ts";

/** `value` of an instant query. */
interface Series {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/**
 * A real Prometheus on a free port, with its data in a temporary folder; it scrapes each second what a file_sd file names,
 * and follows the rules that the folder holds as `rules.yml`.
 */
export class Prometheus {
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(folder: string, targets: string, flags: string[] = []): Promise<Prometheus> {
    const config = join(folder, "prometheus.yml");
    mkdirSync(join(folder, "data"));
    // It watches the folder for the file that the run will write.
    mkdirSync(dirname(targets), { recursive: true });
    writeFileSync(
      config,
      `global: { scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s }
rule_files: ["${join(folder, "rules.yml")}"]
scrape_configs:
  - job_name: plimsoll
    file_sd_configs: [{ files: ["${targets}"], refresh_interval: 1s }]
`,
    );
    const port = await freePort();
    const server: ChildProcess = spawn(
      program("prometheus") ?? "",
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
        ...flags,
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    onTestFinished(() => void server.kill("SIGKILL"));
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`);
    await until(async () => (await fetch(`${prometheus.url}/-/ready`)).ok);
    return prometheus;
  }

  /**
   * What Prometheus last saw of a selector's series, added up; undefined if there was nothing. A run that has ended takes
   * itself off the list of targets, and its series are stale from then on.
   */
  last(selector: string): Promise<number | undefined> {
    return this.value(`sum(last_over_time(${selector}[5m]))`);
  }

  /** The one value of an instant query, undefined if there is none. */
  async value(expression: string): Promise<number | undefined> {
    const [first] = await this.query(expression);
    return first === undefined ? undefined : Number(first.value[1]);
  }

  /** At `time` (Unix seconds), now unless given. */
  query(expression: string, time?: number): Promise<Series[]> {
    const at = time === undefined ? {} : { time: String(time) };
    return this.#ask<{ result: Series[] }>("query", { query: expression, ...at }).then(({ result }) => result);
  }

  async queryRange(expression: string, start: number, end: number): Promise<Series[]> {
    const range = { query: expression, start: String(start), end: String(end), step: "1" };
    return (await this.#ask<{ result: Series[] }>("query_range", range)).result;
  }

  /** How each of its rules fares: `health` is ok, err or unknown. */
  async rules(): Promise<{ name: string; health: string; lastError?: string }[]> {
    const { groups } = await this.#ask<{ groups: { rules: { name: string; health: string }[] }[] }>("rules", {});
    return groups.flatMap((group) => group.rules);
  }

  labelValues(label: string, selector: string): Promise<string[]> {
    return this.#ask(`label/${label}/values`, { "match[]": selector });
  }

  /** The trace ids of a series' exemplars. */
  async exemplars(selector: string, start: number, end: number): Promise<string[]> {
    const range = { query: selector, start: String(start), end: String(end) };
    const found = await this.#ask<{ exemplars: { labels: Record<string, string> }[] }[]>("query_exemplars", range);
    return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["trace_id"] ?? ""));
  }

  async #ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; data: T };
    if (answer.status !== "success") throw new Error(`${JSON.stringify(parameters)}: ${JSON.stringify(answer)}`);
    return answer.data;
  }

  /** Resolves once Plimsoll has been scraped. */
  scrapedOnce(): Promise<void> {
    return until(async () => (await this.value('up{job="plimsoll"}')) === 1);
  }
}
