import { z } from "zod";
import { count, duration, flag, headers, map, named, sendable, text } from "./value.ts";

const status = z
  .int("a status from 100 to 599")
  .min(100, "a status from 100 to 599")
  .max(599, "a status from 100 to 599");
const jsonTypes = ["string", "number", "boolean", "array", "object", "null"] as const;

const jsonCheck = map("a value, or a map of checks", {
  equals: z.unknown().optional(),
  exists: flag.optional(),
  type: z.enum(jsonTypes, `one of ${jsonTypes.join(", ")}`).optional(),
  minLength: count.optional(),
  maxLength: count.optional(),
  min: z.number("a number").optional(),
  max: z.number("a number").optional(),
  matches: z.string("a regular expression").optional(),
});

const expectation = map("a map of status, json, body, unique, within", {
  status: z.union([status, z.array(status).min(1, "at least one status")], "a status or a list of them").optional(),
  json: named(
    "a map of JSONPaths to what they should find",
    z.union([jsonCheck, text, z.number(), z.boolean(), z.null(), z.array(z.unknown())], "a value, or a map of checks"),
  ).optional(),
  body: z
    .union(
      [
        map("text, or a map of contains, matches", { contains: sendable.optional(), matches: text.optional() }),
        sendable,
      ],
      "text, or a map of contains, matches",
    )
    .optional(),
  unique: z.string("a JSONPath, such as $.id").optional(),
  within: duration.optional(),
});

export const methods = ["get", "post", "put", "patch", "delete", "head", "options"] as const;
/** At most one of these makes a request's body. */
export const bodies = ["json", "body", "form", "multipart", "file"] as const;

export const file = z.string("a file, beside the scenario");
const bytes = z
  .string("a size with its unit, such as 100kB")
  .regex(/^\d+(\.\d+)?(B|[kK]B|MB|GB|KiB|MiB|GiB)$/u, "a size with its unit, such as 100kB");

export const auth = map("one of basic, bearer", {
  basic: map("a map of user, password", { user: sendable, password: sendable }).optional(),
  bearer: sendable.optional(),
}).meta({ minProperties: 1, maxProperties: 1 });

export const url = z.string("a URL, or a path below the host such as /api/tasks");

export const request = {
  name: text.optional(),
  get: url.optional(),
  post: url.optional(),
  put: url.optional(),
  patch: url.optional(),
  delete: url.optional(),
  head: url.optional(),
  options: url.optional(),
  headers: headers.optional(),
  json: z.unknown().optional(),
  body: sendable.optional(),
  form: named("a map of field names to text", sendable).optional(),
  multipart: named(
    "a map of field names to text or files",
    z.union(
      [sendable, map("text, or a map of file, name, type", { file, name: text.optional(), type: text.optional() })],
      "text, or a map of file, name, type",
    ),
  ).optional(),
  file: file.optional(),
  auth: auth.optional(),
  redirects: z
    .int("a whole number from 0 to 20")
    .min(0, "a whole number from 0 to 20")
    .max(20, "a whole number from 0 to 20")
    .optional(),
  maxBytes: bytes.optional(),
  expect: expectation.optional(),
  capture: named("a map of variable names to JSONPaths", z.string("a JSONPath, such as $.id")).optional(),
  usage: map("a map of model, input, output", {
    model: z.string("a JSONPath, such as $.model, or the model's name").optional(),
    input: z.string("a JSONPath, such as $.usage.prompt_tokens").optional(),
    output: z.string("a JSONPath, such as $.usage.completion_tokens").optional(),
  })
    .meta({ anyOf: [{ required: ["input"] }, { required: ["output"] }] })
    .optional(),
  deadline: duration.optional(),
};

/** The rules between keys, in JSON Schema's words; `parse.ts` says the same with better messages. */
export const oneMethod = { oneOf: methods.map((method) => ({ required: [method] })) };
export const oneBody = {
  not: {
    anyOf: bodies.flatMap((one, i) => bodies.slice(i + 1).map((other) => ({ required: [one, other] }))),
  },
};

export const requestKeys: ReadonlySet<string> = new Set(Object.keys(request));

export const onlyRequest = map("a request, such as get: /api/tasks", request).meta({ ...oneMethod, ...oneBody });
