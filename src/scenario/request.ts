import { nearest } from "../verdict/spelling.ts";
import { type Address, pathName, readAddress } from "./address.ts";
import { readAuth } from "./auth.ts";
import { readBody } from "./body.ts";
import { reservedWords } from "./condition.ts";
import { methods } from "./definition/request.ts";
import { notYet } from "./definition/scenario.ts";
import { flows } from "./definition/task.ts";
import { readExpect } from "./expectation.ts";
import type { Capture, RequestStep, Template, Usage } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import type { Entry, Place, SourceNode } from "./source.ts";
import type { Variables } from "./variables.ts";

/** A request before its host is known. */
export interface ScenarioRequest extends Omit<RequestStep, "url"> {
  address: Address;
}

export type Header = [name: string, value: Template];

const DEFAULT_DEADLINE_MS = 60_000;

/**
 * Reads one request. `name` is what it is counted under where it does not say: without it `METHOD /path/:variable`.
 * `inherited` are headers of its class, which its own come before.
 */
export function readRequest(
  reader: Reader,
  node: SourceNode,
  { variables, inherited, name }: { variables: Variables; inherited: readonly Header[]; name?: string | undefined },
): ScenarioRequest | undefined {
  const entry = methodOf(reader, node);
  const address = readAddress(reader, entry?.value, variables);
  const own = readOwnHeaders(reader, node, variables);
  const body = readBody(reader, node, variables);
  const expect = readExpect(reader, reader.get(node, "expect"), variables);
  const captures = readCaptures(reader, reader.get(node, "capture"));
  const usage = readUsage(reader, reader.get(node, "usage"));
  const deadlineMs = reader.duration(reader.get(node, "deadline")) ?? DEFAULT_DEADLINE_MS;
  const redirects = reader.number(reader.get(node, "redirects"));
  const maxBytes = reader.bytes(reader.get(node, "maxBytes"));
  const ownName = reader.string(reader.get(node, "name"));
  if (entry === undefined || address === undefined) return undefined;
  const method = entry.key.toUpperCase();
  const overridden = new Set(own.map(([header]) => header.toLowerCase()));
  return {
    kind: "request",
    name: ownName ?? name ?? `${method} ${pathName(address.url)}`,
    method,
    address,
    headers: [...inherited.filter(([header]) => !overridden.has(header.toLowerCase())), ...own],
    ...(body === undefined ? {} : { body }),
    expect,
    captures,
    ...(usage === undefined ? {} : { usage }),
    deadlineMs,
    ...(redirects === undefined ? {} : { redirects }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}

/** The entry that says what to request: exactly one. */
function methodOf(reader: Reader, node: SourceNode): Entry | undefined {
  if (node.kind !== "map") return undefined;
  const [first, second] = node.entries.filter(({ key }) => isMethod(key));
  if (second !== undefined) {
    reader.report("conflict", second.keyPlace, {
      key: second.key,
      expected: `one request; ${first?.key} is there already`,
    });
  }
  const meant = [...methods, ...Object.keys(flows)];
  const said = (key: string) => notYet.has(key) || Object.hasOwn(flows, key) || nearest(key, meant) !== undefined;
  if (first === undefined && !node.entries.some(({ key }) => said(key))) {
    reader.report("missing-key", start(node), { expected: `one of ${methods.join(", ")}` });
  }
  return first;
}

function isMethod(key: string): boolean {
  return methods.some((method) => method === key);
}

function start(node: SourceNode): Place {
  return { ...node, length: 1 };
}

/** The headers of a request or a user class, what `auth:` says among them. */
export function readOwnHeaders(reader: Reader, node: SourceNode, variables: Variables): Header[] {
  const headers = readHeaders(reader, reader.get(node, "headers"), variables);
  const auth = readAuth(reader, node, headers, variables);
  return auth === undefined ? headers : [...headers, auth];
}

export function readHeaders(reader: Reader, node: SourceNode | undefined, variables: Variables): Header[] {
  return reader.named(node).flatMap(({ key, keyPlace, value }): Header[] => {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/u.test(key)) {
      reader.report("header", keyPlace, { key, expected: "letters, digits and hyphens" });
    } else if (/^(content-length|transfer-encoding)$/iu.test(key)) {
      reader.report("header", keyPlace, { key, hint: "it is made from the body" });
    }
    const template = reader.template(value, variables);
    if (template === undefined) return [];
    const literal =
      typeof template === "string" ? template : template.filter((part) => typeof part === "string").join("");
    if (/[^\t\u0020-\u007e\u0080-\u00ff]/u.test(literal)) {
      reader.reject("header", value, { expected: "one line of Latin-1 text" });
    }
    return [[key, template]];
  });
}

function readCaptures(reader: Reader, node: SourceNode | undefined): Capture[] {
  return reader.named(node).flatMap((entry): Capture[] => {
    const variable = variableName(reader, entry);
    const path = reader.jsonPath(entry.value);
    return variable === undefined || path === undefined ? [] : [{ variable, path }];
  });
}

/** Providers say in `$.model` which model has answered. */
function readUsage(reader: Reader, node: SourceNode | undefined): Usage | undefined {
  if (node?.kind !== "map") return undefined;
  const path = (key: string) => {
    const written = reader.get(node, key);
    return written === undefined ? undefined : reader.jsonPath(written);
  };
  const input = path("input");
  const output = path("output");
  if (reader.get(node, "input") === undefined && reader.get(node, "output") === undefined) {
    return reader.report("missing-key", start(node), { key: "input or output", expected: "a JSONPath to its tokens" });
  }
  const written = reader.string(reader.get(node, "model")) ?? "$.model";
  const model = written.startsWith("$") ? (path("model") ?? "$.model") : written;
  return {
    model: { kind: written.startsWith("$") ? "path" : "text", value: model },
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  };
}

/** A key that names a variable, if `{{ }}` can say it. */
export function variableName(reader: Reader, { key, keyPlace }: Entry): string | undefined {
  if (!/^[A-Za-z_]\w*$/u.test(key)) {
    return reader.report("bad-key", keyPlace, { key, expected: "a name of letters, digits and _" });
  }
  if (reader.isFeed(key))
    return reader.report("bad-key", keyPlace, { key, expected: "another name: a feed has this one" });
  if (!reservedWords.includes(key)) return key;
  return reader.report("bad-key", keyPlace, { key, expected: `another name: ${key} is a word of expressions` });
}
