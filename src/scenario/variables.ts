import { nearest } from "../verdict/spelling.ts";
import { templateFunctions } from "./plan-request.ts";
import { nameParams, type Problem, SHOWN_NAMES } from "./problem.ts";
import { variablePaths } from "./template.ts";

/** Variables that every user has from its beginning; of a feed its columns. */
export type GivenVariable = { kind: "variable" } | { kind: "feed"; columns?: readonly string[] };
export type Given = ReadonlyMap<string, GivenVariable>;

/** The variables that a user may have; undefined where there is no user, as for a source of the target's health. */
export type Variables = ReadonlySet<string> | undefined;

/** What is wrong with an expression of a user who may have captured these, beside what is given to all. */
export function variableProblem(
  expression: Parameters<typeof variablePaths>[0],
  captured: Variables,
  given: Given,
): Pick<Problem, "code" | "params"> | undefined {
  if (captured === undefined) return { code: "template-not-allowed", params: {} };
  const paths = variablePaths(expression);
  const unknown = paths.find(([name = ""]) => !captured.has(name) && !given.has(name));
  if (unknown !== undefined) return unknownVariable(unknown[0] ?? "", new Set([...captured, ...given.keys()]));
  for (const [name, column] of paths) {
    const columns = columnsOf(given, name);
    if (column === undefined || columns.length === 0 || columns.includes(column)) continue;
    return { code: "unknown-column", params: nameParams(column, columns) };
  }
  return undefined;
}

function columnsOf(given: Given, name: string | undefined): readonly string[] {
  const one = given.get(name ?? "");
  return (one?.kind === "feed" && one.columns) || [];
}

function unknownVariable(name: string, variables: ReadonlySet<string>): Pick<Problem, "code" | "params"> {
  const isFunction = templateFunctions.some((one) => one === name);
  const suggestion = isFunction ? `${name}()` : nearest(name, variables);
  const names = variables.size === 0 ? "" : `one of ${[...variables].slice(0, SHOWN_NAMES).join(", ")}, or `;
  const params = {
    key: name,
    expected: `${names}a function such as uuid()`,
    ...(suggestion === undefined ? {} : { suggestion }),
    hint: "capture: in a step of the same user class makes a variable, feeds: makes tables of them",
  };
  return { code: "unknown-variable", params };
}
