import { globSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** One command line that drives load, as somebody would type it. */
export interface GuideCommand {
  /** The guide's name, which is its example's. */
  guide: string;
  /** Its words; what a shell, GitHub or the reader fills in stands as it is written. */
  words: string[];
}

const tools = [
  /^locust /,
  /^k6 run /,
  /^python tests\/load\/\S+\.py/,
  /^bash scripts\/run_load_tests\.sh$/,
  /^scripts\\run_load_tests\.bat$/,
  /^custom\.run\(/,
  /^(npx )?plimsoll (run|-f) /,
];

const examples = resolve(import.meta.dirname, "../../examples");

export const guides = globSync("*.md", { cwd: import.meta.dirname })
  .map((name) => basename(name, ".md"))
  .toSorted();

/** What drives load in a guide, in its order: of its shell blocks, its workflow, its crontab and its Python. */
export function commandsOf(guide: string): GuideCommand[] {
  const text = readFileSync(join(import.meta.dirname, `${guide}.md`), "utf8");
  const blocks = text.matchAll(/^ *```(?:bash|cmd|yaml|python)\n(.*?)^ *```$/gms);
  return [...blocks].flatMap(([, block = ""]) => commandsIn(guide, block));
}

/** What drives load in a guide's example: in its README's shell blocks, its workflow and its crontab. */
export function automationOf(guide: string): GuideCommand[] {
  const folder = join(examples, guide);
  const readme = readFileSync(join(folder, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms);
  const files = globSync(["*.yml", "crontab"], { cwd: folder }).map((name) => readFileSync(join(folder, name), "utf8"));
  return [...[...readme].map(([, block = ""]) => block), ...files].flatMap((text) => commandsIn(guide, text));
}

function commandsIn(guide: string, text: string): GuideCommand[] {
  return text
    .replaceAll(/\\\n\s*/g, " ")
    .split(/\n|&&/)
    .map((line) => line.trim().replace(/^run: /, ""))
    .filter((line) => tools.some((tool) => tool.test(line)))
    .map((line) => ({ guide, words: line.replace(/\$\(date [^)]*\)/, "20260101").split(/\s+(?![^{]*\}\})/) }));
}
