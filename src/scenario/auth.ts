import type { Template, TemplatePart } from "./plan-request.ts";
import type { Reader } from "./reader.ts";
import type { Header } from "./request.ts";
import type { SourceNode } from "./source.ts";
import type { Variables } from "./variables.ts";

/** Reads `auth:` into the header it stands for (RFC 7617, RFC 6750). What `headers:` says of it is another way: not both. */
export function readAuth(
  reader: Reader,
  node: SourceNode,
  own: readonly Header[],
  variables: Variables,
): Header | undefined {
  const auth = reader.entry(node, "auth");
  if (auth === undefined) return undefined;
  if (own.some(([name]) => name.toLowerCase() === "authorization")) {
    reader.report("conflict", auth.keyPlace, { key: "auth", expected: "one of auth and the header authorization" });
  }
  const bearer = reader.template(reader.get(auth.value, "bearer"), variables);
  if (bearer !== undefined) return ["authorization", ["Bearer ", ...partsOf(bearer)]];
  const basic = reader.get(auth.value, "basic");
  if (basic === undefined) return undefined;
  const user = reader.template(reader.get(basic, "user"), variables);
  const password = reader.template(reader.get(basic, "password"), variables);
  if (user === undefined || password === undefined) return undefined;
  return ["authorization", ["Basic ", { kind: "base64", of: [...partsOf(user), ":", ...partsOf(password)] }]];
}

function partsOf(template: Template): TemplatePart[] {
  return typeof template === "string" ? [template] : template;
}
