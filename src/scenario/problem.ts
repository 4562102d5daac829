import { nearest } from "../verdict/spelling.ts";

/** What can be wrong with a scenario. The text of each is made by `describeProblems`, nowhere else. */
const headlines = {
  "yaml-syntax": "this is not YAML",
  "quote-it": "YAML reads this as something else: quote it",
  "unquoted-template": "YAML reads unquoted braces as a map: quote the whole text",
  "unsupported-tag": "YAML tags are not used in scenarios",
  "duplicate-key": "this key was there before",
  "several-documents": "a file holds one scenario: here a second document begins",
  "unknown-alias": "this alias refers to no anchor before it",
  "bad-merge": "<< takes a map, or a list of maps",
  "bad-key": "this cannot be a key",
  "too-large": "the file is too large",
  "too-deep": "the scenario is nested too deeply, or contains itself",
  "no-scenario": "the module exports no scenario by default",
  "unknown-key": "unknown key",
  "not-supported": "not supported yet",
  "missing-key": "missing key",
  "wrong-type": "wrong kind of value",
  "wrong-value": "wrong value",
  conflict: "this excludes what is there already",
  "missing-environment": "this environment variable is not set and has no default",
  "environment-syntax": `this \${…} cannot be read`,
  "secret-not-allowed": "a secret may stand only in a URL, a header or a body",
  "password-in-url": "a password in a URL must come from the environment",
  "template-syntax": "this {{ … }} cannot be read",
  "template-not-allowed": "{{ … }} can be filled in only in what a user sends or expects",
  "unknown-function": "unknown function",
  "function-arguments": "wrong arguments",
  feed: "the rows of this feed cannot be read",
  "unknown-column": "this feed has no such column",
  "unknown-variable": "nothing captures this variable",
  "json-path": "this JSONPath cannot be read",
  pattern: "this regular expression cannot be read",
  url: "this is no URL that can be requested",
  "no-host": "the URL is relative and there is no host",
  file: "this file cannot be used",
  header: "this cannot be sent as a header",
  threshold: "this threshold cannot be read",
  "unknown-reference": "nothing in this scenario has this name",
  metric: "this is no metric",
  "number-precision": "this number has too many digits to be kept exactly: quote it",
  option: "this profile does not take this option",
  "commands-not-allowed": "a scenario runs commands only where that is allowed",
  "unknown-tag": "no task has this tag",
  "no-task": "the tags choose no task",
  "fixed-count": "users of a fixed number do not fit this load",
  "no-load": "the profile has no load to run",
  "profile-needed": "the scenario has several profiles: name one",
} as const;

export type ProblemCode = keyof typeof headlines;

/**
 * One mistake in a scenario. `line` and `column` count from 1; line 0 is the command line. `path` is where in the
 * structure (`users.Buyer.tasks.Pay.get`). Of `params` the text shows `key`, `expected`, `got`, `suggestion`, `hint`;
 * `length` is what the caret underlines. None ever holds a secret.
 */
export interface Problem {
  code: ProblemCode;
  line: number;
  column: number;
  path: string;
  params: ProblemParams;
}

export interface ProblemParams extends Record<string, unknown> {
  key?: string;
  expected?: string;
  got?: string;
  suggestion?: string;
  hint?: string;
  length?: number;
}

/** Of a list of names so many are shown. */
export const SHOWN_NAMES = 30;

/** What is told of a name that is none of the known ones: which there are, and which was probably meant. */
export function nameParams(key: string, known: Iterable<string>): ProblemParams {
  const names = [...known];
  const suggestion = nearest(key, names);
  return {
    key,
    ...(names.length === 0 ? {} : { expected: `one of ${names.slice(0, SHOWN_NAMES).join(", ")}` }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

const SHOWN_PROBLEMS = 50;
/** Columns of a line that are shown, so that a line of a megabyte stays readable. */
const SHOWN_COLUMNS = 160;

/** All problems for a terminal: `file:line:column`, the line with a caret, what was expected, what was got. */
export function describeProblems(file: string, text: string, problems: readonly Problem[]): string {
  const lines = text.replace(/^\uFEFF/u, "").split("\n");
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => describe(file, lines, problem));
  const more = problems.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return shown.join("\n\n");
}

function describe(file: string, lines: readonly string[], { code, line, column, params }: Problem): string {
  const { key, expected, got, suggestion, hint, length = 1 } = params;
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return [
    printable(`${place}: ${headlines[code]}${key === undefined ? "" : ` "${key}"`}`),
    ...(line === 0 ? [] : excerpt(lines[line - 1] ?? "", line, column, length)),
    ...(expected === undefined ? [] : [printable(`  expected ${expected}`)]),
    ...(got === undefined ? [] : [printable(`  got ${got}`)]),
    ...(suggestion === undefined ? [] : [printable(`  did you mean ${suggestion}?`)]),
    ...(hint === undefined ? [] : [printable(`  ${hint}`)]),
  ].join("\n");
}

function excerpt(whole: string, line: number, column: number, length: number): string[] {
  const from = column > SHOWN_COLUMNS ? column - SHOWN_COLUMNS / 2 : 0;
  const text = whole.slice(from, from + SHOWN_COLUMNS).replace(/\r$/u, "");
  const margin = `  ${line} | `;
  // A tab stays a tab, so that the caret stands below its character.
  const indent = text.slice(0, column - 1 - from).replaceAll(/[^\t]/gu, " ");
  const carets = "^".repeat(Math.max(1, Math.min(length, text.length - (column - 1 - from))));
  return [printable(margin + text), `${" ".repeat(margin.length - 2)}| ${indent}${carets}`];
}

/** A scenario may come from a stranger: nothing in it moves the terminal's cursor. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/gu, "\ufffd");
}
