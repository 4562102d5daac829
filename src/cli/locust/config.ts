import { readFileSync } from "node:fs";

/** One line of a configuration file. */
export interface ConfigLine {
  /** The long flag's name, without hyphens. */
  key: string;
  values: string[];
  /** `locust.conf:3` */
  place: string;
}

/** What a file says, with each line that cannot be read as a problem; undefined if there is no such file. */
export function readConfig(path: string): { lines: ConfigLine[]; problems: string[] } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    return { lines: [], problems: [`${path}: cannot be read: ${message}`] };
  }
  return parseConfig(path, path.endsWith(".toml") ? locustTable(text) : text);
}

/** Of a `pyproject.toml` the table `tool.locust`, in its lines; a list of several lines is put into the first of them. */
function locustTable(text: string): string {
  let inside = false;
  const lines = text.split("\n").map((line) => {
    const table = /^\s*\[{1,2}([\w."' -]+)\]{1,2}\s*(?:#.*)?$/.exec(line)?.[1];
    if (table !== undefined) inside = table.trim() === "tool.locust";
    return inside ? line : "";
  });
  return lines.join("\n").replaceAll(/=\s*\[[^\]]*\]/g, (list) => {
    const items = list.replaceAll(/\s*\r?\n\s*/g, " ").replace(/,\s*\]$/, "]");
    return items + "\n".repeat(list.split("\n").length - 1);
  });
}

/**
 * Locust's configuration files: `users = 100`, `users: 100`, `users 100`, `--users 100`, `headless`, `tags = [a, b]`. Lines
 * that begin with `#`, `;`, `[` or `---` are comments and section names. A flag in a table of TOML is written in the same way.
 * Source: ConfigArgParse, "Config file syntax".
 */
export function parseConfig(path: string, text: string): { lines: ConfigLine[]; problems: string[] } {
  const lines: ConfigLine[] = [];
  const problems: string[] = [];
  for (const [i, whole] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const line = whole.trim();
    const place = `${path}:${i + 1}`;
    if (line === "" || /^(?:[#;[]|---)/.test(line)) continue;
    const parts = /^(?:--)?([A-Za-z][\w-]*)(?:\s*[:=]\s*|\s+|$)(.*)$/.exec(line);
    if (parts === null) {
      problems.push(`${place}: expected a flag's name and its value, such as users = 100; got ${JSON.stringify(line)}`);
      continue;
    }
    const [, key = "", rest = ""] = parts;
    const value = rest.replace(/(?:^|\s+)[#;]\s.*$/, "").trim();
    const bare = value === "" && !/[:=]/.test(line);
    lines.push({ key, values: bare ? ["true"] : listOf(value), place });
  }
  return { lines, problems };
}

/** `[a, b]`, `["a", "b"]`, `"a"` or `a`. */
function listOf(value: string): string[] {
  if (value.startsWith("[") && value.endsWith("]") && !value.includes("{")) {
    return value
      .slice(1, -1)
      .split(",")
      .map((one) => unquoted(one.trim()))
      .filter((one) => one !== "");
  }
  return [unquoted(value)];
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}
