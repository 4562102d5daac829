import { z } from "zod";
import { amount, count, countAbove0, duration, map, rate, text, thresholds } from "./value.ts";

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

export const steps = map("steps, such as { users: 10..100, by: 10, for: 1m }", {
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

export const profile = map("a profile: users, spawnRate, duration", {
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
