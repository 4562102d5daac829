import { existsSync } from "node:fs";

const itsModules = /\b(?:from|import)\s*\(?\s*["'](?:k6["'/]|https:\/\/jslib\.k6\.io\/)|\brequire\(\s*["']k6["'/]/;

/** What to do with a script of k6's, which is JavaScript as a scenario may be, for people; undefined if it is none. */
export function k6Script(path: string, text: string): string | undefined {
  if (!itsModules.test(text)) return undefined;
  const beside = [".yaml", ".yml"]
    .map((ending) => path.replace(/\.[cm]?[jt]s$/i, ending))
    .find((one) => existsSync(one));
  const hint =
    beside === undefined
      ? "Write its functions as tasks, in YAML or TypeScript; docs/k6.md shows how, line by line."
      : `${beside} lies beside it: give that one.`;
  return `${path} is a script of k6's: Plimsoll runs scenarios of its own. ${hint}`;
}
