import type { Family, Format } from "./prometheus-family.ts";

export const contentTypes: Record<Format, string> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** A metric's lines with what its head says. */
export interface Block {
  name: string;
  type: string;
  help: string;
  lines: string;
}

/**
 * All families, and what prom-client tells of the process, rendered in two formats: each once for each snapshot. It is no
 * registry of prom-client's: that one renders 1,000 histograms in 240 ms of blocked event loop, has one format, and in
 * OpenMetrics mode renames the counters for good (prometheus/client_js#829).
 */
export class ExpositionRegistry {
  readonly #families = new Map<string, Family>();
  readonly #kept = new Map<Format, Promise<string>>();
  #process: Promise<Block[]> | undefined;

  get families(): Family[] {
    return [...this.#families.values()];
  }

  /** Throws for a name that is taken: two families of one name are no exposition. */
  register(family: Family): void {
    if (this.#families.has(family.name)) throw new Error(`A metric named ${family.name} is registered already`);
    this.#families.set(family.name, family);
  }

  /** The next render sees new values; until then each format is rendered once. */
  refresh(): void {
    this.#kept.clear();
    this.#process = undefined;
  }

  render(format: Format): Promise<string> {
    let kept = this.#kept.get(format);
    if (kept === undefined) {
      kept = this.#render(format);
      this.#kept.set(format, kept);
    }
    return kept;
  }

  async #render(format: Format): Promise<string> {
    // Some of prom-client's process metrics start over when they are read: both formats share one reading.
    this.#process ??= loadProcessMetrics().then(({ processBlocks }) => processBlocks());
    const process = await this.#process;
    const own = this.families.map((family) => ({ ...headOf(family), lines: family.lines(format) }));
    return format === "text" ? prometheusText([...own, ...process]) : openMetrics([...own, ...process]);
  }
}

/**
 * prom-client, whose observers of the process begin when it is loaded. A run loads it with its first tick: it takes a part of
 * what a start takes.
 */
export function loadProcessMetrics(): Promise<typeof import("./prometheus-process.ts")> {
  return import("./prometheus-process.ts");
}

function headOf({ name, type, help }: Family): Omit<Block, "lines"> {
  return { name, type, help };
}

function prometheusText(blocks: Block[]): string {
  let body = "";
  for (const { name, type, help, lines } of blocks) {
    if (lines === "") continue;
    body += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines}`;
  }
  return body;
}

function openMetrics(blocks: Block[]): string {
  const names = new Set(blocks.map(({ name }) => name));
  let body = "";
  for (const { name, type, help, lines } of blocks) {
    if (lines === "") continue;
    const family = openMetricsFamily(name, type, names);
    body += `# TYPE ${family.name} ${family.type}\n`;
    body += `# HELP ${family.name} ${escapeHelp(help).replaceAll('"', '\\"')}\n${lines}`;
  }
  return `${body}# EOF\n`;
}

/**
 * OpenMetrics calls a counter's family by its name without `_total`. A counter of somebody's own that has no such end, or
 * whose short name is taken, is of unknown type there: so its samples keep one name in both formats.
 */
function openMetricsFamily(name: string, type: string, names: Set<string>): { name: string; type: string } {
  if (type !== "counter") return { name, type };
  const short = name.replace(/_total$/, "");
  return short === name || names.has(short) ? { name, type: "unknown" } : { name: short, type };
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/**
 * The format that a scraper's `Accept` asks for: OpenMetrics 1.0 if it is named and not liked less than plain text,
 * otherwise Prometheus text.
 */
export function formatFor(accept: string | undefined): Format {
  let openmetrics = 0;
  let plain = 0;
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const named = new Map(parameters.map((one) => [one.split("=")[0]?.trim(), one.split("=")[1]?.trim()]));
    const quality = Number(named.get("q") ?? 1);
    const version = named.get("version")?.replaceAll('"', "");
    if (type === "application/openmetrics-text" && (version === undefined || version === "1.0.0")) {
      openmetrics = Math.max(openmetrics, quality);
    }
    if (type === "text/plain") plain = Math.max(plain, quality);
  }
  return openmetrics > 0 && openmetrics >= plain ? "openmetrics" : "text";
}
