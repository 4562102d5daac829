import type { TemplatePart } from "./plan-request.ts";
import { variablePaths } from "./template.ts";

/** What has such a name is a secret: an environment variable, a column of a feed, a user's variable. */
export function isSecretName(name: string): boolean {
  return /PASSWORD|SECRET|TOKEN|KEY/iu.test(name);
}

/** What is filled in there is not to be shown: a secret of the environment, or a variable with a telling name. */
export function isSecretPart(part: TemplatePart): boolean {
  if (typeof part === "string") return false;
  return part.kind === "secret" || variablePaths(part).some((path) => path.some(isSecretName));
}

/** Shorter ones are no secrets, and taking them out would tear every text apart. */
const SHORTEST = 4;
/** As deep as an answer that is worth capturing. */
const DEEPEST = 8;

/**
 * The text without what a user's variables hold under telling names: a variable `token`, the column `password` of a row, a
 * key of what was captured. Nothing is kept for it: it costs only where a text is.
 */
export function redactVariables(text: string, variables: ReadonlyMap<string, unknown>): string {
  let clean = text;
  const look = (value: unknown, secret: boolean, depth: number): void => {
    if (typeof value === "object" && value !== null && depth < DEEPEST) {
      for (const [key, inner] of Object.entries(value)) look(inner, secret || isSecretName(key), depth + 1);
    } else if (secret && (typeof value === "string" || typeof value === "number")) {
      const plain = String(value);
      if (plain.length >= SHORTEST) for (const form of formsOf(plain)) clean = clean.replaceAll(form, "REDACTED");
    }
  };
  for (const [name, value] of variables) look(value, isSecretName(name), 0);
  return clean;
}

/** A value as it may stand in a text: plain, percent-encoded, as in a form, in JSON, in base64. */
function formsOf(value: string): string[] {
  const form = new URLSearchParams({ "": value }).toString().slice(1);
  const base64 = Buffer.from(value).toString("base64");
  // Half a surrogate pair cannot be percent-encoded.
  return [value, encodeURIComponent(value.toWellFormed()), form, JSON.stringify(value).slice(1, -1), base64];
}

/**
 * The secrets of one worker or source: reads them by the names that a plan holds, and takes those that were used out of
 * whatever is kept or shown.
 */
export class Secrets {
  readonly #read: (name: string) => string;
  readonly #forms = new Set<string>();

  constructor(read: (name: string) => string) {
    this.#read = read;
  }

  value(name: string): string {
    const value = this.#read(name);
    this.hide(value);
    return value;
  }

  /** Something that was found to be a secret, such as the password in a URL that is one. */
  hide(value: string): void {
    if (value === "" || this.#forms.has(value)) return;
    for (const form of formsOf(value)) this.#forms.add(form);
  }

  /** The text without the secrets that were used so far. Cut a text after this, not before: half a secret is one too. */
  redact(text: string): string {
    let clean = text;
    for (const form of this.#forms) clean = clean.replaceAll(form, "REDACTED");
    return clean;
  }
}

/** The names of all secrets that a part of a plan holds. */
export function secretNames(part: unknown, names = new Set<string>()): Set<string> {
  if (typeof part !== "object" || part === null) return names;
  if ("kind" in part && part.kind === "secret" && "name" in part && typeof part.name === "string") names.add(part.name);
  for (const inner of Object.values(part)) secretNames(inner, names);
  return names;
}
