import { EXHIBIT_LINE_LENGTH } from "../metrics/exhibit.ts";

const MASK = "REDACTED";

/**
 * What looks like a secret in somebody else's text, whose secrets we do not know: values of telling names, credentials of
 * HTTP and of URLs, JSON Web Tokens, keys of cloud providers.
 */
const secrets: [pattern: RegExp, replacement: string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/(:\/\/)[^\s/@]*:[^\s@]*@/g, `$1${MASK}@`],
  [/\b(bearer|basic|token|digest)(\s+)[\w.~+/=-]{6,}/gi, `$1$2${MASK}`],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(\.[\w-]*)?/g, MASK],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, MASK],
  [/\b(sk|pk|rk|ghp|gho|ghs|glpat|xox[abp])[-_][\w-]{10,}/g, MASK],
  [
    /(["']?[\w.-]*(?:password|passwd|pwd|secret|token|api[-_]?key|apikey|private[-_]?key|access[-_]?key|authorization|cookie|session[-_]?id|credential)[\w-]*["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&"'}\])]+)/gi,
    `$1${MASK}`,
  ],
];

/** The text without what looks like a secret, cut to what an exhibit's line may have. */
export function masked(text: string): string {
  // Cut generously before, as patterns cost time, and exactly after: half a secret is one too.
  let clean = text.slice(0, 8 * EXHIBIT_LINE_LENGTH);
  for (const [pattern, replacement] of secrets) clean = clean.replace(pattern, replacement);
  return clean.length > EXHIBIT_LINE_LENGTH ? `${clean.slice(0, EXHIBIT_LINE_LENGTH - 1)}…` : clean;
}

/**
 * What a query holds of values and remarks, in the order in which a parser meets them: comments, dollar-quoted text, text
 * with escapes, text, names in quotes (which stay), numbers. What is never closed goes on to the end.
 */
const literals =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|\b[eE]'(?:[^'\\]|\\.|'')*(?:'|$)|(?:\b[bBxXnN])?'(?:[^']|'')*(?:'|$)|("[^"]*(?:"|$))|(?<![\w$.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b/g;

/** A query without its values: texts and numbers are `?`, comments are gone, white space is one blank. */
export function maskedQuery(text: string): string {
  const bare = text
    .slice(0, 20 * EXHIBIT_LINE_LENGTH)
    .replace(literals, (found: string, _tag: string | undefined, name: string | undefined) => {
      if (name !== undefined) return name;
      return found.startsWith("--") || found.startsWith("/*") ? " " : "?";
    })
    .replace(/\s+/g, " ")
    .trim();
  return masked(bare);
}
