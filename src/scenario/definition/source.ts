import { z } from "zod";
import { url } from "./request.ts";
import { countAbove0, duration, headers, map, named, names, sendable, text } from "./value.ts";

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

export const source = map("a source: prometheus, json, host and so on, with where it is", {
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
