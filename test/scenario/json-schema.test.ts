// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scenarioSchema } from "../../src/scenario/json-schema.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { badFiles, environment, goodFiles } from "./files.ts";

const validate = new Ajv2020({ strict: false, allErrors: true }).compile(scenarioSchema());

/** What a schema can tell; the rest takes knowing what a text means. */
const structural = ["unknown-key", "not-supported", "missing-key", "conflict", "wrong-type", "wrong-value"];
/** A quantity of the right form that is out of place, and a value from the environment. */
const beyondSchema = ["wait-backwards", "rate-zero", "duration-zero", "number-infinite", "weight-from-environment"];

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
