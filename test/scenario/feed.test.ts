import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MOST_BYTES, readCsv } from "../../src/scenario/feed-file.ts";
import { packTable, rowOf } from "../../src/scenario/feed-table.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { describeProblems } from "../../src/scenario/problem.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "feeds-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const users = (path: string) => `users: { U: { tasks: { T: { get: "/{{ ${path} }}" } } } }\n`;

/** A scenario in a folder whose feed has this file. */
function read(kind: "csv" | "json", content: string | Buffer, path = "f.name") {
  const file = `data.${kind}`;
  writeFileSync(join(folder, file), content);
  const text = `host: http://h\nfeeds: { f: { ${kind}: ${file} } }\n${users(path)}`;
  const result = readScenario(join(folder, "s.yaml"), text, {});
  return "problems" in result
    ? { said: describeProblems("s.yaml", text, result.problems), problems: result.problems }
    : { feed: result.scenario.feeds[0], said: "" };
}

function rows(kind: "csv" | "json", content: string | Buffer, path?: string) {
  const { feed, said } = read(kind, content, path);
  if (feed === undefined) throw new Error(said);
  return Array.from({ length: feed.table.ends.length }, (_, n) => rowOf(feed.table, n));
}

describe("a feed's file", () => {
  const two = [
    { name: "Ada", city: "Kiel" },
    { name: "Bob", city: "Bonn" },
  ];

  it.each([
    ["plain", "name,city\nAda,Kiel\nBob,Bonn\n"],
    ["of Windows, with a byte order mark", "\ufeffname,city\r\nAda,Kiel\r\nBob,Bonn"],
    ["of an old Mac", "name,city\rAda,Kiel\rBob,Bonn\r"],
    ["with quotes and empty lines", '"name","city"\n\n"Ada","Kiel"\nBob,"Bonn"\n\n'],
  ])("is CSV: %s", (_, text) => {
    expect(rows("csv", text)).toEqual(two);
  });

  it("keeps what stands in quotes, and every value as text", () => {
    expect(rows("csv", 'name,n\n"a ""b"", c\nd",007\n" ",\n')).toEqual([
      { name: 'a "b", c\nd', n: "007" },
      { name: " ", n: "" },
    ]);
  });

  it("is JSON: an array of objects, whose values keep their types", () => {
    const items = [{ name: "Ada", n: 1, at: { x: [1] } }, { name: null }, { other: true }];
    expect(rows("json", `\ufeff${JSON.stringify(items)}`)).toEqual(items);
  });

  it("may have columns of any name", () => {
    const [row] = rows("csv", "__proto__,constructor,name\na,b,c\n");
    expect(Object.entries(row ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["name", "c"],
    ]);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  it.each<["csv" | "json", string, string, string]>([
    ["csv", "name,city\nAda,Kiel\nBob\n", "as many values in each row as there are columns", "in line 3"],
    ["csv", 'name,city\nAda,"Kiel\nBob,Bonn\n', "a closing quote", "in line 3"],
    ["csv", 'name,city\nAda,hunter2"x\n', "quotes around a whole value", "in line 2"],
    ["csv", "name,,city\na,b,c\n", "a name of each column in line 1", "none of column 2"],
    ["csv", "name,a,a\nx,1,2\n", "columns of different names", "column 3 named as one before it"],
    ["csv", "name,city\n", "at least one row", "none"],
    ["csv", "", "at least one row", "none"],
    ["json", '[{ "name": "hunter2" ]', "JSON: an array of objects", "in line 1 column 22"],
    ["json", '{ "name": "hunter2" }', "an array of objects", "something else"],
    ["json", '[{ "name": "a" }, "hunter2"]', "an object in each row", "row 2"],
    ["json", "[]", "at least one row", "none"],
  ])("that is wrong is told with its line: %s %j", (kind, content, expected, got) => {
    const { said, problems } = read(kind, content);
    expect(problems).toMatchObject([{ code: "feed", line: 2, column: kind === "csv" ? 20 : 21 }]);
    expect(said).toContain(`expected ${expected}`);
    expect(said.replace(/.*\n.*got /su, "")).toContain(got);
    expect(said).not.toContain("hunter2");
  });

  it("must be a file, of a size that fits", () => {
    mkdirSync(join(folder, "folder.csv"));
    const text = `host: http://h\nfeeds: { f: { csv: folder.csv }, g: { csv: none.csv } }\n${users("f.name")}`;
    const result = readScenario(join(folder, "s.yaml"), text, {});
    const said = "problems" in result && describeProblems("s.yaml", text, result.problems);
    expect(said).toContain("got something else");
    expect(said).toContain("got no such file");
    expect(read("csv", Buffer.alloc(MOST_BYTES + 1, "a")).said).toContain(
      "expected a file of at most 64 MiB\n  got 65 MiB",
    );
  });

  it("has columns that templates must name", () => {
    expect(read("csv", "name,city\na,b\n", "f.nmae").said).toContain("did you mean name?");
    expect(read("csv", "name,city\na,b\n", "g.name").said).toContain("did you mean f?");
  });

  it("of 100,000 rows is read and packed in a moment", () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `user${i}@example.com,password${i},${i}`);
    const csv = readCsv(`email,password,n\n${lines.join("\n")}\n`);
    if (!("rows" in csv)) throw new Error(csv.expected);
    const table = packTable("f", csv.rows);
    expect(table.ends).toHaveLength(100_000);
    expect(rowOf(table, 99_999)).toEqual({ email: "user99999@example.com", password: "password99999", n: "99999" });
    // Threads share it: what is sent is not copied.
    expect(structuredClone(table).text.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

describe("a packed table", () => {
  it("gives back each row as it was", () => {
    const row = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.constant(null)));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (all) => {
        const table = packTable("f", all);
        for (const [n, one] of all.entries()) expect(rowOf(table, n)).toEqual({ ...one });
      }),
    );
  });
});

describe("the plan", () => {
  const text = `host: http://h
feeds:
  accounts: { rows: [{ name: canary-name, password: canary-password }], order: unique }
  unused: { rows: [{ name: n }] }
  words: { rows: [{ word: w }, { word: v }], each: iteration }
users:
  Buyer: { tasks: { T: { get: "/{{ accounts.name }}" } } }
  Reader: { start: [{ post: /, json: { deep: [{ word: "{{ words.word }}" }] } }], tasks: { T: { get: / } } }
  Guest: { tasks: { T: { get: / } } }
`;

  function made(classes: string[] = []) {
    const result = readScenario("s.yaml", text, {});
    if ("problems" in result) throw new Error(describeProblems("s.yaml", text, result.problems));
    const planned = makePlan(result.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", users: 3, classes });
    if ("problems" in planned) throw new Error(JSON.stringify(planned.problems));
    return planned;
  }

  it("says which feeds its classes use, and holds no row", () => {
    const { plan, feeds } = made();
    expect(plan.feeds).toEqual([
      { name: "accounts", columns: ["name", "password"], rows: 1, order: "unique" },
      { name: "words", columns: ["word"], rows: 2, order: "sequential", each: "iteration" },
    ]);
    expect(plan.loads[0]?.classes.map((one) => one.feeds)).toEqual([["accounts"], ["words"], undefined]);
    expect(JSON.stringify(plan)).not.toContain("canary");
    expect(feeds.map(({ feed }) => feed)).toEqual(["accounts", "words"]);
    expect(rowOf(feeds[0] as never, 0)).toEqual({ name: "canary-name", password: "canary-password" });
  });

  it("has only what the chosen classes use", () => {
    expect(made(["Guest"]).feeds).toEqual([]);
    expect(made(["Reader"]).plan.feeds?.map(({ name }) => name)).toEqual(["words"]);
  });
});
