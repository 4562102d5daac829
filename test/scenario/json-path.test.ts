import fc from "fast-check";
import { query } from "json-p3";
import { describe, expect, it } from "vitest";
import { compilePath } from "../../src/scenario/json-path.ts";

function values(path: string, document: unknown): unknown[] {
  const compiled = compilePath(path);
  if ("problem" in compiled) throw new Error(compiled.problem);
  return compiled.values(document);
}

describe("compilePath", () => {
  const document = { a: { b: [10, 20, { c: null }] }, "x y": 1, list: [{ id: 1, ok: true }, { id: 2 }], length: 3 };

  it.each([
    ["$", [document]],
    ["$.a.b[0]", [10]],
    ["$.a.b[-1].c", [null]],
    ["$['x y']", [1]],
    ['$["a"]["b"][1]', [20]],
    ["$.a.b[3]", []],
    ["$.a.b[-4]", []],
    ["$.a.b.length", []],
    ["$.length", [3]],
    ["$.a[0]", []],
    ["$.a.b['0']", []],
    ["$['x y'].z", []],
    ["$.list[*].id", [1, 2]],
    ["$.list[?@.ok].id", [1]],
    ["$..id", [1, 2]],
    ["$.a.b[0:2]", [10, 20]],
  ])("%s", (path, found) => {
    expect(values(path, document)).toEqual(found);
  });

  it.each([
    "$.__proto__",
    "$.constructor",
    "$['__proto__'].x",
    "$.a.toString",
    "$..__proto__",
    "$.list.__proto__",
  ])("%s finds nothing: no prototype is touched", (path) => {
    expect(values(path, document)).toEqual([]);
  });

  it("finds what a server sent under a prototype's name", () => {
    const sent: unknown = JSON.parse('{"__proto__": {"admin": 1}, "constructor": [2]}');
    expect(values("$.__proto__.admin", sent)).toEqual([1]);
    expect(values("$.constructor[0]", sent)).toEqual([2]);
    expect(values("$..admin", sent)).toEqual([1]);
  });

  it("survives a document that is deeper than it looks", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
    expect(values("$..a", deep)).toEqual([]);
  });

  it.each([
    ["", 0],
    ["a.b", 0],
    ["$.", 2],
    ["$.a b", 4],
    ["$[", 2],
    ["$[?@.a == 1", 11],
    ["$[?nope(@.a)]", 3],
    ["$.a[99999999999999999999]", 4],
  ])("%j is a problem at %i", (path, offset) => {
    expect(compilePath(path)).toMatchObject({ problem: expect.any(String), offset });
  });

  it("walks simple paths to what json-p3 finds", () => {
    const key = fc.constantFrom("a", "b", "x y", "length", "__proto__", "constructor");
    const segment = fc.oneof(
      key.filter((name) => /^\w+$/.test(name)).map((name) => `.${name}`),
      key.map((name) => `['${name}']`),
      fc.integer({ min: -3, max: 3 }).map((index) => `[${index}]`),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: "small" }, fc.constantFrom(1, "s", null, true), tie("list"), tie("map")),
      list: fc.array(tie("tree"), { maxLength: 3 }),
      map: fc.array(fc.tuple(key, tie("tree")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    }));
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), tree, (segments, document) => {
        const path = `$${segments.join("")}`;
        expect(values(path, document)).toEqual(query(path, document as Parameters<typeof query>[1]).values());
      }),
      { numRuns: 500 },
    );
  });

  it("never throws, whatever the path", () => {
    const character = fc.constantFrom(..."$.[]?@'\"*:,()=<>!&|-019ab \\~/".split(""));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        const compiled = compilePath(`$${text}`);
        if ("problem" in compiled) expect(compiled.offset ?? 0).toBeLessThanOrEqual(text.length + 1);
        else compiled.values({ a: [{ b: 1 }, "a"] });
      }),
      { numRuns: 1000 },
    );
  });
});
