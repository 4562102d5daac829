/** Where a command reads and writes: the process's own, or a test's. */
export interface Io {
  /** What follows the program's name. */
  argv: string[];
  environment: Record<string, string | undefined>;
  stdout: Output;
  stderr: Output;
  /** Calls `fn` at each SIGINT or SIGTERM until what it returns is called. */
  onSignal(fn: (signal: string) => void): () => void;
  /** Calls `fn` for each key until what it returns is called. Only where there is a keyboard: a terminal, in the foreground. */
  onKey?(fn: (key: string) => void): () => void;
  /** Asks for a line. Only where there is a keyboard. */
  ask?(question: string): Promise<string>;
  /** Unix milliseconds. */
  wallClock(): number;
}

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** What is wrong with what somebody typed, as a sentence; exit code 104. */
export class UsageError extends Error {}

/** A scenario's code threw before anything ran: what and where, for its author; exit code 107. */
export class CodeError extends Error {}

/** A scenario's code threw. */
export const EXIT_THREW = 107;
/** The scenario or the flags are wrong. */
export const EXIT_USAGE = 104;
/** Our own bug. */
export const EXIT_BUG = 1;

/** Colours are for people at a terminal who have not said NO_COLOR (no-color.org). */
export function wantsColor({ stdout, environment }: Io): boolean {
  return stdout.isTTY === true && environment["NO_COLOR"] === undefined;
}
