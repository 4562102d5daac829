// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
import { describe, expect, it } from "vitest";
import { splitText } from "../../src/scenario/expression.ts";
import type { JsonTemplate, TemplatePart } from "../../src/scenario/plan-request.ts";
import { compileJson, compileTemplate, type Scope, TemplateError } from "../../src/scenario/template.ts";

function scope(variables: Record<string, unknown> = {}): Scope {
  return {
    variables: new Map(Object.entries(variables)),
    secret: (name) => `<${name}>`,
    random: () => 0.999999,
    userNumber: 7,
    now: () => Date.UTC(2026, 10, 21, 10, 15, 0, 250),
  };
}

/** The parts of a text as a scenario would hold them. */
function parts(text: string): TemplatePart[] {
  const { pieces, problems } = splitText(text);
  expect(problems).toEqual([]);
  return pieces.map((piece) => {
    if (piece.kind === "text") return piece.text;
    return piece.kind === "expression" ? piece.part : { kind: "secret", name: piece.name };
  });
}

describe("compileTemplate", () => {
  it.each([
    ["nothing to fill in", "nothing to fill in"],
    ["{{ id }}", "42"],
    ["/a/{{id}}/b/{{ user.name }}?x=y", "/a/42/b/Ann?x=y"],
    ["{{ user.tags[1] }} {{ user.tags.0 }} {{ user['last name'] }}", "b a Lee"],
    ["{{ user.tags }}", '["a","b"]'],
    ["{{ none }}", "null"],
    ["{{ yes }}", "true"],
    ["{{ userNumber() }}", "7"],
    ["{{ randomInt(3, 5) }}", "5"],
    ["{{ randomString(4) }}", "9999"],
    ["{{ now() }}", "1795256100250"],
    ['{{ now("s") }}', "1795256100"],
    ["{{ now('iso') }}", "2026-11-21T10:15:00.250Z"],
    ["Bearer ${API_TOKEN}!", "Bearer <API_TOKEN>!"],
    ["$${HOME} costs $5", "${HOME} costs $5"],
  ])("%s", (text, filled) => {
    const variables = { id: 42, user: { name: "Ann", "last name": "Lee", tags: ["a", "b"] }, none: null, yes: true };
    expect(compileTemplate(parts(text))(scope(variables))).toBe(filled);
  });

  it("makes a new uuid at each call", () => {
    const fill = compileTemplate(parts("{{ uuid() }}"));
    const uuids = new Set(Array.from({ length: 100 }, () => fill(scope())));
    expect(uuids.size).toBe(100);
    for (const uuid of uuids) expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it.each([
    "{{ missing }}",
    "{{ user.missing }}",
    "{{ user.name.length }}",
    "{{ user.tags.length }}",
    "{{ none.x }}",
  ])("%s has no value", (text) => {
    const fill = compileTemplate(parts(`a ${text}`));
    const variables = scope({ user: { name: "Ann", tags: ["a"] }, none: null });
    expect(() => fill(variables)).toThrow(TemplateError);
    expect(() => fill(variables)).toThrow(`${text} has no value`);
  });

  it.each([
    "__proto__",
    "constructor",
    "toString",
    "user.__proto__",
    "user.constructor.name",
    "user.hasOwnProperty",
  ])("{{ %s }} does not reach a prototype", (path) => {
    expect(() => compileTemplate(parts(`{{ ${path} }}`))(scope({ user: {} }))).toThrow(TemplateError);
  });

  it("takes a hostile capture as the data that it is", () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"admin": true}, "constructor": "c"}');
    const variables = scope({ hostile });
    expect(compileTemplate(parts("{{ hostile.__proto__.admin }} {{ hostile.constructor }}"))(variables)).toBe("true c");
    expect(Reflect.get({}, "admin")).toBeUndefined();
  });
});

describe("compileJson", () => {
  const text = (value: string): JsonTemplate => ({ kind: "text", value: parts(value) });

  it("keeps the type of what stands alone, and makes text of the rest", () => {
    const template: JsonTemplate = {
      kind: "object",
      entries: [
        ["id", text("{{ id }}")],
        ["of", text("{{ user }}")],
        ["n", text("{{ randomInt(1, 1) }}")],
        ["label", text("no. {{ id }}")],
        ["key", text("${API_KEY}")],
        ["fixed", { kind: "array", items: [1, true, null, { kind: "text", value: "x" }] }],
      ],
    };
    expect(compileJson(template)(scope({ id: 42, user: { a: [1] } }))).toEqual({
      id: 42,
      of: { a: [1] },
      n: 1,
      label: "no. 42",
      key: "<API_KEY>",
      fixed: [1, true, null, "x"],
    });
  });

  it("makes what is constant once", () => {
    const fill = compileJson({ kind: "array", items: [{ kind: "object", entries: [["a", 1]] }] });
    expect(fill(scope())).toEqual([{ a: 1 }]);
    expect(fill(scope())).toBe(fill(scope()));
  });

  it("sends a name __proto__ like any other", () => {
    const fill = compileJson({ kind: "object", entries: [["__proto__", text("{{ x }}")]] });
    expect(JSON.stringify(fill(scope({ x: { admin: true } })))).toBe('{"__proto__":{"admin":true}}');
    expect(Reflect.get({}, "admin")).toBeUndefined();
  });
});
