import { nearest } from "../../verdict/spelling.ts";
import { type LocustFlag, locustFlags } from "./flags.ts";

/** What stands on a command line: values by long flag, none for a switch, and user classes. */
export interface CommandLine {
  given: Map<string, string[]>;
  classes: string[];
  problems: string[];
}

/**
 * argv as Locust's parser reads it: a value after a space or `=`, or glued to a short flag; a long flag by the beginning that
 * only it has; classes anywhere; all that follows `--` is classes. Source: Python's argparse, "Arguments containing -",
 * "Option value syntax".
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const line: CommandLine = { given: new Map(), classes: [], problems: [] };
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") line.classes.push(...rest.splice(0));
    else if (isFlag(word)) takeFlag(line, word, rest);
    else line.classes.push(word);
  }
  return line;
}

/** Takes what belongs to a flag off `rest`. */
function takeFlag({ given, problems }: CommandLine, word: string, rest: string[]): void {
  const found = findFlag(word);
  if ("problem" in found) {
    problems.push(found.problem);
    return;
  }
  const { flag, attached } = found;
  const values = attached === undefined ? [] : [attached];
  if (flag.argument === undefined) {
    if (attached !== undefined) problems.push(`${flag.long} takes no value, got ${JSON.stringify(attached)}.`);
    given.set(flag.long, []);
    return;
  }
  const most = attached !== undefined ? 1 : flag.many ? Number.POSITIVE_INFINITY : 1;
  while (values.length < most && rest[0] !== undefined && !isFlag(rest[0])) values.push(rest.shift() as string);
  if (values.length === 0 && !flag.many) problems.push(`${flag.long} needs a value: ${flag.long} ${flag.argument}`);
  given.set(flag.long, flag.repeated ? [...(given.get(flag.long) ?? []), ...values] : values);
}

type Found = { flag: LocustFlag; attached?: string } | { problem: string };

function findFlag(word: string): Found {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const attached = equals < 0 ? {} : { attached: word.slice(equals + 1) };
  const exact = locustFlags.find(({ long, short }) => long === name || short === name);
  if (exact !== undefined) return { flag: exact, ...attached };
  const glued = locustFlags.find(({ short, argument }) => short === word.slice(0, 2) && argument !== undefined);
  if (glued !== undefined) return { flag: glued, attached: word.slice(2) };
  const begun = name.length > 2 ? locustFlags.filter(({ long }) => long.startsWith(name)) : [];
  const [only, ...more] = begun;
  if (only !== undefined && more.length === 0) return { flag: only, ...attached };
  if (only !== undefined) return { problem: `${name} could be ${begun.map(({ long }) => long).join(" or ")}.` };
  const names = locustFlags.map(({ long }) => long);
  return { problem: `There is no flag ${name}.${didYouMean(name, names)}` };
}

/** A negative number is a value. */
function isFlag(word: string): boolean {
  return /^-./.test(word) && !/^-\d+(\.\d+)?$/.test(word);
}

/** ` Did you mean '--users'?`, or nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const meant = nearest(word, names);
  return meant === undefined ? "" : ` Did you mean '${meant}'?`;
}
