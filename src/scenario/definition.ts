import { z } from "zod";
import { customKinds } from "../metrics/custom.ts";
import { MOST_ROUNDS } from "./flow.ts";

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

function names(expected: string) {
  return z.array(text, expected).min(1, "at least one");
}

/** Text to send: numbers and true, false are sent as they are written. */
const sendable = z.union([text, z.number(), z.boolean()], "text");
const duration = z
  .string("a time with its unit, such as 500ms or 2s")
  .regex(new RegExp(`^${amount}${unit}$`, "u"), "a time with its unit, such as 500ms or 2s");
const rate = z
  .string("a rate with its unit, such as 10/s")
  .regex(new RegExp(`^${amount}/(s|m|min|h)$`, "u"), "a rate with its unit, such as 10/s");
function times(expected: string) {
  return z.string(expected).regex(new RegExp(`^${amount}${unit}(\\s*\\.\\.\\s*${amount}${unit})?$`, "u"), expected);
}
const aTimeOrRange = "a time or a range of times with their units, such as 2s or 1s..3s";
const waits = `${aTimeOrRange}; or pacing, throughput or poisson`;
const wait = z.union(
  [
    times(waits),
    map("one of pacing, throughput, poisson", {
      pacing: duration.optional(),
      throughput: rate.optional(),
      poisson: duration.optional(),
    }).meta({ minProperties: 1, maxProperties: 1 }),
  ],
  waits,
);
const weight = z.number("a number above 0").positive("a number above 0");
const count = z.int("a whole number, 0 or more").min(0, "a whole number, 0 or more");
const countAbove0 = z.int("a whole number above 0").min(1, "a whole number above 0");
/** A label's text, and a word on the command line. */
const tags = z.array(
  z.string("a tag: letters, digits, _, . and -").regex(/^[\w.-]+$/u, "a tag: letters, digits, _, . and -"),
  "a list of tags",
);
const headers = named("a map of header names to text", sendable);
const k6Threshold = z.union(
  [
    z.string("a threshold of k6's, such as p(95)<500"),
    map("a map of threshold, abortOnFail, delayAbortEval", {
      threshold: z.string("a threshold of k6's, such as p(95)<500"),
      abortOnFail: flag.optional(),
      delayAbortEval: duration.optional(),
    }),
  ],
  "a threshold of k6's, such as p(95)<500",
);
const thresholds = z.union(
  [
    z.array(z.string("a threshold, such as p95(latency) < 500ms"), "a list of thresholds"),
    named("a list of thresholds", z.union([k6Threshold, z.array(k6Threshold)], "a list of k6's thresholds")),
  ],
  "a list of thresholds, or a map of k6's metrics to theirs",
);

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

export const methods = ["get", "post", "put", "patch", "delete"] as const;
/** At most one of these makes a request's body. */
export const bodies = ["json", "body", "form", "multipart", "file"] as const;

const file = z.string("a file, beside the scenario");
const bytes = z
  .string("a size with its unit, such as 100kB")
  .regex(/^\d+(\.\d+)?(B|[kK]B|MB|GB|KiB|MiB|GiB)$/u, "a size with its unit, such as 100kB");

const auth = map("one of basic, bearer", {
  basic: map("a map of user, password", { user: sendable, password: sendable }).optional(),
  bearer: sendable.optional(),
}).meta({ minProperties: 1, maxProperties: 1 });

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
const oneMethod = { oneOf: methods.map((method) => ({ required: [method] })) };
const oneBody = {
  not: {
    anyOf: bodies.flatMap((one, i) => bodies.slice(i + 1).map((other) => ({ required: [one, other] }))),
  },
};

export const requestKeys: ReadonlySet<string> = new Set(Object.keys(request));

const onlyRequest = map("a request, such as get: /api/tasks", request).meta({ ...oneMethod, ...oneBody });

/** The steps that are no requests, by the key that makes them one, and what each has beside it. */
export const flows = {
  think: [],
  if: ["then", "else"],
  repeat: ["steps"],
  foreach: ["steps"],
  group: ["steps"],
  parallel: [],
} as const;

function oneExpression(expected: string) {
  return z.string(expected).regex(/^\s*\{\{.*\}\}\s*$/su, expected);
}
const aList = 'a list, or an expression that gives one, such as "{{ ids }}"';

const flowStep = {
  think: times(aTimeOrRange).optional(),
  if: oneExpression('one expression, such as "{{ order.total > 100 }}"').optional(),
  repeat: z
    .int(`a whole number from 1 to ${MOST_ROUNDS}`)
    .min(1, `a whole number from 1 to ${MOST_ROUNDS}`)
    .max(MOST_ROUNDS, `a whole number from 1 to ${MOST_ROUNDS}`)
    .optional(),
  foreach: named(
    'one variable and its list, such as { id: "{{ ids }}" }',
    z.union([oneExpression(aList), z.array(z.unknown())], aList),
    1,
  )
    .meta({ minProperties: 1, maxProperties: 1 })
    .optional(),
  group: text.optional(),
  parallel: z
    .array(onlyRequest, "a list of requests")
    .min(1, "at least one request")
    .max(100, "at most 100 requests")
    .optional(),
};

/** A step as it may be written. Steps hold steps, which types cannot be inferred through. */
export type StepInput = z.input<z.ZodObject<typeof request>> &
  z.input<z.ZodObject<typeof flowStep>> & {
    then?: StepInput[] | undefined;
    else?: StepInput[] | undefined;
    steps?: StepInput[] | undefined;
  };

const stepList: z.ZodType<StepInput[], StepInput[]> = z.lazy(() =>
  z.array(step, "a list of steps").min(1, "at least one step"),
);

const step = map("a request, such as get: /api/tasks, or one of think, if, repeat, foreach, group, parallel", {
  ...request,
  ...flowStep,
  // biome-ignore lint/suspicious/noThenProperty: a scenario's word
  then: stepList.optional(),
  else: stepList.optional(),
  steps: stepList.optional(),
}).meta({
  id: "step",
  oneOf: [
    ...oneMethod.oneOf.map((one) => ({ ...one, ...without("then", "else", "steps", ...Object.keys(flows)) })),
    ...Object.entries(flows).map(([key, beside]) => {
      const all = [...requestKeys, ...Object.keys(flows), "then", "else", "steps"];
      const others = all.filter((other) => other !== key && !beside.some((one) => one === other));
      return { required: [key, ...beside.filter((one) => one !== "else")], ...without(...others) };
    }),
  ],
  ...oneBody,
});

/** In JSON Schema's words: none of these keys. */
function without(...keys: string[]) {
  return { not: { anyOf: keys.map((key) => ({ required: [key] })) } };
}

export const task = map("a task: a request, or steps", {
  weight: weight.optional(),
  tags: tags.optional(),
  ...request,
  steps: stepList.optional(),
}).meta({
  oneOf: [
    ...oneMethod.oneOf.map((one) => ({ ...one, not: { required: ["steps"] } })),
    { required: ["steps"], ...without(...requestKeys) },
  ],
  ...oneBody,
});

export const user = map("a user class: weight, wait, tasks and so on", {
  weight: weight.optional(),
  fixedCount: countAbove0.optional(),
  tags: tags.optional(),
  wait: wait.optional(),
  headers: headers.optional(),
  auth: auth.optional(),
  start: z.array(step, "a list of steps").optional(),
  stop: z.array(step, "a list of steps").optional(),
  sequence: z
    .union([flag, z.array(text, "a list of tasks").min(1, "at least one task")], "true, or a list of tasks")
    .optional(),
  tasks: named("a map of task names to tasks, with at least one", task, 1),
}).meta({
  not: { required: ["weight", "fixedCount"] },
  // In a sequence no task has a weight.
  if: { required: ["sequence"], properties: { sequence: { not: { const: false } } } },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word
  then: { properties: { tasks: { additionalProperties: { not: { required: ["weight"] } } } } },
});

/**
 * The shapes of a load, by the key that makes it one, and what else may be said of each. The first whose key is there is
 * the one that was meant.
 */
export const shapes = {
  stages: ["maxUsers", "spacing"],
  steps: ["maxUsers", "spacing"],
  iterations: ["users", "per", "duration"],
  arrivals: ["duration", "maxUsers", "spacing"],
  users: ["spawnRate", "duration"],
} as const;
export const shapeKeys: ReadonlySet<string> = new Set(Object.entries(shapes).flat(2));

const feedKinds = ["csv", "json", "rows"] as const;
const path = z.string("a file's path, from the scenario's folder");

const feed = map("a feed: csv, json or rows", {
  csv: path.optional(),
  json: path.optional(),
  rows: z
    .array(z.looseObject({}, "a row: a map of column names to values"), "a list of rows")
    .min(1, "at least one row")
    .optional(),
  order: z.enum(["sequential", "random", "unique"], "sequential, random or unique").optional(),
  each: z.enum(["user", "iteration"], "user or iteration").optional(),
}).meta({ oneOf: feedKinds.map((kind) => ({ required: [kind] })) });

/** Users and arrivals are two models, and a load is of one. */
const oneModel = { oneOf: [{ required: ["users"] }, { required: ["arrivals"] }] };

const stage = map("a stage, such as { users: 10, for: 2m }", {
  users: count.optional(),
  arrivals: rate.optional(),
  from: z.union([count, rate], "a whole number of users, or a rate such as 10/s").optional(),
  over: duration.optional(),
  for: duration.optional(),
}).meta({ ...oneModel, anyOf: [{ required: ["over"] }, { required: ["for"] }] });

function range(expected: string, end: string) {
  return z.string(expected).regex(new RegExp(`^${end}\\s*\\.\\.\\s*${end}$`, "u"), expected);
}

const steps = map("steps, such as { users: 10..100, by: 10, for: 1m }", {
  users: range("a range of whole numbers, such as 10..100", "\\d+").optional(),
  arrivals: range("a range of rates, such as 50/s..500/s", `${amount}/(s|m|min|h)`).optional(),
  by: z.union([countAbove0, rate], "a whole number of users above 0, or a rate such as 50/s"),
  over: duration.optional(),
  for: duration,
}).meta(oneModel);

const load = {
  users: countAbove0.optional(),
  spawnRate: rate.optional(),
  duration: duration.optional(),
  arrivals: rate.optional(),
  maxUsers: countAbove0.optional(),
  spacing: z.enum(["constant", "poisson"], "constant or poisson").optional(),
  stages: z.array(stage, "a list of stages").min(1, "at least one stage").optional(),
  steps: steps.optional(),
  iterations: countAbove0.optional(),
  per: z.enum(["run", "user"], "run or user").optional(),
  classes: z.array(text, "a list of user classes").min(1, "at least one user class").optional(),
  startAt: duration.optional(),
};

/** The rules between the keys of a load, in JSON Schema's words; `profile.ts` says the same with better messages. */
function oneShape(...others: string[]) {
  const allBut = (kept: readonly string[]) => ({
    not: { anyOf: [...shapeKeys, ...others].filter((key) => !kept.includes(key)).map((key) => ({ required: [key] })) },
  });
  const inside = (model: string) => ({
    properties: { stages: { items: { required: [model] } }, steps: { required: [model] } },
  });
  return Object.entries(shapes).flatMap(([key, beside]) =>
    key === "stages" || key === "steps"
      ? [
          { required: [key], ...inside("users"), ...allBut([key]) },
          { required: [key], ...inside("arrivals"), ...allBut([key, ...beside]) },
        ]
      : [{ required: [key], ...allBut([key, ...beside]) }],
  );
}

const loads = z
  .array(
    map("a load: users, arrivals, stages and so on", {
      ...load,
      host: z.string("the service's URL, such as http://localhost:8001").optional(),
    }).meta({ oneOf: oneShape() }),
    "a list of loads",
  )
  .min(1, "at least one load");

const profile = map("a profile: users, spawnRate, duration", {
  ...load,
  loads: loads.optional(),
  warmUp: duration.optional(),
  before: duration.optional(),
  after: duration.optional(),
  thresholds: thresholds.optional(),
}).meta({
  oneOf: [
    ...oneShape("loads"),
    { required: ["loads"], not: { anyOf: Object.keys(load).map((key) => ({ required: [key] })) } },
  ],
});

/**
 * The kinds of a source, by the key that makes it one, and what else may be said of each beside `every` and `timeout`; what
 * must be said is `required`.
 */
export const sourceShapes = {
  prometheus: { beside: ["headers", "metrics"], required: [] },
  json: { beside: ["headers", "metrics"], required: ["metrics"] },
  host: { beside: [], required: [] },
  process: { beside: [], required: [] },
  promql: { beside: ["headers", "metrics"], required: ["metrics"] },
  actuator: { beside: ["headers", "metrics"], required: [] },
  nginx: { beside: ["headers"], required: [] },
  nats: { beside: ["headers"], required: [] },
  rabbitmq: { beside: ["headers", "queues"], required: [] },
  redis: { beside: ["queues", "streams"], required: [] },
  docker: { beside: ["engine"], required: [] },
  compose: { beside: ["engine"], required: [] },
  logs: { beside: ["engine", "patterns"], required: [] },
  command: { beside: ["metrics"], required: ["metrics"] },
  postgres: { beside: ["metrics"], required: [] },
} as const satisfies Record<string, { beside: readonly string[]; required: readonly string[] }>;
export type SourceKey = keyof typeof sourceShapes;

/** The rules between the keys of a source, in JSON Schema's words; `watch.ts` says the same with better messages. */
function oneSource() {
  const shapes = Object.entries<{ beside: readonly string[]; required: readonly string[] }>(sourceShapes);
  const all = new Set(shapes.flatMap(([key, { beside }]) => [key, ...beside]));
  return shapes.map(([key, { beside, required }]) => ({
    required: [key, ...required],
    not: {
      anyOf: [...all]
        .filter((other) => other !== key && !beside.includes(other))
        .map((other) => ({ required: [other] })),
    },
  }));
}

const containers = z.union(
  [text, z.array(text, "a list of containers").min(1, "at least one container")],
  "a container, or a list of them",
);
const composeService = z.union(
  [text, map("a map of service, project", { service: text, project: text.optional() })],
  "a compose service, or a map of service, project",
);
const engineAddress = "the engine's address, such as unix:///var/run/docker.sock or tcp://localhost:2375";

/** One address, or one of each replica: behind one address for all, each look would meet another. */
const replicas = z.union([url, z.array(url, "a list of URLs").min(1, "at least one URL")], "a URL, or a list of them");

const source = map("a source: prometheus, json, host and so on, with where it is", {
  prometheus: replicas.optional(),
  json: replicas.optional(),
  host: z.literal(true, "true: this machine").optional(),
  process: z.union([countAbove0, text], "a pid, or a program's name").optional(),
  promql: url.optional(),
  actuator: replicas.optional(),
  nginx: replicas.optional(),
  nats: url.optional(),
  rabbitmq: url.optional(),
  redis: text.optional(),
  docker: containers.optional(),
  compose: composeService.optional(),
  logs: z
    .union(
      [
        z.string("a file's path, from the scenario's folder"),
        map("docker or compose, with whose log it is", {
          docker: containers.optional(),
          compose: composeService.optional(),
        }).meta({ minProperties: 1, maxProperties: 1 }),
      ],
      "a file's path, or docker or compose with whose log it is",
    )
    .optional(),
  command: z
    .union([text, z.array(sendable, "a list of text").min(1, "a program")], "a program with its arguments")
    .optional(),
  patterns: named("a map of names to regular expressions", z.string("a regular expression"), 1).optional(),
  engine: z
    .string(engineAddress)
    .regex(/^(unix:\/\/\/|tcp:\/\/|https?:\/\/)\S+$/u, engineAddress)
    .optional(),
  postgres: text.optional(),
  every: duration.optional(),
  timeout: duration.optional(),
  headers: headers.optional(),
  metrics: named(
    "a map of metric names to where they come from, with at least one",
    z.string("a path, a series or a query"),
    1,
  ).optional(),
  queues: names("a list of queues").optional(),
  streams: names("a list of streams").optional(),
}).meta({ oneOf: oneSource() });

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

const tls = map("a map of ca, cert, key, passphrase, serverName, insecure", {
  ca: file.optional(),
  cert: file.optional(),
  key: file.optional(),
  passphrase: text.optional(),
  serverName: text.optional(),
  insecure: flag.optional(),
}).meta({ dependentRequired: { cert: ["key"], key: ["cert"] } });

const proxyUrl = z.string("a proxy's URL, such as http://proxy:3128");
const proxy = z.union(
  [
    proxyUrl,
    map("a proxy's URL, or a map of url, except", {
      url: proxyUrl,
      except: z.array(text, "a list of hosts, such as localhost or .example.com").optional(),
    }),
  ],
  "a proxy's URL, or a map of url, except",
);

export const definition = map("a scenario: a map with host, users and so on", {
  name: text.optional(),
  host: z.string("the service's URL, such as http://localhost:8000").optional(),
  feeds: named("a map of feed names to feeds", feed).optional(),
  users: named("a map of user classes, with at least one", user, 1).optional(),
  setup: stepList.optional(),
  teardown: stepList.optional(),
  profiles: named("a map of profile names to profiles", profile).optional(),
  watch: named("a map of source names to sources", source).optional(),
  metrics: named(
    "a map of metric names to counter, gauge, rate or trend",
    z.enum(customKinds, `one of ${customKinds.join(", ")}`),
  ).optional(),
  thresholds: thresholds.optional(),
  traces: traces.optional(),
  timings: z.literal("full", "full").optional(),
  http2: flag.optional(),
  tls: tls.optional(),
  proxy: proxy.optional(),
  connectTimeout: duration.optional(),
  labels: named("a map of label names to text", sendable).optional(),
}).meta({ title: "Plimsoll scenario", anyOf: [{ required: ["users"] }, { required: ["watch"] }] });

/** Keys that the language has and this version does not do. */
export const notYet: ReadonlySet<string> = new Set(["code", "cookies", "module"]);
