import { z } from "zod";

/**
 * What a scenario file may contain: the one definition that validates it (`structure.ts`) and that editors get as a JSON
 * Schema (`json-schema.ts`). A schema's error text is what was expected, for people.
 *
 * It is about shapes. What a text means (a template, a threshold, a reference) is read by `parse.ts`; values in `${…}`
 * are filled in before either looks.
 */

const unit = "(us|µs|μs|ms|s|m|min|h)";
const amount = "\\d+(\\.\\d+)?";

/** A list of known keys for "did you mean" rides in the error text of a map: zod gives an issue no way to its schema. */
const KEYS = "keys:";

export function knownKeys(message: string): string[] | undefined {
  return message.startsWith(KEYS) ? message.slice(KEYS.length).split(",") : undefined;
}

function map<Shape extends z.core.$ZodLooseShape>(expected: string, shape: Shape) {
  const error: z.core.$ZodErrorMap = ({ code }) =>
    code === "unrecognized_keys" ? KEYS + Object.keys(shape).join(",") : expected;
  return z.strictObject(shape, { error });
}

/** A map whose keys are the author's own names. */
function named<Value extends z.ZodType>(expected: string, value: Value, leastEntries = 0) {
  const any = z.object({}, { error: expected }).catchall(value);
  if (leastEntries === 0) return any;
  return any
    .refine((entries) => Object.keys(entries).length >= leastEntries, { error: expected })
    .meta({ minProperties: 1 });
}

const flag = z.boolean("true or false");
const text = z.string("text");
/** Text to send: numbers and true, false are sent as they are written. */
const sendable = z.union([text, z.number(), z.boolean()], "text");
const duration = z
  .string("a time with its unit, such as 500ms or 2s")
  .regex(new RegExp(`^${amount}${unit}$`, "u"), "a time with its unit, such as 500ms or 2s");
const wait = z
  .string("a time or a range of times with their units, such as 2s or 1s..3s")
  .regex(
    new RegExp(`^${amount}${unit}(\\s*\\.\\.\\s*${amount}${unit})?$`, "u"),
    "a time or a range of times with their units, such as 2s or 1s..3s",
  );
const rate = z
  .string("a rate with its unit, such as 10/s")
  .regex(new RegExp(`^${amount}/(s|m|min|h)$`, "u"), "a rate with its unit, such as 10/s");
const weight = z.number("a number above 0").positive("a number above 0");
const count = z.int("a whole number, 0 or more").min(0, "a whole number, 0 or more");
const headers = named("a map of header names to text", sendable);
const thresholds = z.array(z.string("a threshold, such as p95(latency) < 500ms"), "a list of thresholds");

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

const expectation = map("a map of status, json, body, within", {
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
  within: duration.optional(),
});

export const methods = ["get", "post", "put", "patch", "delete"] as const;
/** At most one of these makes a request's body. */
export const bodies = ["json", "body", "form"] as const;

const url = z.string("a URL, or a path below the host such as /api/tasks");

const request = {
  name: text.optional(),
  get: url.optional(),
  post: url.optional(),
  put: url.optional(),
  patch: url.optional(),
  delete: url.optional(),
  headers: headers.optional(),
  json: z.unknown().optional(),
  body: sendable.optional(),
  form: named("a map of field names to text", sendable).optional(),
  expect: expectation.optional(),
  capture: named("a map of variable names to JSONPaths", z.string("a JSONPath, such as $.id")).optional(),
  deadline: duration.optional(),
};

/** The rules between keys, in JSON Schema's words; `parse.ts` says the same with better messages. */
const oneMethod = { oneOf: methods.map((method) => ({ required: [method] })) };
const oneBody = {
  not: {
    anyOf: [
      ["json", "body"],
      ["json", "form"],
      ["body", "form"],
    ].map((required) => ({ required })),
  },
};

const step = map("a request, such as get: /api/tasks", request).meta({ ...oneMethod, ...oneBody });

const task = map("a task: a request, or steps", {
  weight: weight.optional(),
  ...request,
  steps: z.array(step, "a list of requests").min(1, "at least one request").optional(),
}).meta({
  oneOf: [
    ...oneMethod.oneOf.map((one) => ({ ...one, not: { required: ["steps"] } })),
    { required: ["steps"], not: { anyOf: Object.keys(request).map((key) => ({ required: [key] })) } },
  ],
  ...oneBody,
});

const user = map("a user class: weight, wait, tasks and so on", {
  weight: weight.optional(),
  wait: wait.optional(),
  headers: headers.optional(),
  start: z.array(step, "a list of requests").optional(),
  tasks: named("a map of task names to tasks, with at least one", task, 1),
});

const profile = map("a profile: users, spawnRate, duration", {
  users: z.int("a whole number above 0").min(1, "a whole number above 0"),
  spawnRate: rate.optional(),
  duration: duration.optional(),
  thresholds: thresholds.optional(),
});

const source = map("a source: prometheus or json, with its URL", {
  prometheus: url.optional(),
  json: url.optional(),
  every: duration.optional(),
  timeout: duration.optional(),
  headers: headers.optional(),
  metrics: named(
    "a map of metric names to where they come from, with at least one",
    z.string("a path or a series"),
    1,
  ).optional(),
}).meta({ oneOf: [{ required: ["prometheus"] }, { required: ["json", "metrics"] }] });

const traces = map("a map of sample, slowerThan, failed", {
  sample: z
    .union(
      [
        z.string("a share").regex(/^(100(\.0+)?|\d{1,2}(\.\d+)?)%$/u, "a share, such as 1%"),
        z.number("a share").min(0, "a share from 0 to 1, or such as 1%").max(1, "a share from 0 to 1, or such as 1%"),
      ],
      "a share, such as 1%",
    )
    .optional(),
  slowerThan: duration.optional(),
  failed: flag.optional(),
});

export const definition = map("a scenario: a map with host, users and so on", {
  name: text.optional(),
  host: z.string("the service's URL, such as http://localhost:8000").optional(),
  users: named("a map of user classes, with at least one", user, 1),
  profiles: named("a map of profile names to profiles", profile).optional(),
  watch: named("a map of source names to sources", source).optional(),
  thresholds: thresholds.optional(),
  traces: traces.optional(),
  labels: named("a map of label names to text", sendable).optional(),
}).meta({ title: "Plimsoll scenario" });

/** Keys that the language has and this version does not do. */
export const notYet: ReadonlySet<string> = new Set([
  "arrivals",
  "code",
  "cookies",
  "distribution",
  "docker",
  "feeds",
  "loads",
  "maxUsers",
  "module",
  "pacing",
  "parallel",
  "postgres",
  "process",
  "queues",
  "rabbitmq",
  "redis",
  "setup",
  "stages",
  "tags",
  "teardown",
  "throughput",
  "unique",
]);
