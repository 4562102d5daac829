import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { z } from "zod";
import { definition } from "./definition/scenario.ts";

/** Anything that is one scalar may stand in the environment: `users: "${USERS}"`. */
const fromEnvironment = { type: "string", pattern: "\\$\\{[A-Za-z_]" };

/** The JSON Schema (2020-12) of scenario files for editors, from the definition that validates them. */
export function scenarioSchema(): Record<string, unknown> {
  return z.toJSONSchema(definition, {
    io: "input",
    override: ({ jsonSchema }) => {
      const { type, pattern, enum: values } = jsonSchema;
      const typed = type === "number" || type === "integer" || type === "boolean";
      if (!typed && pattern === undefined && values === undefined) return;
      const { ...whole } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      jsonSchema.anyOf = [whole, fromEnvironment] as NonNullable<typeof jsonSchema.anyOf>;
    },
  });
}

if (import.meta.main) {
  const [, , file] = argv;
  if (file === undefined) throw new Error("usage: node json-schema.ts OUTFILE");
  writeFileSync(file, `${JSON.stringify(scenarioSchema(), undefined, 2)}\n`);
}
