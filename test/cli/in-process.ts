import { program } from "../../src/cli/program.ts";

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command of the program in this process. */
export async function plimsoll(
  argv: string[],
  {
    environment = {},
    wallClock = () => Date.UTC(2026, 10, 21, 12),
    onSignal = () => () => {},
  }: Partial<{
    environment: Record<string, string>;
    wallClock: () => number;
    onSignal: (fn: (signal: string) => void) => () => void;
  }> = {},
): Promise<Said> {
  const said: Said = { code: 0, stdout: "", stderr: "" };
  said.code = await program({
    argv,
    environment,
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    onSignal,
    wallClock,
  });
  return said;
}
