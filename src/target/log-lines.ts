import { EXHIBIT_LINES, type Exhibit } from "../metrics/exhibit.ts";
import { masked } from "./masking.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "other"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The words that loggers use, by what they mean: of syslog, Python, Java, Go, Node. */
const words: Record<string, LogLevel> = {
  trace: "trace",
  finest: "trace",
  verbose: "debug",
  debug: "debug",
  fine: "debug",
  info: "info",
  information: "info",
  notice: "info",
  log: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  severe: "error",
  critical: "fatal",
  crit: "fatal",
  fatal: "fatal",
  panic: "fatal",
  alert: "fatal",
  emerg: "fatal",
  emergency: "fatal",
};

/** A level stands near the beginning of a line; what comes later is what was said. */
const NEAR = 200;
/** Alone and in capitals it is a level; in other spelling only where it stands as one: `[error]`, `level=error`. */
const capital = new RegExp(`(?<![\\w/.-])(${Object.keys(words).join("|").toUpperCase()})(?![\\w/-])`);
const marked = new RegExp(`[[<(|]\\s*(${Object.keys(words).join("|")})\\s*[\\]>)|]`, "i");
const first = new RegExp(`^\\W*(${Object.keys(words).join("|")})\\b\\s*[:|\\]-]`, "i");
const named = /(?:"|\b)(?:level|lvl|severity|levelname|log\.level)"?\s*[=:]\s*"?(\w+)/i;
/** Pino's and bunyan's numbers. */
const numbers: [from: number, level: LogLevel][] = [
  [60, "fatal"],
  [50, "error"],
  [40, "warn"],
  [30, "info"],
  [20, "debug"],
  [10, "trace"],
];

/** The level that a line of a log has, of whatever logger; `other` where none is told. */
export function levelOf(line: string): LogLevel {
  const said = named.exec(line.slice(0, 2000))?.[1];
  if (said !== undefined) {
    const level = words[said.toLowerCase()] ?? numbers.find(([from]) => Number(said) >= from)?.[1];
    if (level !== undefined) return level;
  }
  const start = line.slice(0, NEAR);
  const found = (capital.exec(start) ?? marked.exec(start) ?? first.exec(start))?.[1];
  return (found === undefined ? undefined : words[found.toLowerCase()]) ?? "other";
}

/** A pattern that lines are counted by. */
export interface LinePattern {
  name: string;
  pattern: RegExp;
}

/** Counts lines by level and pattern, and keeps the last of them. */
export class LogLines {
  readonly levels = new Map<LogLevel, number>(logLevels.map((level) => [level, 0]));
  readonly matches: Map<string, number>;
  readonly #patterns: readonly LinePattern[];
  readonly #recent: { at: number; line: string }[] = [];

  constructor(patterns: readonly LinePattern[]) {
    this.#patterns = patterns;
    this.matches = new Map(patterns.map(({ name }) => [name, 0]));
  }

  add(line: string, at: number): void {
    if (line.trim() === "") return;
    const level = levelOf(line);
    this.levels.set(level, (this.levels.get(level) ?? 0) + 1);
    for (const { name, pattern } of this.#patterns) {
      if (pattern.test(line.slice(0, 4000))) this.matches.set(name, (this.matches.get(name) ?? 0) + 1);
    }
    this.#recent.push({ at, line });
    if (this.#recent.length > EXHIBIT_LINES) this.#recent.shift();
  }

  /** The last lines; masked here, as few are ever shown. */
  exhibit(source: string, at: number): Exhibit[] {
    const lines = this.#recent.map((one) => `${((one.at - at) / 1000).toFixed(0)} s  ${masked(one.line)}`);
    return lines.length === 0 ? [] : [{ source, title: "last log lines", at, lines }];
  }
}
