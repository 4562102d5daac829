import type { Template, TemplatePart } from "./plan-request.ts";
import type { Problem } from "./problem.ts";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";
import type { Variables } from "./variables.ts";

/** Where a request goes. A relative one needs the host, and knows the problem it is without one. */
export type Address = { kind: "absolute"; url: Template } | { kind: "relative"; url: Template; withoutHost: Problem };

/** The service that relative addresses are below. */
export interface Host {
  /** Without a slash at its end; but a secret one may have one. */
  url: Template;
  endsInSlash: boolean;
  /** `localhost:8000`: never with user and password. */
  authority: string;
}

const loginHint = `write \${NAME} for the login, or for the whole URL`;

const scheme = /^https?:\/\//iu;
const login = /^https?:\/\/[^\s/?#@]*@/iu;

/** Reads a URL to request. One that begins with `{{ }}` is taken as absolute: only the run will know it. */
export function readAddress(reader: Reader, node: SourceNode | undefined, variables: Variables): Address | undefined {
  const url = reader.template(node, variables);
  if (node?.kind !== "scalar" || url === undefined) return undefined;
  const first = typeof url === "string" ? url : url[0];
  if (typeof first === "object" && first.kind !== "secret") return { kind: "absolute", url };
  if (typeof first === "string" && login.test(first)) {
    return reader.reject("password-in-url", node, { hint: loginHint });
  }
  const text = reader.resolved(node);
  const relative = text.startsWith("/") && !text.startsWith("//");
  const known = typeof url === "string";
  if (relative ? !known || isUrl(`http://host${text}`) : scheme.test(text) && (!known || isUrl(text))) {
    if (!relative) return { kind: "absolute", url };
    return { kind: "relative", url, withoutHost: reader.source.problem("no-host", node, { hint: noHostHint }) };
  }
  const meant = known ? meantBy(text, relative) : undefined;
  const suggestion = meant === undefined ? {} : { suggestion: meant };
  const expected = "a path below the host, such as /api/tasks, or a URL that begins with http:// or https://";
  return reader.reject("url", node, { expected, ...suggestion });
}

/**
 * Reads the URL of a service that is no web server. A user without a password may stand in it; a password may not.
 * `example` is what one looks like.
 */
export function readServiceAddress(
  reader: Reader,
  node: SourceNode | undefined,
  example: string,
  schemes: readonly string[],
): Address | undefined {
  const url = reader.template(node, undefined);
  if (node?.kind !== "scalar" || url === undefined) return undefined;
  const written = partsOf(url).filter((part) => typeof part === "string");
  if (written.some((part) => /:\/\/[^\s/?#@]*:[^@]+@/u.test(part))) {
    return reader.reject("password-in-url", node, { hint: loginHint });
  }
  const text = reader.resolved(node);
  if (URL.canParse(text) && !/[\s\p{Cc}]/u.test(text) && schemes.includes(new URL(text).protocol)) {
    return { kind: "absolute", url };
  }
  return reader.reject("url", node, { expected: `an address such as ${example}` });
}

const noHostHint = "write host: http://… at the top of the file, or give --host";

/** Reads `host:`. */
export function readHost(reader: Reader, node: SourceNode | undefined): Host | undefined {
  const url = reader.template(node, undefined);
  if (node?.kind !== "scalar" || url === undefined) return undefined;
  const host = hostOf(reader.resolved(node), url);
  if (!("code" in host)) return host;
  return reader.reject(host.code, node, host.params);
}

/** The host of a text; `url` is how the plan may say it, where the text itself holds a secret. */
export function hostOf(text: string, url: Template = text): Host | Pick<Problem, "code" | "params"> {
  const first = typeof url === "string" ? url : url[0];
  if (typeof first === "string" && login.test(first)) {
    return { code: "password-in-url", params: { hint: loginHint } };
  }
  if (!scheme.test(text) || !isUrl(text) || /[?#]/u.test(text)) {
    const suggestion =
      /^[\w.-]+(:\d+)?(\/|$)/u.test(text) && typeof url === "string" ? { suggestion: `http://${text}` } : {};
    return { code: "url", params: { expected: "the service's URL, such as http://localhost:8000", ...suggestion } };
  }
  const { host } = new URL(text);
  if (typeof url === "string") return { url: url.replace(/\/+$/u, ""), endsInSlash: false, authority: host };
  return { url, endsInSlash: text.endsWith("/"), authority: host };
}

/** What somebody will have meant who wrote no address. */
function meantBy(text: string, relative: boolean): string | undefined {
  const escaped = text.replaceAll(" ", "%20");
  if (escaped !== text && isUrl(relative ? `http://host${escaped}` : escaped)) return escaped;
  return /^[\w-]+(\/|$)/u.test(text) ? `/${text}` : undefined;
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && !/[\s\p{Cc}]/u.test(text);
}

/** The whole URL of an address, or the problem that it has no host. */
export function resolve(address: Address, host: Host | undefined): Template | Problem {
  if (address.kind === "absolute") return address.url;
  if (host === undefined) return address.withoutHost;
  const path = partsOf(address.url);
  const [first, ...rest] = path;
  const below = host.endsInSlash && typeof first === "string" ? [first.slice(1), ...rest] : path;
  return join([...partsOf(host.url), ...below]);
}

function partsOf(template: Template): TemplatePart[] {
  return typeof template === "string" ? [template] : template;
}

function join(parts: TemplatePart[]): Template {
  const joined: TemplatePart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === "string" && typeof last === "string") joined[joined.length - 1] = last + part;
    else if (part !== "") joined.push(part);
  }
  const [only = "", ...more] = joined;
  return more.length === 0 && typeof only === "string" ? only : joined;
}

/** What an address is counted under: its path, with `:name` for what is filled in and `:id` for what is an id. */
export function pathName(url: Template): string {
  const text = partsOf(url).map((part, i) =>
    typeof part === "string" ? part : i === 0 && part.kind === "secret" ? "" : placeholder(part),
  );
  return pathTemplate(text.join(""));
}

/** A whole number, a UUID (RFC 9562), a ULID, or so many hexadecimal digits that they can be no word. */
const id = /^(\d+|[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|(?=.*\d)[0-9A-HJKMNP-TV-Z]{26}|(?=.*\d)[0-9a-f]{12,})$/iu;

/**
 * A URL's path with `:id` for each segment that is an id, so that `/api/tasks/17` and `/api/tasks/18` are counted together;
 * without host, query and fragment.
 */
export function pathTemplate(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/iu, "").replace(/[?#].*$/su, "");
  if (path === "") return "/";
  return path
    .split("/")
    .map((segment) => (id.test(segment) ? ":id" : segment))
    .join("/");
}

function placeholder(part: TemplatePart & object): string {
  if (part.kind === "operation") return ":condition";
  if (part.kind === "base64") return ":base64";
  return `:${part.kind === "variable" ? part.path.join(".") : part.name}`;
}

/** The authority of the first URL that has one: a scenario without a host names the whole URL in each request and source. */
export function firstAuthority(urls: Template[]): string {
  for (const url of urls) {
    const first = typeof url === "string" ? url : url[0];
    const authority = typeof first === "string" ? /^https?:\/\/([^/?#]+)/iu.exec(first)?.[1] : undefined;
    if (authority !== undefined) return authority;
  }
  return "";
}
