import { spawnSync } from "node:child_process";

/** What a program prints of its version, wherever it prints it: `pattern`'s first group. */
export function said(program: string, args: string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? "unknown version";
}
