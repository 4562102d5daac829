import { z } from "zod";
import { MOST_ROUNDS } from "../flow.ts";
import { auth, oneBody, oneMethod, onlyRequest, request, requestKeys } from "./request.ts";
import { aTimeOrRange, countAbove0, flag, headers, map, named, tags, text, times, wait, weight } from "./value.ts";

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

export const stepList: z.ZodType<StepInput[], StepInput[]> = z.lazy(() =>
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
