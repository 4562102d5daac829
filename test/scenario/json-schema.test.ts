// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scenarioSchema } from "../../src/scenario/json-schema.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { badFiles, environment, goodFiles } from "./files.ts";

const validate = new Ajv2020({ strict: false, allErrors: true }).compile(scenarioSchema());

/** What a schema can tell; the rest takes knowing what a text means. */
const structural = ["unknown-key", "not-supported", "missing-key", "conflict", "wrong-type", "wrong-value"];
/** A quantity of the right form that is out of place, and a value from the environment. */
const beyondSchema = [
  "wait-backwards",
  "think-backwards",
  "wait-pacing",
  "wait-throughput",
  "rate-zero",
  "duration-zero",
  "stages-zero",
  "steps-too-many",
  "number-infinite",
  "weight-from-environment",
  // A header's name has any case.
  "auth-beside-header",
];

describe("the JSON Schema of scenarios", () => {
  it.each(goodFiles)("accepts $name, as the parser does", ({ name, text }) => {
    expect("scenario" in readScenario(name, text, environment)).toBe(true);
    expect(validate(parse(text))).toBe(true);
  });

  it.each(
    badFiles.filter(({ name, text }) => {
      const codes = [...(text.split("\n")[0] ?? "").matchAll(/\d+:\d+ ([\w-]+)/g)].map(([, code]) => code);
      return codes.some((code) => structural.includes(code ?? "")) && !beyondSchema.includes(name.replace(".yaml", ""));
    }),
  )("refuses $name, as the parser does", ({ text }) => {
    expect(validate(parse(text))).toBe(false);
  });

  it("lets the environment stand for any one value", () => {
    const file = {
      users: { A: { weight: "${W:-1}", wait: "${WAIT}", tasks: { T: { get: "/", expect: { status: "${S}" } } } } },
      profiles: { p: { users: "${USERS}", duration: "${DURATION}" } },
      traces: { failed: "${FAILED}" },
    };
    expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
  });

  it("knows which keys of a load go together, as the parser does", () => {
    const stages = (model: object) => fc.record({ ...model, for: fc.constant("1m") }, { requiredKeys: ["for"] });
    const users = { users: fc.constant(5) };
    const arrivals = { arrivals: fc.constant("5/s") };
    const load = {
      ...users,
      ...arrivals,
      spawnRate: fc.constant("1/s"),
      duration: fc.constant("5m"),
      maxUsers: fc.constant(9),
      spacing: fc.constant("poisson"),
      stages: fc.array(fc.oneof(stages(users), stages(arrivals), stages({ ...users, ...arrivals })), { maxLength: 3 }),
      steps: fc.constantFrom<object>(
        { users: "1..9", by: 1, for: "1m" },
        { arrivals: "1/s..9/s", by: "1/s", for: "1m" },
        { users: "1..9", arrivals: "1/s..9/s", by: 1, for: "1m" },
      ),
      iterations: fc.constant(10),
      per: fc.constant("user"),
      classes: fc.constant(["A"]),
      startAt: fc.constant("1s"),
    };
    // Most of the keys are left out of most: all of them together are never right.
    const few = (keys: object, most: number) =>
      fc
        .subarray(Object.entries(keys) as [string, fc.Arbitrary<unknown>][], { maxLength: most })
        .chain((some) => fc.record(Object.fromEntries(some)));
    const profile = fc.oneof(
      few(load, 4),
      fc.tuple(few(load, 1), fc.array(few(load, 4), { maxLength: 2 })).map(([one, loads]) => ({ ...one, loads })),
    );
    let good = 0;
    fc.assert(
      fc.property(profile, (p) => {
        const file = { host: "http://h", users: { A: { tasks: { T: { get: "/" } } } }, profiles: { p } };
        const valid = validate(file);
        expect("scenario" in readScenario("s.yaml", JSON.stringify(file), {}), JSON.stringify(p)).toBe(valid);
        if (valid) good++;
      }),
      { numRuns: 1000 },
    );
    expect(good).toBeGreaterThan(20);
  });

  it("is written by the file run as a program", () => {
    const folder = mkdtempSync(join(tmpdir(), "schema-"));
    try {
      const file = join(folder, "scenario.schema.json");
      execFileSync(process.execPath, [join(import.meta.dirname, "../../src/scenario/json-schema.ts"), file]);
      expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(scenarioSchema());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
